// A gateway's ear on the stock feed: what it believes, for how long, and what makes it forget.
import { beforeEach, describe, expect, test } from 'vitest'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { StockListener } from '../../../gateway/nats/stock-listener.ts'
import { encodeStockMessage, type StockMessage } from '../../../gateway/nats/stock-message.ts'
import { ShieldedPartition } from '../../../gateway/shielded-partition.ts'
import { SoldOutShield } from '../../../gateway/sold-out-shield.ts'
import type { StockEntry } from '../../../gateway/stock/stock-entry.ts'
import { open, reserve, START } from '../../fixtures/commands.ts'
import { testNats } from '../../fixtures/nats.ts'
import { CLUSTER, PLACE, StockOwner } from '../../fixtures/stock-owner.ts'

const nats = testNats()
const DEADLINE = { timeout: 20_000 }
/** How far the owner's monotonic clock is ahead of ours. */
const AHEAD_MS = 5_000_000
const SOLD_OUT: StockEntry = {
  ...{ sku: 'shoe', stock: 5, available: 0, held: 2, sold: 3 },
  ...{ state: 'sold_out', seq: 9, until: undefined },
}

let now = 0
let server: NatsServer
let link: NatsLink
let shield: SoldOutShield
let listener: StockListener
let last: StockMessage
let trouble: string[]
let epochs: number[]

beforeEach(async () => {
  now = 1_000
  trouble = []
  epochs = []
  server = await nats.server()
  link = await nats.link(server)
  const monotonicMs = () => now
  shield = new SoldOutShield({ staleMs: 100, flagsMax: 100, monotonicMs })
  listener = new StockListener({
    ...{ link, cluster: CLUSTER, ...PLACE, shield, monotonicMs },
    onEpoch: (epoch) => epochs.push(epoch),
    onTrouble: (reason) => trouble.push(reason),
  })
  const head = { ...PLACE, epoch: 1, number: 0, seq: 9, at: START, sentAtMs: 0, lagMs: 0 }
  last = { ...head, reasons: [], entries: [] }
})

/** The owner's next message, read `ageMs` after it was sent. */
function hear(more: Partial<StockMessage> = {}, ageMs = 0): void {
  const sentAtMs = now - ageMs + AHEAD_MS
  last = { ...last, number: last.number + 1, sentAtMs, entries: [], lagMs: 0, ...more }
  listener.heed(encodeStockMessage(last))
}

/** Hears the owner for a second and more, every 20 ms. */
function settle(): void {
  for (let count = 0; count <= 51; count++) {
    now += 20
    hear()
  }
}

const answered = () => shield.answer({ ...reserve('k'), isFreshId: true } as never)
const isUp = () => answered() !== undefined

describe('an owner', () => {
  test('is believed after it was heard for a second', () => {
    hear({ entries: [SOLD_OUT] })
    for (let ms = 20; ms < 1_000; ms += 20) {
      now += 20
      hear()
      expect(isUp(), `${ms} ms`).toBe(false)
    }
    now += 20
    hear()
    expect(isUp()).toBe(true)
    expect(shield.flagsUp).toBe(1)
  })

  test('is not believed for messages that all waited until now', () => {
    hear({ entries: [SOLD_OUT] }, 10_000)
    now += 600
    hear({}, 9_900)
    now += 600
    for (let ageMs = 9_800; ageMs > 9_500; ageMs -= 20) hear({}, ageMs)
    expect(isUp()).toBe(false)
  })

  test('that takes no reservations is asked itself', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    expect(isUp()).toBe(true)
    hear({ reasons: ['disk_low'] })
    expect(isUp()).toBe(false)
    expect(listener.reasons()).toEqual(['disk_low'])
    hear({ reasons: [] })
    expect(isUp()).toBe(true)
    expect(listener.reasons()).toEqual([])
  })

  test('that says nothing for a second is silent, and so is one never heard', () => {
    expect(listener.reasons()).toEqual(['partition_silent'])
    hear()
    expect(listener.reasons()).toEqual([])
    now += 999
    expect(listener.reasons()).toEqual([])
    now += 1
    expect(listener.reasons()).toEqual(['partition_silent'])
  })
})

describe('the age of what was heard', () => {
  test('is the owner’s silence', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    now += 89
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
  })

  test('holds the lag of changes that are not told yet', () => {
    settle()
    hear({ entries: [SOLD_OUT], lagMs: 50 })
    now += 39
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
  })

  test('is not forgotten by a process that stood still: what queued up is old', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    expect(isUp()).toBe(true)
    now += 900
    expect(isUp(), 'it wakes up').toBe(false)
    for (let ageMs = 880; ageMs >= 100; ageMs -= 20) {
      hear({}, ageMs)
      expect(isUp(), `${ageMs} ms old`).toBe(false)
    }
    hear({}, 40)
    expect(isUp(), 'it has caught up').toBe(true)
    now += 49
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
  })

  test.each([
    ['a second', 1_000],
    ['ten minutes', 600_000],
  ])('has to be learned again after %s without a message', (_, ms) => {
    settle()
    hear({ entries: [SOLD_OUT] })
    now += ms
    for (let ageMs = ms; ageMs > ms - 500; ageMs -= 20) hear({}, ageMs)
    expect(isUp()).toBe(false)
    hear()
    expect(isUp(), 'it has caught up, but nobody knows').toBe(false)
    settle()
    expect(isUp()).toBe(true)
  })

  test('does not hide when the sale closes', () => {
    settle()
    hear({ entries: [{ ...SOLD_OUT, until: START + 60 }] }, 10)
    now += 40
    hear()
    now += 9
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
    expect(shield.counts.passedLate).toBe(1)
  })
})

describe('what was missed', () => {
  test('a message: every flag falls, what it brings itself stays', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    hear({ number: last.number + 2, entries: [{ ...SOLD_OUT, sku: 'hat' }] })
    expect(isUp()).toBe(false)
    expect([shield.flagsUp, shield.counts.droppedByGap]).toEqual([1, 1])
    hear({ entries: [SOLD_OUT] })
    expect(isUp()).toBe(true)
  })

  test('an unreadable message is a missed one', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    last = { ...last, number: last.number + 1 }
    listener.heed(Buffer.from('poison'))
    hear()
    expect(isUp()).toBe(false)
    expect(trouble).toEqual(['a stock message was dropped: malformed'])
  })

  test('a repeated message is dropped', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    hear()
    listener.heed(encodeStockMessage({ ...last, entries: [{ ...SOLD_OUT, state: 'paused' }] }))
    expect(isUp()).toBe(true)
    expect(trouble).toEqual(['a stock message was dropped: that was there before'])
  })

  test('messages of another place are dropped', () => {
    hear({ partitionCount: 2 })
    expect(trouble).toEqual(['a stock message was dropped: place'])
    expect(listener.reasons()).toEqual(['partition_silent'])
  })
})

describe('a new owner', () => {
  test('takes every flag down and has to be heard for a second itself', () => {
    settle()
    hear({ entries: [SOLD_OUT] })
    hear({ epoch: 2, number: 1 })
    expect([isUp(), shield.counts.droppedByEpoch, epochs]).toEqual([false, 1, [1, 2]])
    hear({ entries: [SOLD_OUT] })
    expect(isUp()).toBe(false)
    settle()
    expect(isUp()).toBe(true)
  })

  test('silences the old one', () => {
    settle()
    const old = { ...last, number: last.number + 1, entries: [SOLD_OUT] }
    hear({ epoch: 2, number: 1 })
    settle()
    listener.heed(encodeStockMessage(old))
    expect([isUp(), shield.flagsUp]).toEqual([false, 0])
    expect(trouble).toEqual(['a stock message was dropped: of an owner that was replaced'])
  })
})

describe('over NATS', () => {
  test('a link that goes down takes every flag with it, at once', async () => {
    listener.start()
    settle()
    hear({ entries: [SOLD_OUT] })
    expect(isUp()).toBe(true)
    await server.kill()
    await expect.poll(() => shield.flagsUp, DEADLINE).toBe(0)
    expect([isUp(), shield.counts.droppedByLink]).toEqual([false, 1])
    // Whatever number comes next is the beginning.
    hear({ number: last.number + 50, entries: [SOLD_OUT] })
    expect(isUp()).toBe(true)
    listener.stop()
    expect(isUp()).toBe(false)
  })

  test('a gateway that comes late asks for what it was refused, and then refuses it itself', async () => {
    const owner = new StockOwner(await nats.link(server), { now: Date.now })
    owner.feed.start()
    await owner.askAll(open(1), reserve('first'))
    const late = new SoldOutShield({ staleMs: 10_000, flagsMax: 100 })
    const ear = new StockListener({
      ...{ link, cluster: CLUSTER, ...PLACE, shield: late },
      onEpoch: () => undefined,
      onTrouble: (reason) => trouble.push(reason),
    })
    const port = new ShieldedPartition(owner.port, late, ear)
    // Only what is asked for comes: the change itself was told before anybody listened.
    await expect.poll(() => owner.partition.isIdle, DEADLINE).toBe(true)
    await new Promise<void>((resolve) => {
      const told = link.connection.subscribe(`holdfast.${CLUSTER}.stock.0`, {
        callback: (_, { data }) => {
          if (data.length < 40) return
          told.unsubscribe()
          resolve()
        },
      })
    })
    ear.start()
    const attempt = () =>
      port.submit({ ...reserve('new'), isFreshId: true } as never, { answer: () => undefined })
    await expect
      .poll(() => {
        attempt()
        return late.counts.shielded
      }, DEADLINE)
      .toBeGreaterThan(0)
    expect(trouble).toEqual([])
    ear.stop()
    await owner.stop()
  })
})
