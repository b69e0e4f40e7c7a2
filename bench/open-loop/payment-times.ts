// When payments were due, how long they took, and what that says of a storm.

/** So much of the beginning is shown in fine steps. */
const FINE_UNTIL_MS = 2_000
const FINE_MS = 100
const COARSE_MS = 1_000

/** When each payment was due, from the start, and how long it took from then, in ms. */
export class PaymentTimes {
  readonly #times: { readonly dueMs: number; readonly tookMs: number }[] = []
  /** Refused, or without an answer to the end. */
  failed = 0

  get count(): number {
    return this.#times.length
  }

  add(dueMs: number, tookMs: number): void {
    this.#times.push({ dueMs, tookMs })
  }

  /** Those that were due within a span of time; the end does not belong to it. */
  between(fromMs: number, endMs: number = Number.POSITIVE_INFINITY): PaymentTimes {
    const some = new PaymentTimes()
    for (const { dueMs, tookMs } of this.#times) {
      if (dueMs >= fromMs && dueMs < endMs) some.add(dueMs, tookMs)
    }
    return some
  }

  /** The time that the share `quantile` did not exceed; 1 is the longest. NaN of nothing. */
  quantile(quantile: number): number {
    const sorted = this.#times.map(({ tookMs }) => tookMs).sort((left, right) => left - right)
    return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? Number.NaN
  }

  /** When the last payment was due that took longer than `limitMs`; 0 when none did. */
  lastAbove(limitMs: number): number {
    const slow = this.#times.filter(({ tookMs }) => tookMs > limitMs)
    return Math.max(0, ...slow.map(({ dueMs }) => dueMs))
  }

  /**
   * The first moment, in steps of 100 ms, from which on the share `quantile` of all that follow did not exceed `limitMs`;
   * the end of them where there is none.
   */
  settledFrom(limitMs: number, quantile: number): number {
    const endMs = Math.max(0, ...this.#times.map(({ dueMs }) => dueMs))
    let fromMs = 0
    while (fromMs < endMs && this.between(fromMs).quantile(quantile) > limitMs) fromMs += FINE_MS
    return fromMs
  }

  /** All of several runs, as if they had been one. */
  static together(runs: readonly PaymentTimes[]): PaymentTimes {
    const all = new PaymentTimes()
    for (const run of runs) {
      for (const { dueMs, tookMs } of run.#times) all.add(dueMs, tookMs)
      all.failed += run.failed
    }
    return all
  }
}

/** How `times` came out over time: a point for every 100 ms of the beginning, then for every second; x in s, y in ms. */
export function overTime(
  times: PaymentTimes,
  durationMs: number,
  quantile: number,
): (readonly [x: number, y: number])[] {
  const points: (readonly [number, number])[] = []
  for (let fromMs = 0; fromMs < durationMs; ) {
    const endMs = fromMs + (fromMs < FINE_UNTIL_MS ? FINE_MS : COARSE_MS)
    const within = times.between(fromMs, endMs)
    if (within.count > 0) points.push([fromMs / 1_000, within.quantile(quantile)])
    fromMs = endMs
  }
  return points
}
