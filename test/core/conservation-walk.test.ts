// The walk that looks for oversold and stranded units: silent over any honest history, loud about a planted error.
import { describe, expect, test } from 'vitest'
import { ConservationWalk } from '../../core/conservation-walk.ts'
import { DUE_TICK_MS } from '../../core/limits.ts'
import { cancel, confirm, giveBack, idOf, open, reserve } from '../fixtures/commands.ts'
import { RETENTION_MS, someCommand, someDelay } from '../fixtures/random-commands.ts'
import { randomTest } from '../fixtures/seed.ts'
import { TestPartition, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()

/** Walks until a whole sweep is done that began now. */
function sweep(walk: ConservationWalk, now: number, skus = 1, rows = 1): void {
  for (const end = walk.sweeps + 2; walk.sweeps < end; ) walk.step(now, skus, rows)
}

const found = (walk: ConservationWalk) => [walk.oversoldUnits, walk.strandedUnits]

/** 10 units: 3 held, 2 sold, 5 available. It is damaged by the test, so nobody checks it. */
function shopToDamage() {
  const shop = new TestPartition()
  shop.askAll(open(10), reserve('held', 3), reserve('sold', 2), confirm('sold'))
  const actor = shop.state.actorOf('shoe')
  if (actor === undefined) throw new Error('the SKU is open')
  return { shop, actor, walk: new ConservationWalk(shop.state) }
}

randomTest('finds nothing in an honest history, whenever it looks', (random) => {
  const shop = partitions()
  const walk = new ConservationWalk(shop.state)
  shop.partition.configure(RETENTION_MS, shop.now)
  shop.settle()
  for (let step = 1; step <= 2_000; step++) {
    shop.now += Math.max(0, someDelay(random))
    shop.ask(someCommand(random, shop.now))
    walk.step(shop.now, random.integer(1, 3), random.integer(1, 20))
    expect(found(walk), `after ${step} commands`).toEqual([0, 0])
  }
  expect(walk.sweeps).toBeGreaterThan(10)
})

describe('it finds', () => {
  test.each<[string, Partial<Record<'available' | 'held' | 'sold' | 'stock', number>>, number[]]>([
    ['a unit too many for sale', { available: 6 }, [1, 0]],
    ['two units that nobody can buy', { available: 3 }, [0, 2]],
    ['units sold beyond the stock', { available: -1, sold: 8 }, [1, 0]],
    ['stock that vanished below what is promised', { stock: 4 }, [6, 0]],
    ['stock that nobody was offered', { stock: 14 }, [0, 4]],
    ['a negative counter that hides behind another', { held: -2, available: 10 }, [2 + 3, 0]],
  ])('%s', (_what, damage, expected) => {
    const { shop, actor, walk } = shopToDamage()
    Object.assign(actor, damage)
    sweep(walk, shop.now)
    expect(found(walk)).toEqual(expected)
  })

  test('units that no hold stands behind, and holds that no counter knows', () => {
    const { shop, actor, walk } = shopToDamage()
    Object.assign(actor, { held: 4, available: 4 })
    sweep(walk, shop.now)
    expect(found(walk), 'a unit is held by nobody').toEqual([0, 1])
    Object.assign(actor, { held: 1, available: 7 })
    sweep(walk, shop.now)
    expect(found(walk), 'two held units are for sale').toEqual([2, 0])
  })

  test('a hold that nothing will ever end', () => {
    const { shop, walk } = shopToDamage()
    shop.state.due.remove(shop.state.rowOf(idOf('held')))
    sweep(walk, shop.now + 900_000 + 59_000)
    expect(found(walk), 'a minute may pass').toEqual([0, 0])
    sweep(walk, shop.now + 900_000 + 61_000)
    expect(found(walk)).toEqual([0, 3])
  })
})

test('it takes nothing back until a whole sweep is clean, and tells at once what is new', () => {
  const { shop, actor, walk } = shopToDamage()
  actor.available = 6
  walk.step(shop.now, 1, 1)
  expect(found(walk), 'before the sweep is done').toEqual([1, 0])
  walk.step(shop.now, 1, 100)
  walk.step(shop.now, 1, 100)
  expect(walk.sweeps).toBe(1)
  actor.available = 5
  walk.step(shop.now, 1, 1)
  expect(found(walk)).toEqual([1, 0])
  walk.step(shop.now, 1, 100)
  walk.step(shop.now, 1, 100)
  expect([walk.sweeps, ...found(walk)]).toEqual([2, 0, 0])
})

test('it blames no hold while the partition itself is behind', () => {
  const shop = partitions()
  shop.askAll(open(10), reserve('late', 3, { holdMs: 1_000 }))
  const walk = new ConservationWalk(shop.state)
  for (let step = 0; step < 10; step++) walk.step(shop.now + 3_600_000, 100, 100)
  expect([walk.sweeps, ...found(walk)], 'it waits').toEqual([0, 0, 0])
  shop.pass(3_600_000)
  sweep(walk, shop.now)
  expect(found(walk)).toEqual([0, 0])
})

test('it blames no hold that is late behind holds of a later round of the wheel', () => {
  const shop = partitions()
  const roundMs = 65_536 * DUE_TICK_MS
  const holdMs = 60_000
  shop.askAll(open(100), reserve('late', 3, { holdMs }))
  for (let number = 0; number < 50; number++) {
    shop.ask(reserve(`long${number}`, 1, { holdMs: roundMs + holdMs / 2 }))
  }
  const walk = new ConservationWalk(shop.state)
  const nowAfterStop = shop.now + 3 * holdMs
  for (let step = 0; step < 10; step++) walk.step(nowAfterStop, 100, 100)
  expect([walk.sweeps, ...found(walk)], 'it waits').toEqual([0, 0, 0])
  shop.pass(3 * holdMs)
  expect(shop.units()).toEqual([50, 50, 0])
  sweep(walk, shop.now)
  expect(found(walk)).toEqual([0, 0])
})

describe('the sums of five SKUs', () => {
  const skus = ['a', 'b', 'c', 'd', 'e']
  /** Five SKUs with a unit held of each; SKUs and rows are passed, two SKUs are compared. */
  function compared() {
    const shop = new TestPartition()
    shop.askAll(...skus.map((sku) => open(10, {}, sku)))
    shop.askAll(...skus.map((sku) => reserve(`of-${sku}`, 1, { sku })))
    const walk = new ConservationWalk(shop.state)
    for (let step = 0; step < 5; step++) walk.step(shop.now, 2, 100)
    return { shop, walk, last: shop.state.actorOf('e') }
  }

  test('are compared so many at a time, to the last', () => {
    const { shop, walk, last } = compared()
    Object.assign(last ?? {}, { held: 0 })
    walk.step(shop.now, 2, 100)
    expect([walk.sweeps, ...found(walk)], 'four are passed').toEqual([0, 0, 0])
    walk.step(shop.now, 2, 100)
    expect([walk.sweeps, ...found(walk)]).toEqual([1, 1, 0])
  })

  test('are compared no more once something happens', () => {
    const { shop, walk } = compared()
    shop.ask(reserve('more', 1, { sku: 'e' }))
    walk.step(shop.now, 2, 100)
    expect([walk.sweeps, ...found(walk)]).toEqual([1, 0, 0])
    sweep(walk, shop.now, 2, 100)
    expect(found(walk), 'each sweep counts from nothing').toEqual([0, 0])
  })
})

test('it compares no sums while the sale goes on', () => {
  const shop = partitions()
  const walk = new ConservationWalk(shop.state)
  shop.askAll(open(100), ...[1, 2, 3, 4].map((number) => reserve(`k${number}`, number)))
  walk.step(shop.now, 100, 100)
  for (const command of [cancel('k1'), confirm('k2'), giveBack('k2'), reserve('k5', 7)]) {
    walk.step(shop.now, 100, 1)
    shop.ask(command)
  }
  walk.step(shop.now, 100, 100)
  expect([walk.sweeps, ...found(walk)]).toEqual([1, 0, 0])
})

test('an empty partition is whole', () => {
  const shop = partitions()
  const walk = new ConservationWalk(shop.state)
  walk.step(shop.now, 1, 1)
  expect([walk.sweeps, ...found(walk)]).toEqual([1, 0, 0])
})
