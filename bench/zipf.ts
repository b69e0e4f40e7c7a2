// Demand as crowds have it: the first SKU is wanted twice as often as the second, three times as often as the third, …

export interface ZipfOptions {
  readonly count: number
  /** Different values: 0, the most frequent, to `kinds` − 1. */
  readonly kinds: number
  readonly exponent: number
  /** Any 32-bit number: the same one gives the same sequence. */
  readonly seed: number
}

/** `count` values of which the k-th most frequent has a share proportional to 1 / k^exponent. */
export function zipfSequence({ count, kinds, exponent, seed }: ZipfOptions): Int32Array {
  const cumulative = cumulativeShares(kinds, exponent)
  const random = mulberry32(seed)
  return Int32Array.from({ length: count }, () => firstAbove(cumulative, random()))
}

function cumulativeShares(kinds: number, exponent: number): Float64Array {
  const shares = Float64Array.from({ length: kinds }, (_, index) => 1 / (index + 1) ** exponent)
  const total = shares.reduce((sum, share) => sum + share, 0)
  let sum = 0
  return shares.map((share) => {
    sum += share / total
    return sum
  })
}

// The last share counts as 1, whatever rounding left of it.
function firstAbove(cumulative: Float64Array, value: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulative[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

/** Numbers from 0 to 1 without 1, by Tommy Ettinger's generator of 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}
