// How long the event loop was kept, turn by turn.
import { invariant } from '../core/invariant.ts'

/** The times of many turns. */
export class TurnTimes {
  #times: number[] = []

  add(ms: number): void {
    this.#times.push(ms)
  }

  get longestMs(): number {
    return this.#times.reduce((longest, ms) => Math.max(longest, ms), 0)
  }

  /** The time that `share` of the turns did not exceed; 0 before the first. */
  percentileMs(share: number): number {
    return this.#times.length === 0 ? 0 : percentile(this.#times, share)
  }

  /** Forgets all. */
  clear(): void {
    this.#times = []
  }
}

/** The smallest of `values` that `share` (0 … 1) of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  invariant(value !== undefined, 'a percentile is of something')
  return value
}
