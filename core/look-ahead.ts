// Waiting for memory is most of what a decision costs. Reading at once what many commands will look up first lets the
// processor wait for all of it together: half a million live reservations fit no cache.
import type { Command } from './command.ts'
import type { Event } from './event.ts'
import type { PartitionState } from './partition-state.ts'
import type { ReservationId } from './reservation-id.ts'
import type { Ring } from './ring.ts'
import type { ReservationRecord } from './state-records.ts'

/** Enough for their waits to overlap, few enough that nothing has left the cache before its turn. */
const AHEAD_MAX = 32

/** Reads ahead for one queue of commands, events or records. It changes nothing, and no answer depends on it. */
export class LookAhead {
  readonly #state: PartitionState
  /** Kept, so that no compiler finds the reads to be useless. */
  #sum = 0

  constructor(state: PartitionState) {
    this.#state = state
  }

  /** Reads for the first commands of `inbox`, which must hold one, and gives their number. */
  commands(inbox: Ring<{ readonly command: Command }>): number {
    const count = Math.min(inbox.length, AHEAD_MAX)
    let sum = 0
    for (let index = 0; index < count; index++) {
      const asked = inbox.at(index)
      if (asked !== undefined) sum += this.#touchCommand(asked.command)
    }
    this.#sum = sum
    return count
  }

  /** Reads for the events from number `start` on, and gives the number of the first that it did not read for. */
  events(events: readonly Event[], start: number): number {
    const end = Math.min(start + AHEAD_MAX, events.length)
    let sum = 0
    for (let index = start; index < end; index++) sum += this.#touchEvent(events[index] as Event)
    this.#sum = sum
    return end
  }

  /** As `events`, for records that are restored. */
  records(records: readonly ReservationRecord[], start: number): number {
    const { accounts, reservations } = this.#state
    const end = Math.min(start + AHEAD_MAX, records.length)
    let sum = 0
    for (let index = start; index < end; index++) {
      const { skuIndex, buyer, id } = records[index] as ReservationRecord
      sum += accounts.touch(skuIndex, buyer) + reservations.touch(id)
    }
    this.#sum = sum
    return end
  }

  /** What the last reads came to: a number without meaning. */
  get sum(): number {
    return this.#sum
  }

  #touchCommand(command: Command): number {
    switch (command.kind) {
      case 'reserve':
        return this.#touchNew(command.sku, command.buyer, command.id)
      case 'confirm':
      case 'cancel':
      case 'extend':
      case 'return':
      case 'read-reservation':
        return this.#state.reservations.touch(command.id)
      default:
        return 0
    }
  }

  #touchEvent(event: Event): number {
    switch (event.kind) {
      case 'reserved':
        return this.#touchNew(event.sku, event.buyer, event.id)
      case 'confirmed':
      case 'cancelled':
      case 'expired':
      case 'extended':
      case 'returned':
        return this.#state.reservations.touch(event.id)
      default:
        return 0
    }
  }

  #touchNew(sku: string, buyer: string, id: ReservationId): number {
    const actor = this.#state.actorOf(sku)
    if (actor === undefined) return 0
    const { accounts, reservations } = this.#state
    return accounts.touch(actor.index, buyer) + reservations.touch(id)
  }
}
