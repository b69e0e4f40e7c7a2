// How many of each kind happened when: equal spans of time, wide enough that at most 150 cover the whole sale.

const BUCKETS_MAX = 150
/** Each divides the next, so that whole buckets can be added up into wider ones. */
const WIDTHS_MS: readonly number[] = [
  ...[1, 2, 10, 20, 100, 200, 1_000, 2_000, 10_000, 30_000, 60_000, 120_000, 600_000, 1_800_000],
  ...[3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 2 * 86_400_000, 10 * 86_400_000],
  ...[100 * 86_400_000, 1_000 * 86_400_000, 10_000 * 86_400_000, 100_000 * 86_400_000],
]

/** Counts of several kinds in spans of one width. */
export interface Tempo<Kind extends string> {
  /** Where the first bucket begins, in ms since 1970. */
  readonly from: number
  readonly widthMs: number
  readonly counts: Readonly<Record<Kind, readonly number[]>>
}

/** Counts by time; times never fall. */
export class TempoBuckets<Kind extends string> {
  readonly #kinds: readonly Kind[]
  readonly #counts: Record<Kind, number[]>
  #width = 0
  /** Number of the first bucket, counted from 1970 in widths. */
  #first = 0
  #length = 0

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds
    this.#counts = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as Record<
      Kind,
      number[]
    >
  }

  add(kind: Kind, at: number): void {
    if (this.#length === 0) this.#first = this.#numberOf(at)
    while (this.#numberOf(at) - this.#first >= BUCKETS_MAX) this.#widen()
    const index = this.#numberOf(at) - this.#first
    this.#grow(index + 1)
    const counts = this.#counts[kind]
    counts[index] = (counts[index] ?? 0) + 1
  }

  /** What was counted; undefined before the first. */
  get tempo(): Tempo<Kind> | undefined {
    if (this.#length === 0) return undefined
    return { from: this.#first * this.#widthMs, widthMs: this.#widthMs, counts: this.#counts }
  }

  get #widthMs(): number {
    return WIDTHS_MS[this.#width] as number
  }

  #numberOf(at: number): number {
    return Math.floor(at / this.#widthMs)
  }

  #grow(length: number): void {
    for (const kind of this.#kinds) {
      while (this.#counts[kind].length < length) this.#counts[kind].push(0)
    }
    this.#length = Math.max(this.#length, length)
  }

  #widen(): void {
    const before = this.#widthMs
    const oldFirst = this.#first
    this.#width++
    const factor = this.#widthMs / before
    this.#first = Math.floor(oldFirst / factor)
    for (const kind of this.#kinds) {
      const narrow = this.#counts[kind].splice(0)
      for (const [index, count] of narrow.entries()) {
        const wide = Math.floor((oldFirst + index) / factor) - this.#first
        while (this.#counts[kind].length <= wide) this.#counts[kind].push(0)
        this.#counts[kind][wide] = (this.#counts[kind][wide] ?? 0) + count
      }
    }
    this.#length = Math.max(...this.#kinds.map((kind) => this.#counts[kind].length))
  }
}
