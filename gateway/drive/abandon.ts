// Which orders are never paid: a function of seed and line alone, so a repeated drive chooses the same.

export interface AbandonChoice {
  /** 0 … 2^32 − 1. */
  readonly seed: number
  /** Number of the line in the file, from 1. */
  readonly line: number
  /** The share to leave unpaid, 0 … 1. */
  readonly share: number
}

/** Whether the reservation of a line is left unpaid. */
export function isAbandoned(choice: AbandonChoice): boolean {
  return scramble(scramble(choice.seed + GOLDEN) + choice.line) < choice.share * 2 ** 32
}

const GOLDEN = 0x9e3779b9

/** The finalizer of MurmurHash3: every input bit moves every output bit. */
function scramble(input: number): number {
  let word = input | 0
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
