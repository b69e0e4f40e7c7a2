// The sold-out shield with a clock in the test's hand: when it answers, what takes it down, what it never answers.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import type { ReservationView, SkuView } from '../../core/outcome.ts'
import type { Refusal } from '../../core/refusal.ts'
import type { Answer } from '../../gateway/partition-port.ts'
import { ShieldedPartition } from '../../gateway/shielded-partition.ts'
import { SoldOutShield, type StockNews } from '../../gateway/sold-out-shield.ts'
import type { StockEntry } from '../../gateway/stock/stock-entry.ts'
import { adjust, cancel, open, readSku, reserve, START } from '../fixtures/commands.ts'
import { TestPartition } from '../fixtures/test-partition.ts'

let now = 0
let shield: SoldOutShield

beforeEach(() => {
  now = 1_000
  shield = new SoldOutShield({ staleMs: 100, flagsMax: 4, monotonicMs: () => now })
})

const soldOut = (seq: number, more: Partial<StockEntry> = {}): StockEntry => {
  const units = { stock: 5, available: 0, held: 2, sold: 3 }
  return { sku: 'shoe', ...units, state: 'sold_out', seq, until: undefined, ...more }
}
const onSale = (seq: number, more: Partial<StockEntry> = {}): StockEntry =>
  soldOut(seq, { available: 1, sold: 2, state: 'open', ...more })

/** A message that was sent right now and tells everything. */
function hear(
  seq: number,
  entries: readonly StockEntry[] = [],
  more: Partial<StockNews> = {},
): void {
  const times = { completeAtMs: now, sentAtMs: now, at: START }
  shield.heed({ ...times, seq, isTrusted: true, entries, ...more })
}

const fresh = (quantity = 1, sku = 'shoe') => ({
  ...reserve('k', quantity, { sku }),
  isFreshId: true,
})
const answered = (quantity = 1, sku = 'shoe') => shield.answer(fresh(quantity, sku))
const isUp = (sku = 'shoe') => answered(1, sku) !== undefined
const refusal = (code: 'sold_out' | 'insufficient_available', available: number): Refusal =>
  code === 'sold_out'
    ? { kind: 'refusal', code, available, heldUnits: 2, final: false }
    : { kind: 'refusal', code, available }

const view = (remaining: number, seq: number, more: Partial<ReservationView> = {}): Answer => ({
  kind: 'reservation',
  ...{ isNew: false, isReplay: false, id: cancel('k').id, sku: 'shoe', buyer: 'ada' },
  ...{ quantity: 1, state: 'cancelled', confirmed: 0, returned: 0 },
  ...{ expiresAt: undefined, endedAt: START, remaining, seq },
  ...more,
})
function skuView(available: number, seq: number, rules: object = {}): SkuView {
  const { rules: complete } = open(1, rules)
  const units = { stock: 5, available, held: 5 - available, sold: 0 }
  return {
    kind: 'sku',
    isNew: false,
    isReplay: false,
    sku: 'shoe',
    ...{ ...units, rules: complete, seq, at: START },
  }
}

describe('a flag that is up', () => {
  test('refuses word for word as the partition would', () => {
    const shop = new TestPartition()
    shop.askAll(open(5), reserve('sold', 3), { ...reserve('held', 2), buyer: 'bob' })
    shop.ask({ kind: 'confirm', id: reserve('sold').id, quantity: undefined, paymentId: undefined })
    hear(4, [soldOut(4)])
    for (const quantity of [1, 2, 3, 1_000_000]) {
      expect(answered(quantity)).toEqual(shop.ask(reserve('new', quantity)))
    }
    expect(shield.counts.shielded).toBe(4)
  })

  test('follows what is held: with no holds left it is final', () => {
    hear(4, [soldOut(4)])
    expect(answered(2)).toMatchObject({ heldUnits: 2, final: false })
    hear(5, [soldOut(5, { held: 0, sold: 5 })])
    expect(answered(1)).toMatchObject({ heldUnits: 0, final: true })
  })

  test('says nothing about other SKUs', () => {
    hear(4, [soldOut(4)])
    expect(answered(1, 'hat')).toBeUndefined()
  })

  test('never answers a keyed id, not even one that was just refused', () => {
    hear(4, [soldOut(4)])
    expect(shield.answer(reserve('k'))).toBeUndefined()
    shield.see(reserve('k'), refusal('sold_out', 0))
    expect(shield.answer(reserve('k'))).toBeUndefined()
    expect(shield.answer({ ...fresh(), isFreshId: false } as never)).toBeUndefined()
    expect(shield.counts).toMatchObject({ shielded: 0, passedKeyed: 3 })
  })
})

describe('the stated bound', () => {
  test('holds to the millisecond, less the error of the estimate', () => {
    hear(4, [soldOut(4)])
    now += 89
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
    expect(shield.counts.passedStale).toBe(1)
    hear(4)
    expect(isUp(), 'a sign of life is enough').toBe(true)
  })

  test('counts from the moment up to which the news are complete, not from their sending', () => {
    hear(4, [soldOut(4)], { completeAtMs: now - 60 })
    now += 29
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
  })

  test('an old message gives no trust, and takes away what a newer one gave', () => {
    hear(4, [soldOut(4)], { completeAtMs: now - 90, sentAtMs: now - 90 })
    expect(isUp()).toBe(false)
    hear(4)
    expect(isUp()).toBe(true)
    hear(4, [], { isTrusted: false })
    expect(isUp(), 'the owner takes no reservations').toBe(false)
    hear(4)
    expect(isUp()).toBe(true)
  })

  test('ends when time alone changes the answer, by the owner’s clock', () => {
    hear(4, [soldOut(4, { until: START + 40 })], { sentAtMs: now - 10, at: START })
    now += 29
    expect(isUp()).toBe(true)
    now += 1
    expect(isUp()).toBe(false)
    expect(shield.counts.passedLate).toBe(1)
  })
})

describe('what takes a flag down', () => {
  const drops: readonly (readonly [string, () => void, object])[] = [
    ['an entry with stock', () => hear(5, [onSale(5)]), { loweredByFeed: 1 }],
    ['a pause', () => hear(5, [soldOut(5, { state: 'paused' })]), { loweredByFeed: 1 }],
    ['the end of the sale', () => hear(5, [soldOut(5, { state: 'closed' })]), { loweredByFeed: 1 }],
    ['a later opening', () => hear(5, [soldOut(5, { state: 'not_open' })]), { loweredByFeed: 1 }],
    ['a missing message', () => shield.drop('gap'), { droppedByGap: 1 }],
    ['a new owner', () => shield.drop('epoch'), { droppedByEpoch: 1 }],
    ['a lost link', () => shield.drop('link'), { droppedByLink: 1 }],
    ['a cancel', () => shield.see(cancel('k'), view(1, 5)), { loweredByAnswer: 1 }],
    ['a read', () => shield.see(readSku(), skuView(1, 5)), { loweredByAnswer: 1 }],
    ['added stock', () => shield.see(adjust(1, 'k'), skuView(1, 5)), { loweredByAnswer: 1 }],
    [
      'a page of SKUs',
      () =>
        shield.see(
          { kind: 'list-skus', after: undefined, limit: 5 },
          { kind: 'skus', skus: [skuView(1, 5)], next: undefined },
        ),
      { loweredByAnswer: 1 },
    ],
    [
      'a pause that was asked for here',
      () => shield.see(open(undefined, { paused: true }), skuView(0, 5, { paused: true })),
      { loweredByAnswer: 1 },
    ],
    [
      'a refusal that leaves some',
      () => shield.see(reserve('k', 3), refusal('sold_out', 2)),
      { loweredByAnswer: 1 },
    ],
    [
      'an adjustment that is refused',
      () => shield.see(adjust(-9, 'k'), refusal('insufficient_available', 2)),
      { loweredByAnswer: 1 },
    ],
    [
      'a refusal of the schedule',
      () => shield.see(reserve('k'), { kind: 'refusal', code: 'sale_paused' }),
      { loweredByAnswer: 1 },
    ],
  ]

  test.each(drops)('%s', (_, drop, counts) => {
    hear(4, [soldOut(4)])
    expect(isUp()).toBe(true)
    drop()
    // Neither time nor trust is what is missing now.
    hear(4)
    expect(isUp()).toBe(false)
    expect(shield.flagsUp).toBe(0)
    expect(shield.counts).toMatchObject({ raised: 1, ...counts })
  })

  const harmless: readonly (readonly [string, Command, Answer])[] = [
    ['an older cancel', cancel('k'), view(1, 4)],
    ['a newer answer without stock', cancel('k'), view(0, 9)],
    ['an older read', readSku(), skuView(1, 3)],
    ['a newer read without stock', readSku(), skuView(0, 9)],
    ['another SKU', cancel('k'), view(1, 9, { sku: 'hat' })],
    ['a refusal for want of stock', reserve('k'), refusal('sold_out', 0)],
    ['a refusal for another reason', reserve('k'), { kind: 'refusal', code: 'key_reused' }],
    ['a fault', reserve('k'), { kind: 'fault', code: 'busy' }],
  ]

  test.each(harmless)('not: %s', (_, command, answer) => {
    hear(4, [soldOut(4)])
    shield.see(command, answer)
    expect(isUp()).toBe(true)
  })

  test('a drop leaves nothing to trust until the next message', () => {
    hear(4, [soldOut(4)])
    shield.drop('gap')
    shield.heed({
      ...{ completeAtMs: now, sentAtMs: now, at: START, seq: 4 },
      ...{ isTrusted: false, entries: [soldOut(4)] },
    })
    expect([shield.flagsUp, isUp()]).toEqual([1, false])
  })
})

describe('read your writes', () => {
  test('an entry that is older than the answer does not raise the flag again', () => {
    hear(4, [soldOut(4)])
    shield.see(cancel('k'), view(1, 9))
    hear(6, [soldOut(7)])
    hear(6, [soldOut(9)])
    expect(isUp()).toBe(false)
    hear(6, [soldOut(10)])
    expect(isUp()).toBe(true)
  })

  test('nor where there was no flag yet', () => {
    hear(4)
    shield.see(cancel('k'), view(1, 9))
    hear(6, [soldOut(7)])
    expect(isUp()).toBe(false)
  })

  test('nor before the first message, nor after a gap', () => {
    shield.see(cancel('k'), view(1, 9))
    hear(6, [soldOut(7)])
    expect(isUp()).toBe(false)
    shield.drop('gap')
    hear(6, [soldOut(8)])
    expect(isUp()).toBe(false)
  })

  test('what the feed has passed is forgotten: memory does not grow with the SKUs sold', () => {
    for (let seq = 1; seq <= 30_000; seq++) {
      shield.see(cancel('k'), view(1, seq, { sku: `sku-${seq}` }))
      if (seq % 100 === 0) hear(seq)
    }
    shield.see(cancel('k'), view(1, 30_001, { sku: 'hat' }))
    hear(30_000, [soldOut(29_999, { sku: 'sku-29998' })])
    expect(isUp('sku-29998')).toBe(true)
  })

  test('with too many SKUs to remember, none is raised by what may be older', () => {
    for (let seq = 1; seq <= 10_050; seq++) {
      shield.see(cancel('k'), view(1, seq, { sku: `sku-${seq}` }))
    }
    hear(0, [soldOut(10_050, { sku: 'sku-10050' }), soldOut(10_051, { sku: 'hat' })])
    expect([isUp('sku-10050'), isUp('hat')]).toEqual([false, true])
    hear(10_051, [soldOut(10_040, { sku: 'bag' })])
    expect(isUp('bag'), 'the feed has passed it').toBe(false)
    hear(10_052, [soldOut(10_040, { sku: 'bag' })])
    expect(isUp('bag')).toBe(true)
  })
})

describe('bounds', () => {
  test('flags are few, and a new one waits for room', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    hear(
      9,
      names.map((sku, index) => soldOut(index + 1, { sku })),
    )
    expect(names.map(isUp)).toEqual([true, true, true, true, false])
    expect(shield.counts.refused).toBe(1)
    expect(shield.see(reserve('k', 1, { sku: 'e' }), refusal('sold_out', 0))).toBe(false)
    hear(10, [onSale(10, { sku: 'a' })])
    expect(shield.see(reserve('k', 1, { sku: 'e' }), refusal('sold_out', 0))).toBe(true)
  })
})

describe('a shielded partition', () => {
  function shielded() {
    const shop = new TestPartition()
    const asked: Command[] = []
    const wanted: string[] = []
    let reasons: readonly string[] = []
    const port = {
      submit: (command: Command, ticket: { answer(answer: Answer): void }) => {
        asked.push(command)
        ticket.answer(shop.ask(command))
      },
      unreadyReasons: () => reasons,
    }
    const source = {
      want: (sku: string) => void wanted.push(sku),
      reasons: () => ['partition_silent'],
    }
    const partition = new ShieldedPartition(port, shield, source)
    const ask = (command: Command) => {
      const answers: Answer[] = []
      partition.submit(command, { answer: (answer) => answers.push(answer) })
      expect(answers).toHaveLength(1)
      return answers[0]
    }
    return { shop, asked, wanted, partition, ask, say: (said: string[]) => (reasons = said) }
  }

  test('asks for what the shield does not know, wants to hear of it, then asks no more', () => {
    const { asked, wanted, ask } = shielded()
    ask(open(1))
    ask(reserve('first'))
    const refused = ask(fresh())
    expect(refused).toMatchObject({ code: 'sold_out', available: 0, heldUnits: 1 })
    expect(wanted).toEqual(['shoe'])
    hear(2, [soldOut(2, { held: 1 })])
    expect(ask(fresh())).toEqual(refused)
    expect(asked).toHaveLength(3)
    expect(ask(reserve('first')), 'a retry gets its reservation').toMatchObject({ isReplay: true })
    expect(wanted).toHaveLength(1)
  })

  test('who cancels may reserve at once', () => {
    const { ask } = shielded()
    ask(open(1))
    ask(reserve('first'))
    hear(2, [soldOut(2, { held: 1 })])
    expect(ask(cancel('first'))).toMatchObject({ remaining: 1 })
    hear(2, [soldOut(2, { held: 1 })])
    expect(ask(fresh())).toMatchObject({ kind: 'reservation', isNew: true })
  })

  test('is unready for its own reasons before those of its owner', () => {
    const { partition, say } = shielded()
    expect(partition.unreadyReasons()).toEqual(['partition_silent'])
    say(['nats_down'])
    expect(partition.unreadyReasons()).toEqual(['nats_down'])
  })
})
