// One SKU: its rules and counters, and the only place where they may change. It never waits.
import { fnv1a32 } from './fnv1a32.ts'
import { invariant } from './invariant.ts'
import { STOCK_MAX } from './limits.ts'
import type { SaleRules } from './rules.ts'

/** The actor of one SKU. `stock = available + held + sold` holds after every method (I1). */
export class SkuActor {
  readonly sku: string
  /** FNV-1a of the name: the first word of the ids of its reservations. */
  readonly hash: number
  /** Its number in the partition, in the order of opening. */
  readonly index: number
  /** Units at creation, so that a repeated PUT can be told from a different one. */
  readonly openingStock: number
  rules: SaleRules
  stock: number
  available: number
  held = 0
  sold = 0
  /** The seq of the last event that changed this SKU or one of its reservations. */
  seq: number

  constructor(sku: string, index: number, openingStock: number, rules: SaleRules, seq: number) {
    this.sku = sku
    this.hash = fnv1a32(sku)
    this.index = index
    this.openingStock = openingStock
    this.rules = rules
    this.stock = openingStock
    this.available = openingStock
    this.seq = seq
    this.check()
  }

  /** Available units become held ones. */
  hold(units: number): void {
    this.available -= units
    this.held += units
    this.check()
  }

  /** Held units become available again. */
  release(units: number): void {
    this.held -= units
    this.available += units
    this.check()
  }

  /** Held units become sold ones. */
  sell(units: number): void {
    this.held -= units
    this.sold += units
    this.check()
  }

  /** Sold units become available again. */
  takeBack(units: number): void {
    this.sold -= units
    this.available += units
    this.check()
  }

  /** Units that nobody holds come (`delta` > 0) or go. */
  adjust(delta: number): void {
    this.stock += delta
    this.available += delta
    this.check()
  }

  /** The conservation law: no oversell, no stranded unit. A breach stops the process. */
  check(): void {
    invariant(this.available >= 0, 'available units are not negative')
    invariant(this.held >= 0, 'held units are not negative')
    invariant(this.sold >= 0, 'sold units are not negative')
    invariant(this.stock <= STOCK_MAX, 'stock stays within its limit')
    invariant(
      this.available + this.held + this.sold === this.stock,
      'available + held + sold = stock',
    )
  }
}
