// What an event does to the state: total, the same live and in replay. No clock, no decision, no refusal.

import type {
  Adjusted,
  Changed,
  Confirmed,
  Event,
  Extended,
  Opened,
  Reserved,
  Returned,
} from './event.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant, unreachable } from './invariant.ts'
import { FORGET_PER_EVENT_MAX } from './limits.ts'
import type { PartitionState } from './partition-state.ts'
import type { ReservationId } from './reservation-id.ts'
import { CANCELLED, CONFIRMED, EXPIRED, type RowState } from './reservation-table.ts'

/**
 * Applies `event` as the next one. An event that does not fit the state is a bug or a foreign journal: it throws
 * an InvariantError, and the state is then no longer usable.
 */
export function evolve(state: PartitionState, event: Event): void {
  invariant(event.at >= state.lastAt, 'logical time never goes backwards')
  state.lastSeq++
  state.lastAt = event.at
  apply(state, event)
  state.forgets.forget(event.at - state.retentionMs, FORGET_PER_EVENT_MAX)
  state.adjustments.forget(event.at - state.retentionMs, FORGET_PER_EVENT_MAX)
}

function apply(state: PartitionState, event: Event): void {
  switch (event.kind) {
    case 'reserved':
      applyReserved(state, event)
      break
    case 'confirmed':
      applyConfirmed(state, event)
      break
    case 'cancelled':
      applyReleased(state, event.id, CANCELLED, event.at)
      break
    case 'expired':
      applyReleased(state, event.id, EXPIRED, event.at)
      break
    case 'extended':
      applyExtended(state, event)
      break
    case 'returned':
      applyReturned(state, event)
      break
    case 'opened':
      applyOpened(state, event)
      break
    case 'changed':
      applyChanged(state, event)
      break
    case 'adjusted':
      applyAdjusted(state, event)
      break
    case 'configured':
      state.retentionMs = event.retentionMs
      break
    default:
      unreachable(event)
  }
}

function applyReserved(state: PartitionState, event: Reserved): void {
  const actor = state.actorOf(event.sku)
  invariant(actor !== undefined, 'units are reserved of a SKU that was opened')
  actor.hold(event.quantity)
  actor.seq = state.lastSeq
  const account = state.accounts.findOrOpen(actor.index, event.buyer)
  state.accounts.addUnits(account, event.quantity)
  state.accounts.addReservations(account, 1)
  const row = state.reservations.insert({
    id: event.id,
    account,
    seq: state.lastSeq,
    quantity: event.quantity,
    remaining: actor.available,
    reservedAt: event.at,
    holdMs: event.holdMs,
  })
  state.due.add(row)
}

function applyConfirmed(state: PartitionState, event: Confirmed): void {
  const row = rowOfEvent(state, event.id)
  const actor = state.actorOfRow(row)
  const released = state.reservations.quantity(row) - event.quantity
  invariant(released >= 0, 'no more is sold than was held')
  end(state, row, CONFIRMED, event.quantity, event.at)
  actor.sell(event.quantity)
  actor.release(released)
  actor.seq = state.lastSeq
  state.accounts.addUnits(state.reservations.account(row), -released)
}

function applyReleased(
  state: PartitionState,
  id: ReservationId,
  into: RowState,
  endedAt: number,
): void {
  const row = rowOfEvent(state, id)
  const actor = state.actorOfRow(row)
  const units = state.reservations.quantity(row)
  end(state, row, into, 0, endedAt)
  actor.release(units)
  actor.seq = state.lastSeq
  state.accounts.addUnits(state.reservations.account(row), -units)
}

function applyExtended(state: PartitionState, event: Extended): void {
  const row = rowOfEvent(state, event.id)
  state.due.remove(row)
  state.reservations.setUntil(row, event.at + event.holdMs)
  state.due.add(row)
  state.actorOfRow(row).seq = state.lastSeq
}

function applyReturned(state: PartitionState, event: Returned): void {
  const row = rowOfEvent(state, event.id)
  const actor = state.actorOfRow(row)
  const units = event.returnedTotal - state.reservations.returned(row)
  invariant(units > 0, 'a return brings units back')
  invariant(
    event.returnedTotal <= state.reservations.confirmed(row),
    'no more comes back than was sold',
  )
  state.reservations.setReturned(row, event.returnedTotal)
  actor.takeBack(units)
  actor.seq = state.lastSeq
  state.accounts.addUnits(state.reservations.account(row), -units)
}

function applyOpened(state: PartitionState, event: Opened): void {
  state.addActor(event.sku, event.stock, event.rules, state.lastSeq)
}

function applyChanged(state: PartitionState, event: Changed): void {
  const actor = state.actorOf(event.sku)
  invariant(actor !== undefined, 'rules change for a SKU that was opened')
  actor.rules = event.rules
  actor.seq = state.lastSeq
}

function applyAdjusted(state: PartitionState, event: Adjusted): void {
  const actor = state.actorOf(event.sku)
  invariant(actor !== undefined, 'stock is adjusted of a SKU that was opened')
  actor.adjust(event.delta)
  actor.seq = state.lastSeq
  state.adjustments.add({
    sku: event.sku,
    key: event.key,
    delta: event.delta,
    reason: event.reason,
    at: event.at,
    seq: state.lastSeq,
    stock: actor.stock,
    available: actor.available,
    held: actor.held,
    sold: actor.sold,
  })
}

function rowOfEvent(state: PartitionState, id: ReservationId): number {
  const row = state.rowOf(id)
  invariant(row !== NO_ROW, 'an event speaks of a reservation that is remembered')
  return row
}

function end(
  state: PartitionState,
  row: number,
  into: RowState,
  confirmed: number,
  endedAt: number,
): void {
  state.due.remove(row)
  state.reservations.end(row, into, confirmed, endedAt)
  state.forgets.add(row)
}
