// A seeded generator in the forms that damage is drawn in: numbers, choices, bytes.
import { fnv1a32 } from '../../../core/fnv1a32.ts'
import { invariant } from '../../../core/invariant.ts'
import { seededRandom } from '../random.ts'

/** Something that is drawn more often the heavier it is. */
export interface Weighted {
  readonly weight: number
}

/** Draws that are the same for the same seed and purpose, whatever other dice have drawn. */
export class Dice {
  readonly #random: () => number

  constructor(seed: number, purpose: string) {
    this.#random = seededRandom(fnv1a32(`${seed} ${purpose}`))
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1))
  }

  /** True in `share` of all draws. */
  hasLuck(share: number): boolean {
    return this.#random() < share
  }

  pick<Item>(items: readonly Item[]): Item {
    invariant(items.length > 0, 'there is something to pick from')
    return items[this.integer(0, items.length - 1)] as Item
  }

  pickWeighted<Item extends Weighted>(items: readonly Item[]): Item {
    let left = this.#random() * items.reduce((sum, { weight }) => sum + weight, 0)
    for (const item of items) {
      left -= item.weight
      if (left < 0) return item
    }
    return this.pick(items)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let index = 0; index < length; index++) bytes[index] = this.integer(0, 255)
    return bytes
  }
}
