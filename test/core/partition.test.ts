// The partition's promises to its host: order of answers, durability before visibility, bounds, and giving up.
import { describe, expect, test } from 'vitest'
import { ANSWERS_MAX, BLOCK_EVENTS_MAX, INBOX_MAX } from '../../core/limits.ts'
import type { PartitionView } from '../../core/outcome.ts'
import { confirm, open, readReservation, readSku, reserve } from '../fixtures/commands.ts'
import { Asked, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()

describe('an answer', () => {
  test('waits until everything it could have seen is durable: successes, refusals and reads', () => {
    const shop = partitions()
    shop.ask(open(1))
    const asked = [
      shop.submit(reserve('a')),
      shop.submit(reserve('b')),
      shop.submit(readSku()),
      shop.submit(readReservation('a')),
      shop.submit(reserve('a')),
      shop.submit({ kind: 'describe', withHash: false }),
    ]
    expect(shop.run()).toBe(false)
    expect(asked.map(({ outcome }) => outcome)).toEqual(asked.map(() => undefined))
    expect(shop.partition.answersLength).toBe(asked.length)
    shop.commit()
    expect(asked.map(({ outcome }) => outcome)).toMatchObject([
      { isNew: true },
      { code: 'sold_out' },
      { available: 0, held: 1 },
      { state: 'held' },
      { isReplay: true },
      { held: 1, lastSeq: 2 },
    ])
    expect(shop.partition.answersLength).toBe(0)
  })

  test('waits for the blocks before its own, even when it changed nothing', () => {
    const shop = partitions()
    shop.ask(open(9))
    const first = shop.submit(reserve('a'))
    shop.run()
    const inFlight = shop.partition.takeBlock()
    const second = shop.submit(reserve('b'))
    const read = shop.submit(readSku())
    shop.run()
    const next = shop.partition.takeBlock()
    shop.journal.push(...(inFlight?.events ?? []), ...(next?.events ?? []))
    expect([inFlight?.firstSeq, next?.firstSeq]).toEqual([2, 3])
    shop.partition.acknowledge(2)
    expect(first.outcome).toMatchObject({ seq: 2 })
    expect([second.outcome, read.outcome]).toEqual([undefined, undefined])
    shop.partition.acknowledge(3)
    expect([second.outcome, read.outcome]).toMatchObject([{ seq: 3 }, { seq: 3 }])
  })

  test('leaves at once when nothing undurable could show in it', () => {
    const shop = partitions()
    shop.ask(open(1))
    const asked = shop.submit(readSku())
    shop.run()
    expect(asked.outcome).toMatchObject({ available: 1 })
  })

  test('comes in the order of asking', () => {
    const shop = partitions()
    const order: number[] = []
    shop.ask(open(3))
    for (let number = 0; number < 9; number++) {
      const ticket = new Asked(() => order.push(number))
      shop.partition.submit(number % 3 === 2 ? readSku() : reserve(`k${number}`), ticket)
    }
    shop.settle()
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('is what was true when it was decided, not when it was sent', () => {
    const shop = partitions()
    shop.ask(open(9))
    const read = [shop.submit(reserve('a')), shop.submit(readSku()), shop.submit(confirm('a'))]
    shop.run()
    shop.commit()
    expect(read[1]?.outcome).toMatchObject({ held: 1, sold: 0, seq: 2 })
  })
})

describe('the durable watermark', () => {
  test('only grows, and not beyond what was decided', () => {
    const shop = partitions()
    shop.ask(open(1))
    expect(() => shop.partition.acknowledge(1)).toThrow('the durable watermark grows')
    expect(() => shop.partition.acknowledge(2)).toThrow('only what was decided')
    expect(shop.partition.durableSeq).toBe(1)
  })
})

describe('bounds', () => {
  test('a full inbox takes no more, and loses nothing', () => {
    const shop = partitions()
    shop.ask(open(1))
    let answered = 0
    const count = new Asked(() => answered++)
    for (let number = 0; number < INBOX_MAX; number++) {
      if (!shop.partition.submit(readSku(), count)) throw new Error('the inbox filled up too early')
    }
    const refused = new Asked()
    expect(shop.partition.submit(readSku(), refused)).toBe(false)
    shop.settle()
    expect([answered, refused.outcomes.length]).toEqual([INBOX_MAX, 0])
    expect(shop.partition.submit(readSku(), new Asked())).toBe(true)
  })

  test('a full block stops intake until it is taken', () => {
    const shop = partitions()
    shop.ask(open(BLOCK_EVENTS_MAX + 1))
    const asked = Array.from({ length: BLOCK_EVENTS_MAX + 1 }, (_, n) =>
      shop.submit(reserve(`k${n}`)),
    )
    expect(shop.run()).toBe(true)
    expect(shop.partition.isBlockFull).toBe(true)
    expect(shop.partition.inboxLength).toBe(1)
    expect(shop.run(), 'running again does not help').toBe(true)
    expect(shop.commit()).toHaveLength(BLOCK_EVENTS_MAX)
    expect(asked.at(-1)?.outcome).toBeUndefined()
    shop.settle()
    expect(asked.at(-1)?.outcome).toMatchObject({ isNew: true, remaining: 0 })
  })

  test('as many waiting answers as there may be stop intake without losing anything', () => {
    const shop = partitions()
    shop.ask(open(9))
    let answered = 0
    const count = new Asked(() => answered++)
    shop.partition.submit(reserve('a'), count)
    for (let number = 1; number < INBOX_MAX; number++) shop.partition.submit(readSku(), count)
    expect(shop.run()).toBe(false)
    expect(shop.partition.answersLength).toBe(ANSWERS_MAX)
    shop.partition.submit(readSku(), count)
    expect(shop.run()).toBe(true)
    expect(shop.partition.inboxLength).toBe(1)
    expect(answered).toBe(0)
    shop.settle()
    expect(answered).toBe(ANSWERS_MAX + 1)
  })
})

describe('abandoning', () => {
  test('tells what was decided from what was never begun, and is final', () => {
    const shop = partitions()
    shop.ask(open(9))
    const decided = [shop.submit(reserve('a')), shop.submit(readSku())]
    shop.run()
    const waiting = [shop.submit(reserve('b')), shop.submit(readSku())]
    shop.partition.abandon()
    const fault = (code: string) => ({ kind: 'fault', code })
    expect(decided.map(({ outcome }) => outcome)).toEqual([
      fault('outcome_unknown'),
      fault('outcome_unknown'),
    ])
    expect(waiting.map(({ outcome }) => outcome)).toEqual([
      fault('partition_unavailable'),
      fault('partition_unavailable'),
    ])
    expect(shop.partition.submit(readSku(), new Asked())).toBe(false)
    shop.now += 3_600_000
    expect(shop.run()).toBe(false)
    expect(shop.state.lastSeq).toBe(2)
  })
})

describe('describing', () => {
  test('counts what is there, with a hash on demand', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a'), reserve('b', 1, { buyer: 'bob' }), confirm('a'))
    const view = shop.ask({ kind: 'describe', withHash: true }) as PartitionView
    expect(view).toMatchObject({ lastSeq: 4, skus: 1, reservations: 2, held: 1, accounts: 2 })
    expect(view.stateHash).toBe(shop.hash)
    expect(shop.partition.heldCount).toBe(1)
    expect(shop.ask({ kind: 'describe', withHash: false })).toMatchObject({ stateHash: undefined })
  })
})
