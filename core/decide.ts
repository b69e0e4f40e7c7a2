// The rules of a sale: what a command comes to, given the state. Pure: it changes nothing.
// Every function returns its refusals first, in order of precedence; what follows cannot fail.

import type {
  AdjustStock,
  AmendSku,
  Confirm,
  Extend,
  OpenSku,
  ReservationCommand,
  Reserve,
  Return,
} from './command.ts'
import { type Decision, UNCHANGED } from './decision.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant, unreachable } from './invariant.ts'
import { SKUS_MAX, STOCK_MAX } from './limits.ts'
import type { PartitionState } from './partition-state.ts'
import { type Refusal, refuse } from './refusal.ts'
import { CANCELLED, CONFIRMED, EXPIRED, HELD } from './reservation-table.ts'
import { amendRules, isSameRules, rulesContradiction, type SaleRules } from './rules.ts'
import type { SkuActor } from './sku-actor.ts'

/** A command that may change the state, as opposed to a read. */
export type Change = OpenSku | AmendSku | AdjustStock | Reserve | ReservationCommand

/**
 * Decides `change` at logical time `at` (ms since 1970), which is not before the last event's and by which every
 * due hold has already expired.
 */
export function decide(state: PartitionState, change: Change, at: number): Decision {
  invariant(at >= state.lastAt, 'nothing is decided in the past')
  switch (change.kind) {
    case 'reserve':
      return decideReserve(state, change, at)
    case 'open':
      return decideOpen(state, change, at)
    case 'amend':
      return decideAmend(state, change, at)
    case 'adjust':
      return decideAdjust(state, change, at)
    case 'confirm':
    case 'cancel':
    case 'extend':
    case 'return':
      return decideReservation(state, change, at)
    default:
      return unreachable(change)
  }
}

function decideReserve(state: PartitionState, command: Reserve, at: number): Decision {
  const actor = state.actorOf(command.sku)
  if (actor === undefined) return refuse('unknown_sku')
  const row = state.rowOf(command.id)
  if (row !== NO_ROW) {
    return state.reservations.quantity(row) === command.quantity ? UNCHANGED : refuse('key_reused')
  }
  const holdMs = command.holdMs ?? actor.rules.holdMs
  const refusal =
    refuseBySchedule(actor, at) ??
    refuseByHold(actor, holdMs) ??
    refuseByBuyer(state, actor, command) ??
    refuseByStock(actor, command.quantity)
  if (refusal !== undefined) return refusal

  return {
    kind: 'reserved',
    at,
    id: command.id,
    sku: command.sku,
    buyer: command.buyer,
    quantity: command.quantity,
    holdMs,
    meta: command.meta,
  }
}

function refuseBySchedule(actor: SkuActor, at: number): Refusal | undefined {
  const { opensAt, closesAt, paused } = actor.rules
  if (closesAt !== undefined && at >= closesAt) return refuse('sale_closed')
  if (opensAt !== undefined && at < opensAt) {
    return { kind: 'refusal', code: 'sale_not_open', opensAt }
  }
  return paused ? refuse('sale_paused') : undefined
}

function refuseByHold(actor: SkuActor, holdMs: number): Refusal | undefined {
  if (holdMs <= actor.rules.maxHoldMs) return undefined
  return { kind: 'refusal', code: 'hold_limit', maxHoldMs: actor.rules.maxHoldMs }
}

function refuseByBuyer(
  state: PartitionState,
  actor: SkuActor,
  command: Reserve,
): Refusal | undefined {
  const limit = actor.rules.perBuyer
  if (limit === undefined) return undefined
  const account = state.accounts.find(actor.index, command.buyer)
  const used = account === NO_ROW ? 0 : state.accounts.units(account)
  if (used + command.quantity <= limit) return undefined
  return { kind: 'refusal', code: 'buyer_limit', limit, used }
}

function refuseByStock(actor: SkuActor, quantity: number): Refusal | undefined {
  if (quantity <= actor.available) return undefined
  return {
    kind: 'refusal',
    code: 'sold_out',
    available: actor.available,
    heldUnits: actor.held,
    final: quantity > actor.available + actor.held,
  }
}

function decideOpen(state: PartitionState, command: OpenSku, at: number): Decision {
  const actor = state.actorOf(command.sku)
  if (actor !== undefined) return decideReopen(actor, command, at)
  if (command.stock === undefined) return refuse('stock_required')
  if (state.actors.length >= SKUS_MAX) return refuse('sku_limit')

  const { sku, stock, rules, by } = command
  return { kind: 'opened', at, sku, stock, rules, by }
}

function decideReopen(actor: SkuActor, command: OpenSku, at: number): Decision {
  if (command.stock !== undefined && command.stock !== actor.openingStock) {
    return refuse('stock_fixed')
  }
  return decideRules(actor, command.rules, command.by, at)
}

function decideAmend(state: PartitionState, command: AmendSku, at: number): Decision {
  const actor = state.actorOf(command.sku)
  if (actor === undefined) return refuse('unknown_sku')
  const rules = amendRules(actor.rules, command.changes)
  const contradiction = rulesContradiction(rules)
  if (contradiction !== undefined) {
    return { kind: 'refusal', code: 'rules_contradict', contradiction }
  }
  return decideRules(actor, rules, command.by, at)
}

function decideRules(
  actor: SkuActor,
  rules: SaleRules,
  by: string | undefined,
  at: number,
): Decision {
  if (isSameRules(actor.rules, rules)) return UNCHANGED

  return { kind: 'changed', at, sku: actor.sku, rules, by }
}

function decideAdjust(state: PartitionState, command: AdjustStock, at: number): Decision {
  const actor = state.actorOf(command.sku)
  if (actor === undefined) return refuse('unknown_sku')
  const before = state.adjustments.find(command.sku, command.key)
  if (before !== undefined) {
    const isSame = before.delta === command.delta && before.reason === command.reason
    return isSame ? UNCHANGED : refuse('key_reused')
  }
  if (state.adjustments.isFull(at - state.retentionMs)) return refuse('adjustment_limit')
  if (actor.stock + command.delta > STOCK_MAX) return refuse('stock_limit')
  if (actor.available + command.delta < 0) {
    return { kind: 'refusal', code: 'insufficient_available', available: actor.available }
  }

  const { sku, key, delta, reason, by } = command
  return { kind: 'adjusted', at, sku, key, delta, reason, by }
}

function decideReservation(
  state: PartitionState,
  command: ReservationCommand,
  at: number,
): Decision {
  const row = state.rowOf(command.id)
  if (row === NO_ROW) return refuse('unknown_reservation')
  switch (command.kind) {
    case 'confirm':
      return decideConfirm(state, row, command, at)
    case 'cancel':
      return refuseOther(state, row, command.buyer) ?? decideCancel(state, row, at)
    case 'extend':
      return refuseOther(state, row, command.buyer) ?? decideExtend(state, row, command, at)
    case 'return':
      return decideReturn(state, row, command, at)
    default:
      return unreachable(command)
  }
}

/** The refusal of `buyer`, where one asks, to be told or to do anything about another's reservation. */
export function refuseOther(
  state: PartitionState,
  row: number,
  buyer: string | undefined,
): Refusal | undefined {
  if (buyer === undefined) return undefined
  const owner = state.accounts.buyer(state.reservations.account(row))
  return owner === buyer ? undefined : refuse('other_buyer')
}

function decideConfirm(state: PartitionState, row: number, command: Confirm, at: number): Decision {
  const reservations = state.reservations
  if (reservations.state(row) === EXPIRED) return refuse('reservation_expired')
  if (reservations.state(row) === CANCELLED) return refuse('already_cancelled')
  if (reservations.state(row) === CONFIRMED) {
    const isRepeat =
      command.quantity === undefined || command.quantity === reservations.confirmed(row)
    return isRepeat ? UNCHANGED : refuse('already_confirmed')
  }
  const quantity = command.quantity ?? reservations.quantity(row)
  if (quantity > reservations.quantity(row)) return tooLarge(reservations.quantity(row))

  return { kind: 'confirmed', at, id: command.id, quantity, paymentId: command.paymentId }
}

function decideCancel(state: PartitionState, row: number, at: number): Decision {
  switch (state.reservations.state(row)) {
    case EXPIRED:
      return refuse('reservation_expired')
    case CONFIRMED:
      return refuse('already_confirmed')
    case CANCELLED:
      return UNCHANGED
    default:
      return { kind: 'cancelled', at, id: state.idOf(row) }
  }
}

function decideExtend(state: PartitionState, row: number, command: Extend, at: number): Decision {
  const reservations = state.reservations
  if (reservations.state(row) === EXPIRED) return refuse('reservation_expired')
  if (reservations.state(row) === CANCELLED) return refuse('already_cancelled')
  if (reservations.state(row) === CONFIRMED) return refuse('already_confirmed')
  const { maxHoldMs } = state.actorOfRow(row).rules
  if (at + command.holdMs > reservations.reservedAt(row) + maxHoldMs) {
    return { kind: 'refusal', code: 'hold_limit', maxHoldMs }
  }
  // An extension never shortens a hold, so a late retry does no harm.
  if (at + command.holdMs <= reservations.until(row)) return UNCHANGED

  return { kind: 'extended', at, id: command.id, holdMs: command.holdMs }
}

function decideReturn(state: PartitionState, row: number, command: Return, at: number): Decision {
  const reservations = state.reservations
  if (reservations.state(row) === EXPIRED) return refuse('reservation_expired')
  if (reservations.state(row) === CANCELLED) return refuse('already_cancelled')
  if (reservations.state(row) === HELD) return refuse('not_confirmed')
  // The event itself would forget a reservation whose time is over, and nothing would be left to answer from.
  if (reservations.until(row) <= at - state.retentionMs) return refuse('unknown_reservation')
  const returnedTotal = command.returnedTotal ?? reservations.confirmed(row)
  if (returnedTotal > reservations.confirmed(row)) return tooLarge(reservations.confirmed(row))
  // The total so far only grows: a repeat, or an older message that comes late, changes nothing.
  if (returnedTotal <= reservations.returned(row)) return UNCHANGED

  return { kind: 'returned', at, id: command.id, returnedTotal }
}

function tooLarge(limit: number): Refusal {
  return { kind: 'refusal', code: 'quantity_too_large', limit }
}
