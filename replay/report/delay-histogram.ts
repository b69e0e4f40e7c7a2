// How long something took, of any number of cases, in fixed memory: exact at the edges, within 2 % in between.

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Upper edges that people think in, in ms; counts below each are exact. */
const EDGES_MS: readonly number[] = [
  ...[0, 1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND],
  ...[30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR],
  ...[2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, Number.POSITIVE_INFINITY],
]
/** Slots per power of two: a slot is at most 1/64 as wide as where it begins. */
const SLOTS = 64
const EXACT_BITS = 6

/** Cases that took longer than the edge before, and at most `upToMs` (undefined: any time). */
export interface DelayBucket {
  readonly upToMs: number | undefined
  readonly count: number
}

export interface DelayReport {
  readonly count: number
  readonly meanMs: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** From the first to the last that is not empty. */
  readonly buckets: readonly DelayBucket[]
}

/** Collects delays in whole ms from 0. */
export class DelayHistogram {
  readonly #edges = EDGES_MS.map(() => 0)
  readonly #slots: number[] = []
  #count = 0
  #sumMs = 0
  #maxMs = 0

  add(delayMs: number): void {
    this.#count++
    this.#sumMs += delayMs
    this.#maxMs = Math.max(this.#maxMs, delayMs)
    const slot = slotOf(delayMs)
    while (this.#slots.length <= slot) this.#slots.push(0)
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1
    const edge = EDGES_MS.findIndex((upToMs) => delayMs <= upToMs)
    this.#edges[edge] = (this.#edges[edge] ?? 0) + 1
  }

  /** What was collected; undefined when nothing was. */
  get report(): DelayReport | undefined {
    if (this.#count === 0) return undefined
    return {
      count: this.#count,
      meanMs: Math.round(this.#sumMs / this.#count),
      medianMs: this.#quantile(0.5),
      p90Ms: this.#quantile(0.9),
      p99Ms: this.#quantile(0.99),
      maxMs: this.#maxMs,
      buckets: this.#buckets(),
    }
  }

  /** The delay that `share` of the cases did not exceed. */
  #quantile(share: number): number {
    const rank = Math.ceil(share * this.#count)
    let seen = 0
    for (const [slot, count] of this.#slots.entries()) {
      seen += count
      if (seen >= rank) return Math.min(this.#maxMs, upperEdge(slot))
    }
    return this.#maxMs
  }

  #buckets(): DelayBucket[] {
    const first = this.#edges.findIndex((count) => count > 0)
    const last = this.#edges.findLastIndex((count) => count > 0)
    return this.#edges.slice(first, last + 1).map((count, index) => {
      const upToMs = EDGES_MS[first + index] as number
      return { upToMs: Number.isFinite(upToMs) ? upToMs : undefined, count }
    })
  }
}

// Below 64 a slot per ms; from there on 64 slots for each power of two.
function slotOf(delayMs: number): number {
  if (delayMs < SLOTS) return delayMs
  const power = Math.floor(Math.log2(delayMs))
  const within = Math.floor(delayMs / 2 ** (power - EXACT_BITS)) - SLOTS
  return (power - EXACT_BITS + 1) * SLOTS + within
}

// The longest delay, in whole ms, that falls into a slot.
function upperEdge(slot: number): number {
  if (slot < SLOTS) return slot
  const power = Math.floor(slot / SLOTS) - 1
  return (SLOTS + (slot % SLOTS) + 1) * 2 ** power - 1
}
