// Two states that should be the same: the first difference is named by its field, whichever it is.
import { describe, expect, test } from 'vitest'
import type { Adjustment } from '../../../core/adjustments.ts'
import { PartitionState } from '../../../core/partition-state.ts'
import { formatReservationId } from '../../../core/reservation-id.ts'
import { CANCELLED, CONFIRMED, EXPIRED, HELD } from '../../../core/reservation-table.ts'
import { stateHash } from '../../../core/state-hash.ts'
import {
  type PastUnitsRecord,
  pastUnitsRecords,
  type ReservationRecord,
  reservationRecords,
  restoreAdjustment,
  restorePastUnits,
  restoreReservation,
  restoreSku,
  type SkuRecord,
  skuRecords,
} from '../../../core/state-records.ts'
import { differenceWords } from '../../../replay/diff/diff-fields.ts'
import { diffStates } from '../../../replay/diff/diff-states.ts'
import {
  adjust,
  cancel,
  confirm,
  giveBack,
  idOf,
  open,
  reserve,
  START,
} from '../../fixtures/commands.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { replayed, restored, TestPartition } from '../../fixtures/test-partition.ts'
import { randomEvents } from '../../fixtures/written-journal.ts'

const RETENTION_MS = 60_000
const DAY_MS = 86_400_000

/** A state with something of everything: holds, ended ones, returns, forgotten units, adjustments. */
function shop(): PartitionState {
  const one = new TestPartition()
  one.partition.configure(RETENTION_MS, one.now)
  one.askAll(open(100), open(50, { perBuyer: 20, currency: 'EUR' }, 'lamp'))
  one.askAll(reserve('old', 2, { buyer: 'ann' }), confirm('old'))
  // What ended is forgotten with the next event after the retention.
  one.pass(2 * RETENTION_MS)
  one.askAll(adjust(5, 'count-1'), adjust(-1, 'count-2', 'lost', 'lamp'))
  one.askAll(reserve('sold', 3), confirm('sold', 2), giveBack('sold', 1), reserve('gone'))
  one.askAll(cancel('gone'), reserve('held', 4), reserve('light', 1, { sku: 'lamp' }))
  one.check()
  return one.state
}

interface Changes {
  readonly sku?: (record: SkuRecord) => SkuRecord
  readonly reservation?: (record: ReservationRecord) => ReservationRecord | undefined
  readonly pastUnits?: (record: PastUnitsRecord) => PastUnitsRecord | undefined
  readonly adjustment?: (made: Adjustment) => Adjustment | undefined
  readonly whole?: (state: PartitionState) => void
}

/** The state through its records and back, with changes on the way. */
function changed(state: PartitionState, changes: Changes): PartitionState {
  const copy = new PartitionState(99)
  const { lastSeq, lastAt, retentionMs } = state
  Object.assign(copy, { lastSeq, lastAt, retentionMs })
  for (const one of skuRecords(state)) restoreSku(copy, changes.sku?.(one) ?? one)
  for (const one of reservationRecords(state)) {
    const record = changes.reservation === undefined ? one : changes.reservation(one)
    if (record !== undefined) restoreReservation(copy, record)
  }
  for (const one of pastUnitsRecords(state)) {
    const record = changes.pastUnits === undefined ? one : changes.pastUnits(one)
    if (record !== undefined) restorePastUnits(copy, record)
  }
  for (const one of state.adjustments.values()) {
    const made = changes.adjustment === undefined ? one : changes.adjustment(one)
    if (made !== undefined) restoreAdjustment(copy, made)
  }
  changes.whole?.(copy)
  return copy
}

const ID = (key: string, sku = 'shoe') => formatReservationId(idOf(key, sku))

const ofSku = (name: string, change: Partial<SkuRecord>): Changes => ({
  sku: (record) => (record.sku === name ? { ...record, ...change } : record),
})

const ofReservation = (key: string, change: Partial<ReservationRecord>): Changes => ({
  reservation: (one) => (one.id.high === idOf(key).high ? { ...one, ...change } : one),
})

const ofAdjustment = (key: string, change: Partial<Adjustment>): Changes => ({
  adjustment: (made) => (made.key === key ? { ...made, ...change } : made),
})

const RULES = { ...open(1).rules, perBuyer: 20, currency: 'EUR' }
const lamp = (rules: Partial<SkuRecord['rules']>): Changes =>
  ofSku('lamp', { rules: { ...RULES, ...rules } })

/** Whether something bears a name on the right side that nothing has on the left. */
function hasNewName(changes: Changes): boolean {
  const state = shop()
  const names = (one: PartitionState) => [
    ...[...skuRecords(one)].map(({ sku }) => sku),
    ...pastUnitsRecords(one).map(({ buyer }) => buyer),
    ...[...one.adjustments.values()].map(({ key }) => key),
  ]
  const known = new Set(names(state))
  return names(changed(state, changes)).some((name) => !known.has(name))
}

/** What is changed on the right side, and the words for it. */
const CHANGES: readonly [words: string, Changes][] = [
  ['seq 14 ≠ 15', { whole: (state) => (state.lastSeq = 15) }],
  [`retentionMs 60000 ≠ ${DAY_MS}`, { whole: (state) => (state.retentionMs = DAY_MS) }],
  [`at ${START + 120_000} ≠ 1`, { whole: (state) => (state.lastAt = 1) }],
  ['sku shoe: stock 105 ≠ 106', ofSku('shoe', { stock: 106, available: 99 })],
  ['sku shoe: available 98 ≠ 97', ofSku('shoe', { available: 97, held: 5 })],
  ['sku shoe: held 4 ≠ 3', ofSku('shoe', { held: 3, sold: 4 })],
  ['sku shoe: openingStock 100 ≠ 9', ofSku('shoe', { openingStock: 9 })],
  ['sku shoe: seq 13 ≠ 11', ofSku('shoe', { seq: 11 })],
  ['sku lamp: rules.perBuyer 20 ≠ none', lamp({ perBuyer: undefined })],
  ['sku lamp: rules.currency EUR ≠ USD', lamp({ currency: 'USD' })],
  ['sku lamp: rules.unitPrice none ≠ 0', lamp({ unitPrice: 0 })],
  ['sku lamp: rules.holdMs 900000 ≠ 1', lamp({ holdMs: 1 })],
  ['sku lamp: rules.maxHoldMs 3600000 ≠ 1', lamp({ maxHoldMs: 1 })],
  ['sku lamp: rules.opensAt none ≠ 7', lamp({ opensAt: 7 })],
  ['sku lamp: rules.closesAt none ≠ 7', lamp({ closesAt: 7 })],
  ['sku lamp: rules.paused false ≠ true', lamp({ paused: true })],
  ['sku lamp: presence present ≠ absent', ofSku('lamp', { sku: 'lamb' })],
  [`reservation ${ID('sold')}: confirmed 2 ≠ 3`, ofReservation('sold', { confirmed: 3 })],
  [`reservation ${ID('sold')}: returned 1 ≠ 2`, ofReservation('sold', { returned: 2 })],
  [
    `reservation ${ID('gone')}: state cancelled ≠ expired`,
    ofReservation('gone', { state: EXPIRED }),
  ],
  [
    `reservation ${ID('held')}: state held ≠ cancelled`,
    ofReservation('held', { state: CANCELLED }),
  ],
  [`reservation ${ID('gone')}: state cancelled ≠ held`, ofReservation('gone', { state: HELD })],
  [
    `reservation ${ID('held')}: state held ≠ confirmed`,
    ofReservation('held', { state: CONFIRMED, confirmed: 4 }),
  ],
  [`reservation ${ID('held')}: quantity 4 ≠ 5`, ofReservation('held', { quantity: 5 })],
  [`reservation ${ID('held')}: buyer ada ≠ eve`, ofReservation('held', { buyer: 'eve' })],
  [`reservation ${ID('held')}: holdMs 900000 ≠ 1`, ofReservation('held', { holdMs: 1 })],
  [
    `reservation ${ID('held')}: until ${START + 1_020_000} ≠ 9`,
    ofReservation('held', { until: 9 }),
  ],
  [
    `reservation ${ID('held')}: reservedAt ${START + 120_000} ≠ 9`,
    ofReservation('held', { reservedAt: 9 }),
  ],
  [`reservation ${ID('held')}: remaining 98 ≠ 1`, ofReservation('held', { remaining: 1 })],
  [`reservation ${ID('held')}: seq 13 ≠ 1`, ofReservation('held', { seq: 1 })],
  [
    `reservation ${ID('held')}: presence present ≠ absent`,
    { reservation: (one) => (one.id.high === idOf('held').high ? undefined : one) },
  ],
  ['buyer ann of shoe: units 2 ≠ 3', { pastUnits: (one) => ({ ...one, units: 3 }) }],
  ['buyer ann of shoe: units 2 ≠ 0', { pastUnits: (one) => ({ ...one, buyer: 'bob' }) }],
  ['buyer ann of shoe: units 2 ≠ 0', { pastUnits: () => undefined }],
  ['adjustment count-1 of shoe: delta 5 ≠ 6', ofAdjustment('count-1', { delta: 6 })],
  ['adjustment count-2 of lamp: reason lost ≠ found', ofAdjustment('count-2', { reason: 'found' })],
  ['adjustment count-2 of lamp: sold 0 ≠ 1', ofAdjustment('count-2', { sold: 1 })],
  ['adjustment count-1 of shoe: presence present ≠ absent', ofAdjustment('count-1', { key: 'x' })],
]

describe('two states', () => {
  test('that are the same have no difference, whatever led to them', () => {
    const state = shop()
    expect(diffStates(state, restored(state))).toBeUndefined()
    expect(diffStates(new PartitionState(1), new PartitionState(2))).toBeUndefined()
  })

  test.each(CHANGES)('differ first in: %s', (words, changes) => {
    const state = shop()
    const other = changed(state, changes)
    const found = diffStates(state, other)
    expect(found && differenceWords(found)).toBe(words)
    // The other way round it is the same field, unless a name changed: then each side has one of its own.
    const back = diffStates(other, state)
    if (hasNewName(changes)) expect(back?.field).toBe(found?.field)
    else expect(back).toEqual({ ...found, left: found?.right, right: found?.left })
  })

  test('of which one opened SKUs in another order differ in that', () => {
    const [shoe, lamp] = [open(5), open(5, {}, 'lamp')].map(({ kind: _, ...one }) => one)
    const opened = (...skus: (typeof shoe)[]) => {
      const state = new PartitionState(1)
      for (const one of skus) if (one) state.addActor(one.sku, 5, one.rules, 1)
      return state
    }
    const found = diffStates(opened(shoe, lamp), opened(lamp, shoe))
    expect(found && differenceWords(found)).toBe('sku shoe: index 0 ≠ 1')
    const more = diffStates(opened(lamp), opened(shoe, lamp))
    expect(more && differenceWords(more)).toBe('sku shoe: presence absent ≠ present')
  })

  randomTest('have a first difference exactly when their hashes differ', (random) => {
    const events = randomEvents(random, 80)
    const whole = replayed(events)
    expect(diffStates(whole, restored(whole))).toBeUndefined()
    for (let round = 0; round < 20; round++) {
      const other = replayed(events.slice(0, random.integer(0, events.length)))
      // As if it had seen as many: what is left is a difference of contents.
      other.lastSeq = whole.lastSeq
      const isSame = stateHash(whole) === stateHash(other)
      const found = diffStates(whole, other)
      expect(found === undefined).toBe(isSame)
      expect(found?.field, 'every difference has a name').not.toBe('stateHash')
    }
  })
})
