// Waiting for memory is most of what a decision costs. Reading at once what many commands will look up first lets the
// processor wait for all of it together: half a million live reservations fit no cache.
import type { Command } from './command.ts'
import type { PartitionState } from './partition-state.ts'
import type { Ring } from './ring.ts'

/** Enough for their waits to overlap, few enough that nothing has left the cache before its turn. */
const AHEAD_MAX = 32

/** Reads ahead for one queue of commands. It changes nothing, and no answer depends on it. */
export class LookAhead {
  readonly #state: PartitionState
  /** Kept, so that no compiler finds the reads to be useless. */
  #sum = 0

  constructor(state: PartitionState) {
    this.#state = state
  }

  /** Reads for the first commands of `inbox`, which must hold one, and gives their number. */
  read(inbox: Ring<{ readonly command: Command }>): number {
    const count = Math.min(inbox.length, AHEAD_MAX)
    let sum = 0
    for (let index = 0; index < count; index++) {
      const asked = inbox.at(index)
      if (asked !== undefined) sum += this.#touch(asked.command)
    }
    this.#sum = sum
    return count
  }

  /** What the last reads came to: a number without meaning. */
  get sum(): number {
    return this.#sum
  }

  #touch(command: Command): number {
    switch (command.kind) {
      case 'reserve': {
        const actor = this.#state.actorOf(command.sku)
        if (actor === undefined) return 0
        const { accounts, reservations } = this.#state
        return accounts.touch(actor.index, command.buyer) + reservations.touch(command.id)
      }
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
}
