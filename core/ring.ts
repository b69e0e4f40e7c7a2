// A bounded first-in-first-out queue that allocates once.
import { invariant } from './invariant.ts'

/** A queue of at most `capacity` items (a power of two). */
export class Ring<Item> {
  readonly #items: (Item | undefined)[]
  readonly #mask: number
  #head = 0
  #tail = 0

  constructor(capacity: number) {
    invariant((capacity & (capacity - 1)) === 0, 'the capacity is a power of two')
    this.#items = new Array<Item | undefined>(capacity).fill(undefined)
    this.#mask = capacity - 1
  }

  get length(): number {
    return this.#tail - this.#head
  }

  get isFull(): boolean {
    return this.length > this.#mask
  }

  /** Appends; the caller has seen that the queue is not full. */
  push(item: Item): void {
    invariant(!this.isFull, 'a full queue takes nothing more')
    this.#items[this.#tail++ & this.#mask] = item
  }

  /** The oldest item, which stays; undefined when empty. */
  peek(): Item | undefined {
    return this.length === 0 ? undefined : this.#items[this.#head & this.#mask]
  }

  /** The item behind `index` older ones; undefined when there are not so many. */
  at(index: number): Item | undefined {
    return index < this.length ? this.#items[(this.#head + index) & this.#mask] : undefined
  }

  /** Takes the oldest item; undefined when empty. */
  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const slot = this.#head++ & this.#mask
    const item = this.#items[slot]
    this.#items[slot] = undefined
    return item
  }
}
