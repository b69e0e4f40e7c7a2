// Where two states part: the first record in canonical order that is not the same in both, down to the field.
import type { Adjustment } from '../../core/adjustments.ts'
import { NO_ROW } from '../../core/hash-index.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import { formatReservationId } from '../../core/reservation-id.ts'
import { CANCELLED, CONFIRMED, EXPIRED, FREE, HELD } from '../../core/reservation-table.ts'
import type { SkuActor } from '../../core/sku-actor.ts'
import { stateHash } from '../../core/state-hash.ts'
import { pastUnitsRecords, reservationRecords } from '../../core/state-records.ts'
import {
  counterFields,
  type Fields,
  firstDifference,
  onlyOn,
  type StateDifference,
} from './diff-fields.ts'

const STATE_NAMES = {
  [FREE]: 'free',
  [HELD]: 'held',
  [CONFIRMED]: 'confirmed',
  [CANCELLED]: 'cancelled',
  [EXPIRED]: 'expired',
} as const

/**
 * The first difference of two states, undefined when they are the same by hash: first how far they go and how long
 * they remember, then SKUs, reservations, buyers' units, adjustments, and the time of the last event.
 */
export function diffStates(
  left: PartitionState,
  right: PartitionState,
): StateDifference | undefined {
  const [ours, theirs] = [stateHash(left), stateHash(right)]
  if (ours === theirs) return undefined
  return (
    firstDifference(undefined, wholeFields(left), wholeFields(right)) ??
    diffSkus(left, right) ??
    diffReservations(left, right) ??
    diffBuyers(left, right) ??
    diffAdjustments(left, right) ??
    firstDifference(undefined, { at: left.lastAt }, { at: right.lastAt }) ?? {
      ...{ subject: undefined, field: 'stateHash', left: ours, right: theirs },
    }
  )
}

function wholeFields({ lastSeq, retentionMs }: PartitionState): Fields {
  return { seq: lastSeq, retentionMs }
}

// A SKU that only one side has moves those behind it, so it is named before the first that was moved.
function diffSkus(left: PartitionState, right: PartitionState): StateDifference | undefined {
  for (const { sku } of left.actors) {
    if (right.actorOf(sku) === undefined) return onlyOn('left', `sku ${sku}`)
  }
  for (const { sku } of right.actors) {
    if (left.actorOf(sku) === undefined) return onlyOn('right', `sku ${sku}`)
  }
  for (const actor of left.actors) {
    const other = right.actorOf(actor.sku)
    const found = other && firstDifference(`sku ${actor.sku}`, skuFields(actor), skuFields(other))
    if (found !== undefined) return found
  }
  return undefined
}

function skuFields(actor: SkuActor): Fields {
  return { ...counterFields(actor), openingStock: actor.openingStock, index: actor.index }
}

// By id, not by place: a hold that ended on one side only stands elsewhere in the canonical order.
function diffReservations(
  left: PartitionState,
  right: PartitionState,
): StateDifference | undefined {
  for (const { id } of reservationRecords(left)) {
    const subject = `reservation ${formatReservationId(id)}`
    const row = right.rowOf(id)
    if (row === NO_ROW) return onlyOn('left', subject)
    const ours = reservationFields(left, left.rowOf(id))
    const found = firstDifference(subject, ours, reservationFields(right, row))
    if (found !== undefined) return found
  }
  for (const { id } of reservationRecords(right)) {
    if (left.rowOf(id) === NO_ROW) {
      return onlyOn('right', `reservation ${formatReservationId(id)}`)
    }
  }
  return undefined
}

function reservationFields(state: PartitionState, row: number): Fields {
  const { reservations, accounts } = state
  return {
    state: STATE_NAMES[reservations.state(row)],
    buyer: accounts.buyer(reservations.account(row)),
    quantity: reservations.quantity(row),
    confirmed: reservations.confirmed(row),
    returned: reservations.returned(row),
    holdMs: reservations.holdMs(row),
    until: reservations.until(row),
    reservedAt: reservations.reservedAt(row),
    remaining: reservations.remaining(row),
    seq: reservations.seq(row),
  }
}

// Once reservations are the same, units differ only by those of reservations that were forgotten.
function diffBuyers(left: PartitionState, right: PartitionState): StateDifference | undefined {
  for (const side of [left, right]) {
    for (const { skuIndex, buyer } of pastUnitsRecords(side)) {
      const subject = `buyer ${buyer} of ${side.actors[skuIndex]?.sku}`
      const ours = { units: unitsOf(left, skuIndex, buyer) }
      const found = firstDifference(subject, ours, { units: unitsOf(right, skuIndex, buyer) })
      if (found !== undefined) return found
    }
  }
  return undefined
}

function unitsOf({ accounts }: PartitionState, skuIndex: number, buyer: string): number {
  const account = accounts.find(skuIndex, buyer)
  return account === NO_ROW ? 0 : accounts.units(account)
}

function diffAdjustments(left: PartitionState, right: PartitionState): StateDifference | undefined {
  for (const made of left.adjustments.values()) {
    const other = right.adjustments.find(made.sku, made.key)
    if (other === undefined) return onlyOn('left', nameOf(made))
    const found = firstDifference(nameOf(made), { ...made }, { ...other })
    if (found !== undefined) return found
  }
  for (const made of right.adjustments.values()) {
    if (left.adjustments.find(made.sku, made.key) === undefined)
      return onlyOn('right', nameOf(made))
  }
  return undefined
}

function nameOf({ key, sku }: Adjustment): string {
  return `adjustment ${key} of ${sku}`
}
