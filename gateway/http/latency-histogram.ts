// How long calls took, of any number of them, in a typed array of fixed size: within 7 % of the truth.

/** Slots per power of two: a slot is at most 1/16 as wide as where it begins. */
const SLOTS = 16
const SLOT_BITS = 4
/** Slots for 1 µs up to about 17 minutes; what takes longer falls into the last. */
const POWERS = 26
const SLOTS_MAX = SLOTS * (POWERS + 1)

/** Collects durations in ms. Counts only grow, so that whoever keeps an earlier copy can tell what came since. */
export class LatencyHistogram {
  readonly counts: Float64Array = new Float64Array(SLOTS_MAX)
  #sumMs = 0
  #count = 0

  get sumMs(): number {
    return this.#sumMs
  }

  get count(): number {
    return this.#count
  }

  /** One more that took `durationMs`; 20 ns, no allocation. */
  add(durationMs: number): void {
    this.#sumMs += durationMs
    this.#count++
    const slot = slotOf(durationMs)
    this.counts[slot] = (this.counts[slot] ?? 0) + 1
  }
}

/** The longest duration, in ms, that falls into a slot; the last takes everything beyond as well. */
export function upperEdgeMs(slot: number): number {
  if (slot < SLOTS) return (slot + 1) / 1_000
  const power = Math.floor(slot / SLOTS) - 1
  return ((SLOTS + (slot % SLOTS) + 1) * 2 ** power) / 1_000
}

/** The duration in ms that `share` of the counted did not exceed; undefined when nothing was counted. */
export function quantileMs(counts: Float64Array, share: number): number | undefined {
  let total = 0
  for (const count of counts) total += count
  if (total === 0) return undefined
  const rank = Math.max(1, Math.ceil(share * total))
  let seen = 0
  for (const [slot, count] of counts.entries()) {
    seen += count
    if (seen >= rank) return upperEdgeMs(slot)
  }
  return undefined
}

// Below 16 µs a slot per µs; from there on 16 slots for each power of two.
function slotOf(durationMs: number): number {
  const microseconds = Math.min(durationMs * 1_000, 2 ** 30) | 0
  if (microseconds < SLOTS) return Math.max(0, microseconds)
  const shift = 31 - Math.clz32(microseconds) - SLOT_BITS
  const slot = (shift + 1) * SLOTS + (microseconds >> shift) - SLOTS
  return slot < SLOTS_MAX ? slot : SLOTS_MAX - 1
}
