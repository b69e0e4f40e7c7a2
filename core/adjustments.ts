// Remembered stock adjustments: their keys make a repeated one harmless, for as long as ids are remembered.
import { invariant } from './invariant.ts'

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

  find(sku: string, key: string): Adjustment | undefined {
    return this.#byKey.get(nameOf(sku, key))
  }

  add(adjustment: Adjustment): void {
    const name = nameOf(adjustment.sku, adjustment.key)
    invariant(!this.#byKey.has(name), 'an adjustment key is used once')
    this.#byKey.set(name, adjustment)
    this.#oldest ??= adjustment
  }

  /** Drops at most `limit` adjustments made before `before`, oldest first. */
  forget(before: number, limit: number): void {
    for (let dropped = 0; dropped < limit; dropped++) {
      const oldest = this.#oldest
      if (oldest === undefined || oldest.at > before) return
      this.#byKey.delete(nameOf(oldest.sku, oldest.key))
      this.#oldest = this.#byKey.values().next().value
    }
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
