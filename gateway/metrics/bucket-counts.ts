// A histogram with fixed bounds in a typed array: what Prometheus wants of values that come often.

/** Counts values by bounds. Adding costs a few comparisons and allocates nothing. */
export class BucketCounts {
  /** Ascending; beyond the last there is one bucket more. */
  readonly bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  get sum(): number {
    return this.#sum
  }

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
    this.#count++
  }

  /** How many values did not exceed each bound. */
  cumulative(): number[] {
    let below = 0
    return this.bounds.map((_, bucket) => {
      below += this.#counts[bucket] ?? 0
      return below
    })
  }
}
