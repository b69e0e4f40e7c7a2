// Views of the state for answers.
import type { Adjustment } from './adjustments.ts'
import type { Reserved } from './event.ts'
import { invariant } from './invariant.ts'
import type { DueHold, ReservationStateName, ReservationView, SkuView } from './outcome.ts'
import type { PartitionState } from './partition-state.ts'
import { CANCELLED, CONFIRMED, EXPIRED, FREE, HELD, type RowState } from './reservation-table.ts'
import type { SkuActor } from './sku-actor.ts'

/** The reservation in `row` as it is now. */
export function viewReservation(state: PartitionState, row: number): ReservationView {
  const reservations = state.reservations
  const actor = state.actorOfRow(row)
  const isHeld = reservations.state(row) === HELD
  return {
    kind: 'reservation',
    isNew: false,
    isReplay: false,
    id: state.idOf(row),
    sku: actor.sku,
    buyer: state.accounts.buyer(reservations.account(row)),
    quantity: reservations.quantity(row),
    state: stateName(reservations.state(row)),
    confirmed: reservations.confirmed(row),
    returned: reservations.returned(row),
    expiresAt: isHeld ? reservations.until(row) : undefined,
    endedAt: isHeld ? undefined : reservations.until(row),
    remaining: actor.available,
    seq: actor.seq,
  }
}

/** The answer to the reservation that `event` has just made. Built without reading its row again: the hot path. */
export function viewNewReservation(actor: SkuActor, event: Reserved): ReservationView {
  return {
    kind: 'reservation',
    isNew: true,
    isReplay: false,
    id: event.id,
    sku: event.sku,
    buyer: event.buyer,
    quantity: event.quantity,
    state: 'held',
    confirmed: 0,
    returned: 0,
    expiresAt: event.at + event.holdMs,
    endedAt: undefined,
    remaining: actor.available,
    seq: actor.seq,
  }
}

/** The answer that `row` got when it was reserved, whatever became of it since: what a retry gets again. */
export function viewReplayedReservation(state: PartitionState, row: number): ReservationView {
  const reservations = state.reservations
  return {
    kind: 'reservation',
    isNew: false,
    isReplay: true,
    id: state.idOf(row),
    sku: state.actorOfRow(row).sku,
    buyer: state.accounts.buyer(reservations.account(row)),
    quantity: reservations.quantity(row),
    state: 'held',
    confirmed: 0,
    returned: 0,
    expiresAt: reservations.reservedAt(row) + reservations.holdMs(row),
    endedAt: undefined,
    remaining: reservations.remaining(row),
    seq: reservations.seq(row),
  }
}

/** The hold in `row`, as a list of holds shows it. */
export function viewDueHold(state: PartitionState, row: number): DueHold {
  const { reservations, accounts } = state
  return {
    id: state.idOf(row),
    sku: state.actorOfRow(row).sku,
    buyer: accounts.buyer(reservations.account(row)),
    quantity: reservations.quantity(row),
    reservedAt: reservations.reservedAt(row),
    expiresAt: reservations.until(row),
  }
}

/** The SKU as it is now. */
export function viewSku(actor: SkuActor, at: number, isNew = false): SkuView {
  return {
    kind: 'sku',
    isNew,
    isReplay: false,
    sku: actor.sku,
    stock: actor.stock,
    available: actor.available,
    held: actor.held,
    sold: actor.sold,
    rules: actor.rules,
    seq: actor.seq,
    at,
  }
}

/** The SKU as it was right after an adjustment. */
export function viewAdjusted(actor: SkuActor, made: Adjustment, isReplay: boolean): SkuView {
  return {
    kind: 'sku',
    isNew: false,
    isReplay,
    sku: actor.sku,
    stock: made.stock,
    available: made.available,
    held: made.held,
    sold: made.sold,
    rules: actor.rules,
    seq: made.seq,
    at: made.at,
  }
}

/** The name of a row's state as answers and documents spell it. */
function stateName(state: RowState): ReservationStateName {
  invariant(state !== FREE, 'only a remembered reservation has a state')
  if (state === HELD) return 'held'
  if (state === CONFIRMED) return 'confirmed'
  if (state === CANCELLED) return 'cancelled'
  invariant(state === EXPIRED, 'a row is held, confirmed, cancelled or expired')
  return 'expired'
}
