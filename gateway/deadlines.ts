// One tick for all calls with a deadline of their own: a timer for each would cost more than the call.

/** How late an answer may be that a deadline asks for, in ms. */
const TICK_MS = 5

/** Something that ends at its deadline unless it was taken out of its slot before. */
export interface Due {
  /** Monotonic ms. */
  readonly dueAt: number
  expire(): void
}

/** Ends what is due. It ticks only while something waits, and keeps no process alive. */
export class Deadlines {
  readonly now: () => number
  readonly #slots = new Map<number, Set<Due>>()
  #ticker: NodeJS.Timeout | undefined
  #nextSlot = 0

  /** `now` is a monotonic clock in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** Has `due` end at its time. Whoever is done before deletes it from the slot that comes back. */
  add(due: Due): Set<Due> {
    if (this.#ticker === undefined) {
      this.#nextSlot = Math.floor(this.now() / TICK_MS)
      this.#ticker = setInterval(() => this.tick(), TICK_MS).unref()
    }
    const number = Math.max(this.#nextSlot, Math.ceil(due.dueAt / TICK_MS))
    const slot = this.#slots.get(number) ?? new Set<Due>()
    slot.add(due)
    this.#slots.set(number, slot)
    return slot
  }

  /** Ends what is due by now. */
  tick(): void {
    const last = Math.floor(this.now() / TICK_MS)
    for (; this.#nextSlot <= last; this.#nextSlot++) {
      const slot = this.#slots.get(this.#nextSlot)
      if (slot === undefined) continue
      this.#slots.delete(this.#nextSlot)
      for (const due of slot) due.expire()
    }
    if (this.#slots.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }
}
