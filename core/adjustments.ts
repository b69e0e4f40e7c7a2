// Remembered stock adjustments: their keys make a repeated one harmless, for as long as ids are remembered.
import { invariant } from './invariant.ts'
import { ADJUSTMENTS_MAX } from './limits.ts'

/** One adjustment and the counters right after it: the answer that a retry gets again. */
export interface Adjustment {
  readonly sku: string
  readonly key: string
  readonly delta: number
  readonly reason: string
  readonly at: number
  readonly seq: number
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
}

/** Adjustments by (SKU, key), oldest first. Operators make them, so a Map of objects is cheap enough. */
export class Adjustments {
  readonly #byKey = new Map<string, Adjustment>()
  #oldest: Adjustment | undefined

  get count(): number {
    return this.#byKey.size
  }

  /** True when no more fit although everything made at or before `before` may be forgotten. */
  isFull(before: number): boolean {
    const canForget = this.#oldest !== undefined && this.#oldest.at <= before
    return this.#byKey.size >= ADJUSTMENTS_MAX && !canForget
  }

  find(sku: string, key: string): Adjustment | undefined {
    return this.#byKey.get(nameOf(sku, key))
  }

  add(adjustment: Adjustment): void {
    const name = nameOf(adjustment.sku, adjustment.key)
    invariant(!this.#byKey.has(name), 'an adjustment key is used once')
    this.#byKey.set(name, adjustment)
    this.#oldest ??= adjustment
  }

  /** Drops at most `limit` adjustments made at or before `before`, oldest first. */
  forget(before: number, limit: number): void {
    // Nearly always there is nothing to drop, and an iterator steps over every entry deleted lately.
    if (this.#oldest === undefined || this.#oldest.at > before) return
    let dropped = 0
    for (const made of this.#byKey.values()) {
      this.#oldest = made
      if (dropped === limit || made.at > before) return
      this.#byKey.delete(nameOf(made.sku, made.key))
      dropped++
    }
    this.#oldest = undefined
  }

  /** Oldest first. */
  values(): Iterable<Adjustment> {
    return this.#byKey.values()
  }
}

// A SKU holds no line feed, so the two parts cannot run into each other.
function nameOf(sku: string, key: string): string {
  return `${sku}\n${key}`
}
