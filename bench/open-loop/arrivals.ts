// Arrivals of an open loop: evenly spaced in time, whether or not anybody is free to serve them.

export interface ArrivalsOptions {
  readonly perSecond: number
  /** From then on nobody arrives any more, in ms from the start. */
  readonly endMs: number
  /** Who has waited for so long goes away. */
  readonly giveUpMs?: number
}

/** They are numbered, so that those who wait are two numbers and cost nothing, however many they are. */
export class Arrivals {
  readonly #options: ArrivalsOptions
  /** The number of the one who waits longest. */
  #first = 0
  #due = 0
  #givenUp = 0

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** How many have arrived so far. */
  get due(): number {
    return this.#due
  }

  get givenUp(): number {
    return this.#givenUp
  }

  get waiting(): number {
    return this.#due - this.#first
  }

  /** It is `elapsedMs` from the start: some arrive, and some have waited too long. */
  advance(elapsedMs: number): void {
    const { endMs, giveUpMs = Number.POSITIVE_INFINITY } = this.#options
    this.#due = this.#countBefore(Math.min(elapsedMs, endMs))
    const oldest = Math.min(this.#due, this.#countBefore(elapsedMs - giveUpMs))
    this.#givenUp += Math.max(0, oldest - this.#first)
    this.#first = Math.max(this.#first, oldest)
  }

  /** Takes the one who waits longest: when it arrived, in ms from the start; undefined when nobody waits. */
  take(): number | undefined {
    if (this.#first >= this.#due) return undefined
    return (this.#first++ * 1_000) / this.#options.perSecond
  }

  // Number n arrives at n / perSecond: number 0 at once.
  #countBefore(elapsedMs: number): number {
    return Math.max(0, Math.ceil((elapsedMs * this.#options.perSecond) / 1_000))
  }
}
