// Lets the walks of several partitions go in step, so that their events come in the order of their times.

interface Waiting {
  readonly at: number
  readonly go: () => void
  readonly stop: (reason: unknown) => void
}

/** A gate that `walkers` walks pass, one moment after the other: whoever is ahead waits for the others. */
export class LockStep {
  #walkers: number
  #now = Number.NEGATIVE_INFINITY
  #waiting: Waiting[] = []
  #fault: unknown

  constructor(walkers: number) {
    this.#walkers = walkers
  }

  /** Asks for an event at `at`: undefined when it may pass at once. Rejects once a walk has failed. */
  turn(at: number): Promise<void> | undefined {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    if (at <= this.#now || this.#walkers === 1) return undefined
    return new Promise((go, stop) => {
      this.#waiting.push({ at, go, stop })
      this.#openGate()
    })
  }

  /** A walk is over: the others no longer wait for it. */
  leave(): void {
    this.#walkers--
    this.#openGate()
  }

  /** A walk has failed: the others end, too. */
  stop(fault: unknown): void {
    this.#fault = fault
    for (const { stop } of this.#waiting.splice(0)) stop(fault)
  }

  #openGate(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#walkers) return
    this.#now = Math.min(...this.#waiting.map(({ at }) => at))
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ at }) => at > this.#now)
    for (const one of waiting) if (one.at <= this.#now) one.go()
  }
}
