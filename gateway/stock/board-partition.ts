// What a board knows of one partition's news: where they come from, how complete they are, what must be read again.
import type { StockSource } from './stock-source.ts'

/** SKUs that are read again at once. */
const READS_MAX = 256
/** A partition that does not answer is left alone for so long, in ms. */
const RETRY_MS = 500

export class BoardPartition {
  readonly source: StockSource
  readonly #wanted = new Set<string>()
  readonly #reading = new Set<string>()
  #restsUntilMs = 0
  /** What the news were complete to when some were missed; undefined when none were. */
  #frozenSeq: number | undefined

  constructor(source: StockSource) {
    this.source = source
  }

  /** Every change up to this event is known. */
  get completeSeq(): number {
    return Math.min(this.source.completeSeq, this.#frozenSeq ?? Number.POSITIVE_INFINITY)
  }

  get hasReads(): boolean {
    return this.#wanted.size > 0
  }

  /** How long no read should be begun, in ms. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#restsUntilMs - nowMs)
  }

  /** `sku` is to be read, from its beginning, after this. */
  want(sku: string): void {
    this.#wanted.add(sku)
  }

  /** News were missed: of no SKU is it known how complete its state is, until all have been read again. */
  freeze(atSeq: number): void {
    this.#frozenSeq = Math.min(atSeq, this.#frozenSeq ?? atSeq)
  }

  /** Takes what may be read now. */
  takeReads(): string[] {
    const taken: string[] = []
    for (const sku of this.#wanted) {
      if (this.#reading.size >= READS_MAX) break
      if (this.#reading.has(sku)) continue
      this.#wanted.delete(sku)
      this.#reading.add(sku)
      taken.push(sku)
    }
    return taken
  }

  /** Reads have come back; those in `failed` without an answer. */
  settle(skus: readonly string[], failed: ReadonlySet<string>, nowMs: number): void {
    for (const sku of skus) this.#reading.delete(sku)
    for (const sku of failed) this.#wanted.add(sku)
    if (failed.size > 0) this.#restsUntilMs = nowMs + RETRY_MS
    this.#thaw()
  }

  /** Nobody watches `sku` any more. */
  forget(sku: string): void {
    this.#wanted.delete(sku)
    this.#thaw()
  }

  #thaw(): void {
    if (this.#wanted.size === 0 && this.#reading.size === 0) this.#frozenSeq = undefined
  }
}
