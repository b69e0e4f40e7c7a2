// Which SKUs the feed has yet to tell of, since when, and which of them may be told now. Time comes in as an argument.
import { fnv1a32 } from '../../core/fnv1a32.ts'
import { invariant } from '../../core/invariant.ts'
import type { EventBlock } from '../../core/partition.ts'
import { SkusByHash, skuHashOf } from '../stock/skus-by-hash.ts'

/** A SKU is told at most once in this time. */
const QUIET_MS = 50
/** SKUs that others have asked for, of those that did not change. */
const ASKED_MAX = 1_024

/** SKUs of one hash, on their way to being told. */
export interface TakenSkus {
  readonly hash: number
  readonly names: readonly string[]
  /** When the oldest change became durable that is not told yet, in monotonic ms; undefined when somebody only asked. */
  readonly sinceMs: number | undefined
}

/**
 * SKUs go by the hash of their names, which every event carries or its reservation's id begins with: a look at the
 * reservation itself would cost more, and it may have been forgotten. Two SKUs of one hash are told together.
 */
export class StockChanges {
  readonly #names = new SkusByHash()
  /** By hash, since when; the oldest first. */
  #changed = new Map<number, number>()
  readonly #asked = new Set<number>()
  /** By hash, when it was last told; the oldest first. Nothing older than QUIET_MS stays. */
  readonly #told = new Map<number, number>()

  /** `skus` are all there are, changed or not. */
  constructor(skus: Iterable<string>) {
    for (const sku of skus) this.#names.add(sku)
  }

  /** These events have become durable. */
  note(block: EventBlock, nowMs: number): void {
    let last: number | undefined
    for (const event of block.events) {
      if (event.kind === 'opened') this.#names.add(event.sku)
      const hash = skuHashOf(event)
      if (hash === undefined || hash === last) continue
      last = hash
      if (!this.#changed.has(hash)) this.#changed.set(hash, nowMs)
    }
  }

  /** Somebody wants to hear of `sku`; what does not exist, or is one too many, is nothing to tell. */
  ask(sku: string): void {
    const hash = fnv1a32(sku)
    if (this.#asked.size < ASKED_MAX && this.#names.has(hash)) this.#asked.add(hash)
  }

  /** Takes what may be told now, `count` hashes at most: what changed first, then what was asked for. */
  take(count: number, nowMs: number): TakenSkus[] {
    this.#forgetTold(nowMs)
    const taken: TakenSkus[] = []
    for (const [hash, sinceMs] of this.#changed) {
      if (taken.length === count) return taken
      if (!this.#told.has(hash)) taken.push(this.#take(hash, sinceMs))
    }
    for (const hash of this.#asked) {
      if (taken.length === count) return taken
      if (!this.#told.has(hash)) taken.push(this.#take(hash, undefined))
    }
    return taken
  }

  /** These were told at `nowMs`. */
  settle(taken: readonly TakenSkus[], nowMs: number): void {
    for (const { hash } of taken) {
      this.#told.delete(hash)
      this.#told.set(hash, nowMs)
    }
  }

  /** These could not be told: they wait again, since when they did. */
  restore(taken: readonly TakenSkus[]): void {
    if (taken.length === 0) return
    for (const { hash, sinceMs } of taken) {
      if (sinceMs === undefined) this.#asked.add(hash)
      else this.#changed.set(hash, sinceMs)
    }
    const oldestFirst = [...this.#changed].sort(([, left], [, right]) => left - right)
    this.#changed = new Map(oldestFirst)
  }

  /** Since when the oldest change waits; undefined when none does. */
  get oldestMs(): number | undefined {
    const [oldest] = this.#changed.values()
    return oldest
  }

  #take(hash: number, sinceMs: number | undefined): TakenSkus {
    this.#changed.delete(hash)
    this.#asked.delete(hash)
    const names = this.#names.get(hash)
    invariant(names.length > 0, 'what changes was opened')
    return { hash, names, sinceMs }
  }

  #forgetTold(nowMs: number): void {
    for (const [hash, toldMs] of this.#told) {
      if (nowMs - toldMs < QUIET_MS) return
      this.#told.delete(hash)
    }
  }
}
