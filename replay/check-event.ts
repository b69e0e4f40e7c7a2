// What must hold before an event may be applied, beyond what `evolve` itself insists on (I3, I8).
import type { Event, Reserved } from '../core/event.ts'
import { NO_ROW } from '../core/hash-index.ts'
import type { PartitionState } from '../core/partition-state.ts'

/** A promise that an event breaks. */
export interface Breach {
  readonly invariant: string
  readonly what: string
}

/** The first invariant that applying `event` to `state` would break, undefined when it follows the rules. */
export function breachOf(state: PartitionState, event: Event): Breach | undefined {
  return event.kind === 'reserved' ? breachOfReserved(state, event) : undefined
}

function breachOfReserved(state: PartitionState, event: Reserved): Breach | undefined {
  if (state.rowOf(event.id) !== NO_ROW) {
    return { invariant: 'I3', what: 'an id that is still remembered is reserved again' }
  }
  const actor = state.actorOf(event.sku)
  if (actor === undefined) return { invariant: 'I1', what: `SKU ${event.sku} was never opened` }
  if (event.quantity > actor.available) {
    const what = `${event.quantity} units are reserved of ${actor.available} available`
    return { invariant: 'I1', what }
  }
  const { perBuyer } = actor.rules
  if (perBuyer === undefined) return undefined
  const account = state.accounts.find(actor.index, event.buyer)
  const units = event.quantity + (account === NO_ROW ? 0 : state.accounts.units(account))
  if (units <= perBuyer) return undefined
  return {
    invariant: 'I8',
    what: `buyer ${event.buyer} gets ${units} units of at most ${perBuyer}`,
  }
}
