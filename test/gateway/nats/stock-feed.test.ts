// An owner's stock feed over a real nats-server, with the owner's monotonic clock and ticks in the test's hand.
import { beforeEach, describe, expect, test } from 'vitest'
import { fnv1a32 } from '../../../core/fnv1a32.ts'
import { INBOX_MAX } from '../../../core/limits.ts'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { StockChanges } from '../../../gateway/nats/stock-changes.ts'
import {
  encodeStockAsk,
  type StockMessage,
  stockAskSubject,
} from '../../../gateway/nats/stock-message.ts'
import type { StockEntry } from '../../../gateway/stock/stock-entry.ts'
import { adjust, cancel, confirm, open, readSku, reserve, START } from '../../fixtures/commands.ts'
import { testNats } from '../../fixtures/nats.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { CLUSTER, feedHeard, PLACE, StockOwner } from '../../fixtures/stock-owner.ts'

const nats = testNats()
const DEADLINE = { timeout: 20_000 }
/** The clock of every owner here. */
let clockMs = 0
let link: NatsLink
/** Another connection, on which the feed is heard. */
let ear: NatsLink
let heard: StockMessage[]

beforeEach(async () => {
  clockMs = 1_000
  const server = await nats.server()
  await listenTo(server)
})

async function listenTo(server: NatsServer): Promise<void> {
  link = await nats.link(server)
  ear = await nats.link(server)
  heard = await feedHeard(ear)
}

const monotonicMs = () => clockMs

function owner(epoch = 1): StockOwner {
  return new StockOwner(link, { epoch, monotonicMs })
}

/** Lets time pass, has the feed tick, and gives what it has said by then. */
async function tick(told: StockOwner, ms: number): Promise<StockMessage[]> {
  const before = heard.length
  clockMs += ms
  told.feed.tick()
  await told.ask(readSku('nothing'))
  await marked()
  return heard.slice(before)
}

let marks = 0
/** Whatever was published before has arrived. */
async function marked(): Promise<void> {
  const subject = `mark.${++marks}`
  const arrived = new Promise<void>((resolve) => {
    ear.connection.subscribe(subject, { max: 1, callback: () => resolve() })
  })
  await ear.connection.flush()
  link.publish(subject, new Uint8Array())
  await arrived
}

const entries = (messages: readonly StockMessage[]): StockEntry[] =>
  messages.flatMap((message) => message.entries)

describe('an owner tells', () => {
  test('of what became durable, with the next tick', async () => {
    const shop = owner()
    await shop.askAll(open(5), reserve('a', 2), reserve('b', 3))
    const [message, ...more] = await tick(shop, 10)
    expect(more).toEqual([])
    expect(message).toEqual({
      ...{ ...PLACE, epoch: 1, number: 1, sentAtMs: clockMs, lagMs: 0, at: START, seq: 3 },
      reasons: [],
      entries: [
        {
          ...{ sku: 'shoe', stock: 5, available: 0, held: 5, sold: 0 },
          ...{ state: 'sold_out', seq: 3, until: undefined },
        },
      ],
    })
  })

  test('nothing that is not durable, however long that takes', async () => {
    const shop = owner()
    await shop.askAll(open(5))
    shop.journal.hold()
    const reserved = shop.ask(reserve('a', 5))
    await new Promise((resolve) => setImmediate(resolve))
    clockMs += 20
    shop.feed.tick()
    await marked()
    expect(entries(heard)).toEqual([])
    expect(heard).toMatchObject([{ seq: 1, lagMs: 20 }])
    shop.journal.letGo()
    await reserved
    await marked()
    expect(heard.slice(1)).toMatchObject([{ seq: 1, entries: [{ available: 0, seq: 2 }] }])
  })

  test('of every kind of change', async () => {
    const shop = owner()
    const [seen, step] = [new Map<string, number>(), 60]
    const expectChange = async (what: string, expected: object) => {
      const [entry, ...more] = entries(await tick(shop, step))
      expect(more, what).toEqual([])
      expect(entry, what).toMatchObject(expected)
      expect(entry?.seq, what).toBeGreaterThan(seen.get('shoe') ?? 0)
      seen.set('shoe', entry?.seq ?? 0)
    }
    await shop.askAll(open(5))
    await expectChange('opened', { available: 5, state: 'open' })
    await shop.askAll(reserve('a', 2), reserve('b', 3))
    await expectChange('reserved', { available: 0, held: 5, state: 'sold_out' })
    await shop.askAll(confirm('a'))
    await expectChange('confirmed', { held: 3, sold: 2, state: 'sold_out' })
    await shop.askAll(cancel('b'))
    await expectChange('cancelled', { available: 3, held: 0, state: 'open' })
    await shop.askAll({ kind: 'return', id: reserve('a').id, returnedTotal: 1 })
    await expectChange('returned', { available: 4, sold: 1 })
    await shop.askAll(adjust(-4, 'k'))
    await expectChange('adjusted', { stock: 1, available: 0, state: 'sold_out' })
    await shop.askAll(open(undefined, { paused: true }))
    await expectChange('paused', { available: 0, state: 'paused' })
    await shop.askAll(open(undefined, { closesAt: START + 1_000 }))
    await expectChange('to be closed', { state: 'sold_out', until: START + 1_000 })
    await shop.askAll(open(undefined, { opensAt: START + 5, closesAt: START + 1_000 }))
    await expectChange('to be opened', { state: 'not_open', until: START + 5 })
    await shop.askAll(open(undefined, { closesAt: START }))
    await expectChange('closed', { state: 'closed', until: undefined })
  })

  test('of a SKU at most once in 50 ms, of its last state, and counts how long that takes', async () => {
    const shop = owner()
    await shop.askAll(open(9))
    expect(entries(await tick(shop, 10))).toHaveLength(1)
    await shop.askAll(reserve('a'))
    clockMs += 5
    await shop.askAll(reserve('b'), open(7, {}, 'hat'))
    const first = await tick(shop, 5)
    expect(entries(first)).toMatchObject([{ sku: 'hat' }])
    expect(first).toMatchObject([{ lagMs: 10 }])
    expect(await tick(shop, 20)).toMatchObject([{ entries: [], lagMs: 30 }])
    expect(await tick(shop, 19)).toMatchObject([{ entries: [], lagMs: 49 }])
    expect(await tick(shop, 1)).toMatchObject([{ entries: [{ available: 7 }], lagMs: 0 }])
  })

  test('that it is alive every 25 ms at the latest, with numbers that run through', async () => {
    const shop = owner()
    await shop.askAll(open(9))
    for (let count = 0; count < 10; count++) await tick(shop, 10)
    const gaps = heard
      .slice(1)
      .map(({ sentAtMs }, index) => sentAtMs - (heard[index]?.sentAtMs ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(25)
    expect(heard.map(({ number }) => number)).toEqual(heard.map((_, index) => index + 1))
  })

  test('why it takes no reservations', async () => {
    const shop = owner()
    shop.isDiskLow = true
    expect(await tick(shop, 20)).toMatchObject([{ reasons: ['disk_low'] }])
    await shop.stop()
    clockMs += 20
    shop.feed.tick()
    await marked()
    expect(heard.at(-1)).toMatchObject({ reasons: ['draining', 'disk_low'] })
  })

  test('nothing while it is not the owner, and everything when it is', async () => {
    const shop = owner()
    await shop.askAll(open(9))
    shop.isOwner = false
    expect(await tick(shop, 60)).toEqual([])
    shop.isOwner = true
    const told = await tick(shop, 60)
    expect(told).toMatchObject([{ lagMs: 120 }, { lagMs: 0, entries: [{ sku: 'shoe' }] }])
    expect(told.map(({ number }) => number)).toEqual([1, 2])
  })

  test('nothing of a round that ends when the lease has', async () => {
    const shop = owner()
    await shop.askAll(open(9))
    clockMs += 10
    shop.feed.tick()
    shop.isOwner = false
    await shop.ask(readSku())
    shop.isOwner = true
    await marked()
    expect(heard).toEqual([])
    const told = await tick(shop, 10)
    expect(told).toMatchObject([{ lagMs: 20 }, { lagMs: 0, entries: [{ sku: 'shoe' }] }])
  })
})

describe('bounds', () => {
  test('more SKUs than one message takes are told in the next, and the lag says so', async () => {
    const shop = owner()
    const names = Array.from({ length: 1_500 }, (_, number) => `sku-${number}`)
    await Promise.all(names.map((sku) => shop.ask(open(1, {}, sku))))
    const [first] = await tick(shop, 10)
    expect(first).toMatchObject({ lagMs: 10 })
    expect(first?.entries).toHaveLength(1_024)
    const [second] = await tick(shop, 10)
    expect(second).toMatchObject({ lagMs: 0 })
    const told = entries(heard).map(({ sku }) => sku)
    expect(told.toSorted()).toEqual(names.toSorted())
  })

  test('a full inbox leaves what changed for later, and the lag says since when', async () => {
    const shop = owner()
    await shop.askAll(open(9), open(9, {}, 'hat'))
    clockMs += 7
    shop.journal.hold()
    void shop.ask(reserve('a', 1, { sku: 'hat' }))
    await new Promise((resolve) => setImmediate(resolve))
    const crowd = Array.from({ length: INBOX_MAX }, () => shop.ask(readSku()))
    clockMs += 10
    shop.feed.tick()
    await marked()
    expect(heard).toMatchObject([{ number: 1, entries: [], lagMs: 17 }])
    shop.journal.letGo()
    await Promise.all(crowd)
    const told = entries(await tick(shop, 10))
    expect(told.map(({ sku, available }) => [sku, available])).toEqual([
      ['shoe', 9],
      ['hat', 8],
    ])
  })

  test('a link that is down loses nothing: numbers and changes wait', async () => {
    const server = await nats.server()
    await listenTo(server)
    const shop = owner()
    await shop.askAll(open(9))
    await tick(shop, 10)
    await shop.askAll(open(7, {}, 'hat'))
    shop.journal.hold()
    const reserved = shop.ask(reserve('a'))
    await new Promise((resolve) => setImmediate(resolve))
    clockMs += 10
    shop.feed.tick()
    await server.kill()
    await expect.poll(() => link.isUp, DEADLINE).toBe(false)
    // What was read for a message cannot leave, and nothing is read any more.
    shop.journal.letGo()
    await reserved
    clockMs += 60
    shop.feed.tick()
    await server.start()
    await expect.poll(() => link.isUp && ear.isUp, DEADLINE).toBe(true)
    await ear.connection.flush()
    const told = await tick(shop, 60)
    expect(entries(told).map(({ sku }) => sku)).toEqual(['hat', 'shoe'])
    expect(heard.map(({ number }) => number)).toEqual(heard.map((_, index) => index + 1))
  })

  test('two SKUs of one hash are told of together', () => {
    const [one, other] = ['costarring', 'liquid'] as const
    expect(fnv1a32(one)).toBe(fnv1a32(other))
    const changes = new StockChanges([one])
    const opened = {
      kind: 'opened',
      at: START,
      sku: other,
      stock: 1,
      rules: open(1).rules,
      by: undefined,
    } as const
    changes.note({ firstSeq: 1, events: [opened] }, 5)
    expect(changes.take(9, 9)).toEqual([{ hash: fnv1a32(one), names: [one, other], sinceMs: 5 }])
  })

  test('one SKU more than a message takes, for its hash, goes into another', async () => {
    const shop = owner()
    const names = Array.from({ length: 1_023 }, (_, number) => `sku-${number}`)
    names.push('costarring', 'liquid')
    await Promise.all(names.map((sku) => shop.ask(open(1, {}, sku))))
    const told = await tick(shop, 10)
    expect(told.map(({ lagMs, entries: all }) => [lagMs, all.length])).toEqual([
      [10, 1_024],
      [0, 1],
    ])
    expect(entries(told).map(({ sku }) => sku)).toEqual(names)
  })

  test('what could not be told waits in its turn', () => {
    const changes = new StockChanges([])
    const change = (sku: string, ms: number) => {
      const event = {
        kind: 'opened',
        at: START,
        sku,
        stock: 1,
        rules: open(1).rules,
        by: undefined,
      } as const
      changes.note({ firstSeq: 1, events: [event] }, ms)
    }
    change('hat', 1)
    const taken = changes.take(9, 2)
    change('shoe', 3)
    changes.restore(taken)
    expect(changes.oldestMs).toBe(1)
    expect(changes.take(9, 4).map(({ names }) => names)).toEqual([['hat'], ['shoe']])
  })
})

describe('a question', () => {
  async function asked(shop: StockOwner, ...skus: string[]): Promise<void> {
    link.publish(stockAskSubject(CLUSTER, 0), encodeStockAsk(PLACE, skus))
    await link.connection.flush()
    await marked()
    expect(shop.poison).toEqual([])
  }

  test('has SKUs told that did not change; what nobody sells is nothing to tell', async () => {
    const shop = owner()
    await shop.askAll(open(1), reserve('a'))
    await tick(shop, 10)
    shop.feed.start()
    try {
      clockMs += 60
      await asked(shop, 'stranger', 'shoe')
      await expect
        .poll(() => entries(heard).map(({ sku, seq }) => `${sku} ${seq}`), DEADLINE)
        .toEqual(['shoe 2', 'shoe 2'])
      // Its clock stands still: within 50 ms nothing is told twice, however often it is asked for.
      for (let count = 0; count < 5; count++) await asked(shop, 'shoe')
      shop.feed.tick()
      await marked()
      expect(entries(heard)).toHaveLength(2)
      expect(heard.every(({ lagMs }) => lagMs === 0 || lagMs === 10)).toBe(true)
    } finally {
      shop.feed.stop()
    }
  })

  test('that is none is dropped and told of', async () => {
    const shop = owner()
    shop.feed.start()
    try {
      const subject = stockAskSubject(CLUSTER, 0)
      link.publish(subject, Buffer.from('shoe'))
      link.publish(subject, encodeStockAsk({ partition: 1, partitionCount: 2 }, ['shoe']))
      await expect
        .poll(() => shop.poison, DEADLINE)
        .toEqual(['stock question: malformed', 'stock question: place'])
    } finally {
      shop.feed.stop()
    }
  })
})

randomTest(
  'every change is told within its turn, never twice in 50 ms, seq never falls',
  async (random) => {
    const shop = owner()
    const names = ['shoe', 'hat', 'bag', 'sock']
    for (const sku of names) await shop.askAll(open(20, {}, sku))
    for (let step = 0; step < 150; step++) {
      for (let count = random.integer(0, 3); count > 0; count--) {
        const sku = random.pick(names)
        const key = `k${random.integer(0, 40)}`
        if (random.oneIn(2)) await shop.ask(reserve(key, random.integer(1, 3), { sku }))
        else await shop.ask({ ...cancel(key), id: reserve(key, 1, { sku }).id })
      }
      await tick(shop, random.integer(1, 20))
    }
    await tick(shop, 60)
    for (const sku of names) {
      const told = heard.flatMap(({ sentAtMs, seq, entries: all }) =>
        all
          .filter((entry) => entry.sku === sku)
          .map((entry) => ({ ...entry, sentAtMs, floor: seq })),
      )
      told.slice(1).forEach((entry, index) => {
        const before = told[index]
        expect(entry.sentAtMs - (before?.sentAtMs ?? 0)).toBeGreaterThanOrEqual(50)
        expect(entry.seq).toBeGreaterThan(before?.seq ?? 0)
      })
      const view = await shop.ask(readSku(sku))
      expect(told.at(-1)).toMatchObject({ available: view.kind === 'sku' && view.available })
    }
    const floors = heard.map(({ seq }) => seq)
    expect(floors).toEqual(floors.toSorted((left, right) => left - right))
    expect(heard.at(-1)?.lagMs).toBe(0)
  },
)
