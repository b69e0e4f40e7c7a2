// What must hold before an event may be applied: which promise of the design it would break, by its number.
// `evolve` insists on most of it, too; here it gets its name, and an end that is not a crash.
import type { Adjusted, Event, Opened, Reserved } from '../core/event.ts'
import { fnv1a32 } from '../core/fnv1a32.ts'
import { NO_ROW } from '../core/hash-index.ts'
import { unreachable } from '../core/invariant.ts'
import { STOCK_MAX } from '../core/limits.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { CONFIRMED, HELD } from '../core/reservation-table.ts'

/** A promise that an event breaks. */
export interface Breach {
  /** I1 to I9, as the design counts them. */
  readonly invariant: string
  readonly what: string
}

/** Events that concern a reservation that is there already. */
type Later = Exclude<Event, { readonly sku: string } | { readonly kind: 'configured' }>

/** The first invariant that applying `event` to `state` would break, undefined when it follows the rules. */
export function breachOf(state: PartitionState, event: Event): Breach | undefined {
  if (event.at < state.lastAt) return breach('I5', `its time ${event.at} is before ${state.lastAt}`)
  switch (event.kind) {
    case 'configured':
      return undefined
    case 'opened':
      return breachOfOpened(state, event)
    case 'changed':
      return state.actorOf(event.sku) === undefined ? neverOpened(event.sku) : undefined
    case 'adjusted':
      return breachOfAdjusted(state, event)
    case 'reserved':
      return breachOfReserved(state, event) ?? breachOfLimit(state, event)
    default:
      return breachOfLater(state, event)
  }
}

/** The SKU that `event` concerns, undefined when there is none. */
export function skuOf(state: PartitionState, event: Event): string | undefined {
  if ('sku' in event) return event.sku
  const row = 'id' in event ? state.rowOf(event.id) : NO_ROW
  return row === NO_ROW ? undefined : state.actorOfRow(row).sku
}

function breachOfOpened(state: PartitionState, event: Opened): Breach | undefined {
  if (state.actorOf(event.sku) !== undefined) return breach('I3', 'the SKU is opened again')
  if (event.stock < 0) return breach('I1', `it is opened with ${event.stock} units`)
  return event.stock > STOCK_MAX
    ? breach('I9', `it is opened with ${event.stock} units`)
    : undefined
}

function breachOfAdjusted(state: PartitionState, event: Adjusted): Breach | undefined {
  const actor = state.actorOf(event.sku)
  if (actor === undefined) return neverOpened(event.sku)
  if (state.adjustments.find(event.sku, event.key) !== undefined) {
    return breach('I3', `the key ${event.key}, which is still remembered, adjusts again`)
  }
  if (actor.available + event.delta < 0) {
    return breach('I1', `${-event.delta} units are taken of ${actor.available} available`)
  }
  const stock = actor.stock + event.delta
  return stock > STOCK_MAX ? breach('I9', `the stock becomes ${stock}`) : undefined
}

function breachOfReserved(state: PartitionState, event: Reserved): Breach | undefined {
  if (state.rowOf(event.id) !== NO_ROW) {
    return breach('I3', 'an id that is still remembered is reserved again')
  }
  const actor = state.actorOf(event.sku)
  if (actor === undefined) return neverOpened(event.sku)
  if (event.id.skuHash !== fnv1a32(event.sku)) {
    return breach('I3', `the id is not one of SKU ${event.sku}`)
  }
  if (event.quantity < 1) return breach('I1', `${event.quantity} units are reserved`)
  if (event.quantity <= actor.available) return undefined
  return breach('I1', `${event.quantity} units are reserved of ${actor.available} available`)
}

function breachOfLimit(state: PartitionState, event: Reserved): Breach | undefined {
  const actor = state.actorOf(event.sku)
  if (actor?.rules.perBuyer === undefined) return undefined
  const { perBuyer } = actor.rules
  const account = state.accounts.find(actor.index, event.buyer)
  const units = event.quantity + (account === NO_ROW ? 0 : state.accounts.units(account))
  if (units <= perBuyer) return undefined
  return breach('I8', `buyer ${event.buyer} gets ${units} units of at most ${perBuyer}`)
}

function breachOfLater(state: PartitionState, event: Later): Breach | undefined {
  const row = state.rowOf(event.id)
  if (row === NO_ROW) return breach('I3', `what is ${event.kind} was never reserved, or forgotten`)
  const { reservations } = state
  const needed = event.kind === 'returned' ? CONFIRMED : HELD
  if (reservations.state(row) !== needed) {
    return breach('I7', `what is ${event.kind} is ${needed === HELD ? 'held' : 'sold'} no more`)
  }
  switch (event.kind) {
    case 'confirmed':
      return breachOfPart(event.quantity, reservations.quantity(row), 'sold', 'held')
    case 'returned':
      if (event.returnedTotal <= reservations.returned(row)) {
        return breach('I3', `${event.returnedTotal} units had come back already`)
      }
      return breachOfPart(event.returnedTotal, reservations.confirmed(row), 'back', 'sold')
    case 'cancelled':
    case 'expired':
    case 'extended':
      return undefined
    default:
      return unreachable(event)
  }
}

function breachOfPart(
  units: number,
  whole: number,
  becomes: string,
  was: string,
): Breach | undefined {
  if (units >= 0 && units <= whole) return undefined
  return breach('I1', `${units} units are ${becomes} of ${whole} ${was}`)
}

function neverOpened(sku: string): Breach {
  return breach('I1', `SKU ${sku} was never opened`)
}

function breach(invariant: string, what: string): Breach {
  return { invariant, what }
}
