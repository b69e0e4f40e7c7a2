// The state's hash sees every field and no row number; the whole-state check sees what the hash cannot.
import { describe, expect, test } from 'vitest'
import { checkState } from '../../core/check-state.ts'
import type { Event } from '../../core/event.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { CONFIRMED } from '../../core/reservation-table.ts'
import { completeRules } from '../../core/rules.ts'
import { stateHash } from '../../core/state-hash.ts'
import {
  type ReservationRecord,
  reservationRecords,
  restoreReservation,
  restoreSku,
  skuRecords,
} from '../../core/state-records.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { replayed, restored } from '../fixtures/test-partition.ts'

const rules = completeRules({ perBuyer: 50 })
const held = (key: string, more: object = {}): Event => ({
  ...{ kind: 'reserved', at: START, id: idOf(key), sku: 'shoe', buyer: 'ada', quantity: 3 },
  ...{ holdMs: 60_000, meta: undefined },
  ...more,
})
const history: readonly Event[] = [
  { kind: 'configured', at: START, retentionMs: 60_000 },
  { kind: 'opened', at: START, sku: 'shoe', stock: 100, rules, by: undefined },
  { kind: 'opened', at: START, sku: 'hat', stock: 100, rules, by: undefined },
  held('held'),
  held('sold'),
  { kind: 'confirmed', at: START + 1, id: idOf('sold'), quantity: 2, paymentId: 'p' },
  { kind: 'returned', at: START + 2, id: idOf('sold'), returnedTotal: 1 },
  held('cancelled', { at: START + 2 }),
  { kind: 'cancelled', at: START + 3, id: idOf('cancelled') },
  {
    kind: 'adjusted',
    at: START + 3,
    sku: 'hat',
    key: 'k',
    delta: 5,
    reason: 'found',
    by: undefined,
  },
]
const EXPECTED = stateHash(replayed(history))

/** The history with event `index` changed. */
function changed(index: number, change: object): Event[] {
  return history.map((event, at) => (at === index ? ({ ...event, ...change } as Event) : event))
}

function ruled(change: object): Event[] {
  return changed(1, { rules: { ...rules, ...change } })
}

describe('the hash of a state', () => {
  const others: [string, readonly Event[]][] = [
    ['the last seq', [...history, { kind: 'configured', at: START + 3, retentionMs: 60_000 }]],
    ['the last time', changed(9, { at: START + 4 })],
    ['the retention', changed(0, { retentionMs: 60_001 })],
    ['the name of a SKU', changed(2, { sku: 'hats' }).slice(0, 9)],
    ['the order of opening', changed(1, { sku: 'bag' }).slice(0, 3)],
    ['the stock', changed(1, { stock: 101 })],
    ['the price', ruled({ unitPrice: 1 })],
    ['a price beyond 32 bits', ruled({ unitPrice: 2 ** 40 })],
    ['the currency', ruled({ currency: 'EUR' })],
    ['the hold of the rules', ruled({ holdMs: 5_000 })],
    ['the longest hold', ruled({ maxHoldMs: 5_000_000 })],
    ['the limit per buyer', ruled({ perBuyer: 51 })],
    ['no limit per buyer', ruled({ perBuyer: undefined })],
    ['the opening', ruled({ opensAt: 1 })],
    ['the closing', ruled({ closesAt: START * 2 })],
    ['the pause', ruled({ paused: true })],
    ['the id of a hold', changed(3, { id: { ...idOf('held'), high: 1 } })],
    ['another word of the id', changed(3, { id: { ...idOf('held'), middle: 1 } })],
    ['the last word of the id', changed(3, { id: { ...idOf('held'), low: 1 } })],
    ['the SKU of a hold', changed(3, { id: idOf('held', 'hat'), sku: 'hat' })],
    ['the buyer', changed(3, { buyer: 'bob' })],
    ['the quantity', changed(3, { quantity: 4 })],
    ['the length of a hold', changed(3, { holdMs: 60_001 })],
    ['how much was confirmed', changed(5, { quantity: 3 })],
    ['when it was confirmed', changed(5, { at: START + 2 })],
    ['how much was returned', changed(6, { returnedTotal: 2 })],
    ['when it was reserved', changed(7, { at: START + 3 })],
    ['when it was cancelled', changed(8, { at: START + 2 })],
    ['expired rather than cancelled', changed(8, { kind: 'expired' })],
    [
      'the order of reserving',
      changed(3, { id: idOf('sold') }).map((event, at) => (at === 4 ? held('held') : event)),
    ],
    ['an adjustment', changed(9, { delta: 6 })],
    ['its key', changed(9, { key: 'l' })],
    ['its reason', changed(9, { reason: 'lost' })],
    ['its SKU', changed(9, { sku: 'shoe' })],
  ]
  test.each(others)('sees %s', (_, events) => {
    const base =
      events.length === history.length || events.length > history.length
        ? EXPECTED
        : stateHash(replayed(history.slice(0, events.length)))
    expect(stateHash(replayed(events))).not.toBe(base)
    expect(stateHash(replayed(events))).toMatch(/^[0-9a-f]{32}$/)
  })

  test('sees until when a hold was extended, apart from the seq', () => {
    const hashes = [61_000, 62_000].map((holdMs) =>
      stateHash(
        replayed([...history, { kind: 'extended', at: START + 3, id: idOf('held'), holdMs }]),
      ),
    )
    expect(hashes[0]).not.toBe(hashes[1])
  })

  const counters: readonly (keyof PartitionState['actors'][number])[] = [
    'available',
    'held',
    'sold',
    'stock',
    'seq',
  ]
  test.each(counters)('sees the counter %s by itself', (name) => {
    const state = replayed(history)
    Object.assign(state.actors[0] ?? {}, { [name]: 77 })
    expect(stateHash(state)).not.toBe(EXPECTED)
  })

  test('sees the units and the count of an account', () => {
    for (const method of ['addUnits', 'addReservations'] as const) {
      const state = replayed(history)
      state.accounts[method](state.accounts.find(0, 'ada'), 1)
      expect(stateHash(state)).not.toBe(EXPECTED)
    }
  })

  const records: readonly (keyof ReservationRecord)[] = [
    'quantity',
    'remaining',
    'holdMs',
    'seq',
    'reservedAt',
    'until',
    'confirmed',
    'returned',
    'buyer',
    'skuIndex',
  ]
  test.each(records)('sees the field %s of a reservation by itself', (name) => {
    const state = replayed(history)
    for (const record of reservationRecords(state)) {
      if (record.state !== CONFIRMED) continue
      const other = { skuIndex: 1, buyer: 'bob' }[name as string]
      const copies = [record, { ...record, [name]: other ?? Number(record[name]) + 1 }].map(
        (one) => {
          const copy = new PartitionState(1)
          for (const sku of skuRecords(state)) restoreSku(copy, sku)
          restoreReservation(copy, one)
          return stateHash(copy)
        },
      )
      expect(copies[0]).not.toBe(copies[1])
    }
  })

  test('sees units that a buyer bought long ago', () => {
    const past: Event[] = [
      { kind: 'configured', at: START, retentionMs: 60_000 },
      { kind: 'opened', at: START, sku: 'shoe', stock: 100, rules, by: undefined },
      held('a', { buyer: 'bob' }),
      { kind: 'confirmed', at: START, id: idOf('a'), quantity: 3, paymentId: undefined },
      held('b', { at: START + 60_000 }),
    ]
    const state = replayed(past)
    expect(state.reservations.count).toBe(1)
    const other = replayed(past)
    other.accounts.addUnits(other.accounts.find(0, 'bob'), 1)
    expect(stateHash(other)).not.toBe(stateHash(state))
    expect(stateHash(restored(state))).toBe(stateHash(state))
  })

  test('does not see seeds or row numbers', () => {
    const state = replayed(history, 1)
    const copy = restored(state, 2)
    expect(copy.rowOf(idOf('held'))).not.toBe(state.rowOf(idOf('held')))
    expect(stateHash(replayed(history, 3))).toBe(stateHash(state))
    expect(stateHash(copy)).toBe(stateHash(state))
  })

  test('is golden: it is written into snapshots, so it may not drift', () => {
    expect(EXPECTED).toBe('a63f3b32ea2b80bac2d1e4c7a2004548')
    expect(stateHash(replayed([]))).toBe('1894912641960a2a7a88918c52778fc5')
  })

  test('is golden for records of any length', () => {
    const [key, reason] = ['k'.repeat(300), 'because '.repeat(100)]
    const long = replayed(changed(9, { key, reason }))
    expect(stateHash(long)).toBe('2b7ba90e8229565cefb05e2754617b51')
  })
})

describe('the check of a whole state', () => {
  const breakages: [string, (state: PartitionState) => void, string][] = [
    [
      'a stranded unit',
      (state) => Object.assign(state.actors[0] ?? {}, { available: 1 }),
      'available + held + sold',
    ],
    [
      'a unit sold twice',
      (state) => Object.assign(state.actors[0] ?? {}, { available: 95, sold: 3 }),
      "the buyers' units",
    ],
    ['a hold not counted', (state) => state.actors[0]?.release(1), 'held'],
    ['units of no buyer', (state) => state.accounts.addUnits(0, 1), "the buyers' units"],
    ['a miscounted account', (state) => state.accounts.addReservations(0, 1), 'an account counts'],
    [
      'a hold that is never due',
      (state) => state.due.remove(state.rowOf(idOf('held'))),
      'every hold is due',
    ],
    [
      'a queue that lost its end',
      (state) => state.reservations.setForgetNext(state.forgets.head, -1),
      'every ended reservation',
    ],
    [
      'more back than sold',
      (state) => state.reservations.setReturned(state.rowOf(idOf('sold')), 9),
      'no more back than sold',
    ],
    [
      'a reservation of the future',
      (state) => Object.assign(state, { lastSeq: 1 }),
      'no reservation is of the future',
    ],
  ]
  test.each(breakages)('finds %s', (_, breakIt, message) => {
    const state = replayed(history)
    checkState(state)
    breakIt(state)
    expect(() => checkState(state)).toThrow(message)
  })
})

describe('an event that does not fit the state', () => {
  const unfit: [string, Event, string][] = [
    ['of the past', { kind: 'cancelled', at: START, id: idOf('held') }, 'never goes backwards'],
    [
      'of no reservation',
      { kind: 'cancelled', at: START + 9, id: idOf('x') },
      'that is remembered',
    ],
    ['of no SKU', held('x', { at: START + 9, sku: 'bag' }), 'a SKU that was opened'],
    [
      'that oversells',
      held('x', { at: START + 9, quantity: 101 }),
      'available units are not negative',
    ],
    ['that ends twice', { kind: 'expired', at: START + 9, id: idOf('sold') }, 'only a hold'],
    [
      'that sells too much',
      { kind: 'confirmed', at: START + 9, id: idOf('held'), quantity: 4, paymentId: undefined },
      'no more is sold',
    ],
    [
      'that returns too much',
      { kind: 'returned', at: START + 9, id: idOf('sold'), returnedTotal: 3 },
      'no more comes back',
    ],
    [
      'that returns nothing',
      { kind: 'returned', at: START + 9, id: idOf('sold'), returnedTotal: 1 },
      'brings units back',
    ],
    [
      'that opens twice',
      { kind: 'opened', at: START + 9, sku: 'hat', stock: 1, rules, by: undefined },
      'opened once',
    ],
    [
      'that changes nothing known',
      { kind: 'changed', at: START + 9, sku: 'bag', rules, by: undefined },
      'that was opened',
    ],
    [
      'that adjusts nothing known',
      {
        kind: 'adjusted',
        at: START + 9,
        sku: 'bag',
        key: 'z',
        delta: 1,
        reason: '',
        by: undefined,
      },
      'that was opened',
    ],
    [
      'that adjusts twice',
      {
        kind: 'adjusted',
        at: START + 9,
        sku: 'hat',
        key: 'k',
        delta: 5,
        reason: 'found',
        by: undefined,
      },
      'used once',
    ],
  ]
  test.each(unfit)('%s stops the replay', (_, event, message) => {
    const state = replayed(history)
    expect([...skuRecords(state)]).toHaveLength(2)
    expect(() => replayed([...history, event])).toThrow(message)
  })
})
