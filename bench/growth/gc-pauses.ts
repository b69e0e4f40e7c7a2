// How long the garbage collector stopped this thread, while somebody cares.
import { PerformanceObserver } from 'node:perf_hooks'

/** The longest pause between `begin` and `end`, over all such stretches. */
export class GcPauses {
  readonly #observer: PerformanceObserver
  #beganAt = Number.POSITIVE_INFINITY
  #longestMs = 0

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      // Entries come late: those of a collection before the beginning may still do so.
      for (const { startTime, duration } of list.getEntries()) {
        if (startTime >= this.#beganAt) this.#longestMs = Math.max(this.#longestMs, duration)
      }
    })
  }

  get longestMs(): number {
    return this.#longestMs
  }

  begin(): void {
    this.#beganAt = performance.now()
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  async end(): Promise<void> {
    // Two turns: one brings the entry to this thread, one to the observer.
    for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate)
    this.#observer.disconnect()
    this.#beganAt = Number.POSITIVE_INFINITY
  }

  clear(): void {
    this.#longestMs = 0
  }
}
