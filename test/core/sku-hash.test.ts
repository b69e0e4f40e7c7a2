// The hash of one SKU's state: it sees every field of the SKU and nothing else, so it travels with it.
import { describe, expect, test } from 'vitest'
import type { Event } from '../../core/event.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { completeRules } from '../../core/rules.ts'
import { skuHashes, stateHash } from '../../core/state-hash.ts'
import {
  pastUnitsRecords,
  reservationRecords,
  restoreAdjustment,
  restorePastUnits,
  restoreReservation,
  restoreSku,
  skuRecords,
} from '../../core/state-records.ts'
import { CLUSTER_SKUS, clusterHistory } from '../fixtures/cluster-history.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { randomTest } from '../fixtures/seed.ts'
import { replayed, restored } from '../fixtures/test-partition.ts'

const RETENTION_MS = 60_000
const LATER = START + RETENTION_MS
const rules = completeRules({ perBuyer: 50 })
const SKUS = ['bag', 'shoe', 'hat']
/** Events of the story of each SKU. */
const OPENED = 0
const HELD = 4
const SOLD = 5
const CONFIRMED = 6
const RETURNED = 7
const CANCELLED = 9
const ADJUSTED = 10

// Units that are only remembered, holds, ends, and an adjustment: everything that a SKU can have.
function story(sku: string, change: Changes): Event[] {
  const held = (key: string, more: object = {}): Event => ({
    ...{ kind: 'reserved', at: LATER, id: idOf(key, sku), sku, buyer: 'ada', quantity: 3 },
    ...{ holdMs: 90_000, meta: undefined },
    ...more,
  })
  const id = (key: string) => ({ id: idOf(key, sku) })
  const all: Event[] = [
    { kind: 'opened', at: START, sku, stock: 100, rules, by: undefined },
    held('past', { at: START }),
    { kind: 'confirmed', at: START, ...id('past'), quantity: 3, paymentId: undefined },
    held('forgets', { at: LATER }),
    held('held'),
    held('sold'),
    { kind: 'confirmed', at: LATER, ...id('sold'), quantity: 2, paymentId: 'p' },
    { kind: 'returned', at: LATER, ...id('sold'), returnedTotal: 1 },
    held('cancelled'),
    { kind: 'cancelled', at: LATER, ...id('cancelled') },
    { kind: 'adjusted', at: LATER, sku, key: 'k', delta: 5, reason: 'found', by: undefined },
  ]
  return all.map((event, index) => ({ ...event, ...change[index] }) as Event)
}

type Changes = Readonly<Record<number, object>>

/** The stories of three SKUs side by side, that of `shoe` changed; time does not fall. */
function stateOf(change: Changes = {}): PartitionState {
  const stories = SKUS.map((sku) => story(sku, sku === 'shoe' ? change : {}))
  const told = (stories[0] ?? []).flatMap((_, index) => stories.map((one) => one[index] as Event))
  const configured: Event = { kind: 'configured', at: START, retentionMs: RETENTION_MS }
  return replayed([configured, ...told])
}

const hashesOf = (state: PartitionState) => Object.fromEntries(skuHashes(state))
const EXPECTED = hashesOf(stateOf())

function expectOnlyShoeDiffers(state: PartitionState): void {
  const { shoe, ...others } = hashesOf(state)
  const { shoe: before, ...othersBefore } = EXPECTED
  expect(shoe).not.toBe(before)
  expect(others).toEqual(othersBefore)
}

/** A state as it is, with its SKUs in another order. */
function reordered(state: PartitionState, indexes: readonly number[]): PartitionState {
  const copy = new PartitionState(8)
  copy.lastSeq = state.lastSeq + 100
  copy.lastAt = state.lastAt + 1
  copy.retentionMs = state.retentionMs
  const skus = [...skuRecords(state)]
  for (const index of indexes) restoreSku(copy, skus[index] as (typeof skus)[number])
  const skuIndex = (index: number) => indexes.indexOf(index)
  for (const one of reservationRecords(state)) {
    restoreReservation(copy, { ...one, skuIndex: skuIndex(one.skuIndex) })
  }
  for (const one of pastUnitsRecords(state)) {
    restorePastUnits(copy, { ...one, skuIndex: skuIndex(one.skuIndex) })
  }
  for (const one of state.adjustments.values()) restoreAdjustment(copy, one)
  return copy
}

describe('the hash of a SKU', () => {
  test('is one for each, and equal for equal states', () => {
    expect(Object.keys(EXPECTED)).toEqual(SKUS)
    expect(new Set(Object.values(EXPECTED)).size, 'the name counts').toBe(3)
    for (const hash of Object.values(EXPECTED)) expect(hash).toMatch(/^[0-9a-f]{32}$/)
    expect(hashesOf(stateOf())).toEqual(EXPECTED)
    expect(hashesOf(restored(stateOf()))).toEqual(EXPECTED)
    expect(skuHashes(new PartitionState(1)).size).toBe(0)
    expect(pastUnitsRecords(stateOf()), 'some units are only remembered').toHaveLength(3)
  })

  const changes: readonly [string, Changes][] = [
    ['the stock that it was opened with', { [OPENED]: { stock: 101 } }],
    ['the price', { [OPENED]: { rules: { ...rules, unitPrice: 7 } } }],
    ['the currency', { [OPENED]: { rules: { ...rules, currency: 'EUR' } } }],
    ['the hold of the rules', { [OPENED]: { rules: { ...rules, holdMs: 7_000 } } }],
    ['the longest hold', { [OPENED]: { rules: { ...rules, maxHoldMs: 7_000_000 } } }],
    ['the limit per buyer', { [OPENED]: { rules: { ...rules, perBuyer: 49 } } }],
    ['the opening', { [OPENED]: { rules: { ...rules, opensAt: 1 } } }],
    ['the closing', { [OPENED]: { rules: { ...rules, closesAt: 2 * LATER } } }],
    ['the pause', { [OPENED]: { rules: { ...rules, paused: true } } }],
    ['units that only an account remembers', { 2: { quantity: 2 } }],
    ['whose they are', { 1: { buyer: 'bob' } }],
    ['the buyer of a hold', { [HELD]: { buyer: 'bob' } }],
    ['the units of a hold', { [HELD]: { quantity: 4 } }],
    ['the id of a hold', { [HELD]: { id: { ...idOf('held'), low: 1 } } }],
    ['the length of a hold', { [HELD]: { holdMs: 90_001 } }],
    ['the buyer of what is sold', { [SOLD]: { buyer: 'bob' } }],
    ['the units that are sold', { [CONFIRMED]: { quantity: 3 } }],
    ['the units that came back', { [RETURNED]: { returnedTotal: 2 } }],
    ['how it ended', { [CANCELLED]: { kind: 'expired' } }],
    ['an adjustment', { [ADJUSTED]: { delta: 6 } }],
    ['its key', { [ADJUSTED]: { key: 'l' } }],
    ['its reason', { [ADJUSTED]: { reason: 'lost' } }],
  ]
  test.each(changes)('sees %s, and is no matter of another SKU', (_, change) => {
    expectOnlyShoeDiffers(stateOf(change))
  })

  test.each(['openingStock', 'stock', 'available', 'held', 'sold', 'seq'] as const)(
    'sees the counter %s by itself',
    (name) => {
      const state = stateOf()
      const actor = state.actorOf('shoe')
      Object.assign(actor ?? {}, { [name]: 77 })
      expectOnlyShoeDiffers(state)
    },
  )

  test('does not see where the SKU stands, nor the partition around it', () => {
    const state = stateOf()
    for (const indexes of [
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const copy = reordered(state, indexes)
      expect(hashesOf(copy)).toEqual(EXPECTED)
      expect(stateHash(copy), 'which the hash of the whole does').not.toBe(stateHash(state))
    }
    state.retentionMs++
    expect(hashesOf(state)).toEqual(EXPECTED)
  })

  randomTest('tells the same of any history, in any order', (random) => {
    const [shop] = clusterHistory(random, 1, 400)
    if (shop === undefined) throw new Error('there is one partition')
    const turn = random.integer(1, CLUSTER_SKUS.length - 1)
    const indexes = CLUSTER_SKUS.map((_, index) => (index + turn) % CLUSTER_SKUS.length)
    expect(hashesOf(reordered(shop.state, indexes))).toEqual(hashesOf(shop.state))
    expect(hashesOf(replayed(shop.journal, 5))).toEqual(hashesOf(shop.state))
  })
})
