// A state as records and back: what a snapshot holds. The order is canonical, so equal states give equal records.
import { AccountSums } from './account-sums.ts'
import type { Adjustment } from './adjustments.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import type { LookAhead } from './look-ahead.ts'
import type { PartitionState } from './partition-state.ts'
import type { ReservationId } from './reservation-id.ts'
import { CONFIRMED, HELD, type RowState } from './reservation-table.ts'
import type { SaleRules } from './rules.ts'

export interface SkuRecord {
  readonly sku: string
  readonly openingStock: number
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly seq: number
  readonly rules: SaleRules
}

export interface ReservationRecord {
  readonly id: ReservationId
  readonly skuIndex: number
  readonly buyer: string
  readonly state: RowState
  readonly quantity: number
  readonly remaining: number
  readonly holdMs: number
  readonly seq: number
  readonly reservedAt: number
  readonly until: number
  readonly confirmed: number
  readonly returned: number
}

/** Units that a buyer bought by reservations which are forgotten: they still count for the per-buyer limit. */
export interface PastUnitsRecord {
  readonly skuIndex: number
  readonly buyer: string
  readonly units: number
}

/** SKUs in the order of opening. */
export function* skuRecords(state: PartitionState): Generator<SkuRecord> {
  for (const actor of state.actors) {
    const { sku, openingStock, stock, available, held, sold, seq, rules } = actor
    yield { sku, openingStock, stock, available, held, sold, seq, rules }
  }
}

/** Ended reservations in the order in which they will be forgotten, then holds by seq. */
export function* reservationRecords(state: PartitionState): Generator<ReservationRecord> {
  const { reservations, forgets } = state
  for (let row = forgets.head; row !== NO_ROW; row = reservations.forgetNext(row)) {
    yield recordOf(state, row)
  }
  const holds: number[] = []
  for (let row = 0; row < reservations.rowLimit; row++) {
    if (reservations.state(row) === HELD) holds.push(row)
  }
  holds.sort((left, right) => reservations.seq(left) - reservations.seq(right))
  for (const row of holds) yield recordOf(state, row)
}

/** By SKU, then by name. */
export function pastUnitsRecords(state: PartitionState): PastUnitsRecord[] {
  const { accounts } = state
  const remembered = unitsOfRememberedReservations(state)
  const records: PastUnitsRecord[] = []
  accounts.forEach((account) => {
    const units = accounts.units(account) - remembered.of(account)
    invariant(units >= 0, 'an account has at least the units of its reservations')
    if (units === 0) return
    records.push({ skuIndex: accounts.skuIndex(account), buyer: accounts.buyer(account), units })
  })
  return records.sort(
    (left, right) => left.skuIndex - right.skuIndex || (left.buyer < right.buyer ? -1 : 1),
  )
}

/** Adds a SKU to a state that is being restored; in the recorded order. */
export function restoreSku(state: PartitionState, record: SkuRecord): void {
  const actor = state.addActor(record.sku, record.openingStock, record.rules, record.seq)
  actor.stock = record.stock
  actor.available = record.available
  actor.held = record.held
  actor.sold = record.sold
  actor.check()
}

/** Adds reservations to a state whose SKUs are restored; in the recorded order. */
export function restoreReservations(
  state: PartitionState,
  records: readonly ReservationRecord[],
  ahead: LookAhead,
): void {
  for (let start = 0; start < records.length; ) {
    const end = ahead.records(records, start)
    for (; start < end; start++) restoreReservation(state, records[start] as ReservationRecord)
  }
}

/** Adds a reservation to a state whose SKUs are restored; in the recorded order. */
export function restoreReservation(state: PartitionState, record: ReservationRecord): void {
  const { reservations, accounts } = state
  const account = accounts.findOrOpen(record.skuIndex, record.buyer)
  accounts.addReservations(account, 1)
  // Spelt out in the order that `evolve` uses: a spread makes another shape, and insert twice as slow.
  const row = reservations.insert({
    id: record.id,
    account,
    seq: record.seq,
    quantity: record.quantity,
    remaining: record.remaining,
    reservedAt: record.reservedAt,
    holdMs: record.holdMs,
  })
  accounts.addUnits(account, record.state === HELD ? record.quantity : record.confirmed)
  if (record.state === HELD) {
    reservations.setUntil(row, record.until)
    state.due.add(row)
    return
  }
  reservations.end(row, record.state, record.confirmed, record.until)
  if (record.returned > 0) {
    reservations.setReturned(row, record.returned)
    accounts.addUnits(account, -record.returned)
  }
  state.forgets.add(row)
}

/** Adds a buyer's past units, after the reservations. */
export function restorePastUnits(state: PartitionState, record: PastUnitsRecord): void {
  state.accounts.addUnits(state.accounts.findOrOpen(record.skuIndex, record.buyer), record.units)
}

/** Adds a remembered adjustment; oldest first. */
export function restoreAdjustment(state: PartitionState, record: Adjustment): void {
  state.adjustments.add(record)
}

function recordOf(state: PartitionState, row: number): ReservationRecord {
  const { reservations, accounts } = state
  const account = reservations.account(row)
  return {
    id: state.idOf(row),
    skuIndex: accounts.skuIndex(account),
    buyer: accounts.buyer(account),
    state: reservations.state(row),
    quantity: reservations.quantity(row),
    remaining: reservations.remaining(row),
    holdMs: reservations.holdMs(row),
    seq: reservations.seq(row),
    reservedAt: reservations.reservedAt(row),
    until: reservations.until(row),
    confirmed: reservations.confirmed(row),
    returned: reservations.returned(row),
  }
}

function unitsOfRememberedReservations(state: PartitionState): AccountSums {
  const { reservations, accounts } = state
  const units = new AccountSums(accounts)
  for (let row = 0; row < reservations.rowLimit; row++) {
    const counted = countedUnits(state, row)
    if (counted > 0) units.add(reservations.account(row), counted)
  }
  return units
}

// What a reservation adds to its buyer's units: held ones, and sold ones that did not come back.
function countedUnits(state: PartitionState, row: number): number {
  const { reservations } = state
  if (reservations.state(row) === HELD) return reservations.quantity(row)
  if (reservations.state(row) !== CONFIRMED) return 0
  return reservations.confirmed(row) - reservations.returned(row)
}
