// What happened to one SKU, recounted from its events and not taken from the state's own counters.
import { StepCurve } from './step-curve.ts'

const CURVE_POINTS_MAX = 64

/** A SKU where its journal begins with a base: which of its units were held before is not known. */
export interface SkuBase {
  /** In ms since 1970. */
  readonly at: number
  readonly held: number
  readonly sold: number
}

/**
 * The tally of one SKU. Units are alike, so which of them is sold twice is a rule of counting: units that nobody had
 * held yet go first, and only when there are none left does a reservation take units that came back.
 */
export class SkuTally {
  readonly sku: string
  /** Undefined when that was before the journal begins. */
  readonly openedAt: number | undefined
  /** Where the journal begins, and the units then; undefined where it tells the SKU's whole life. */
  readonly base: SkuBase | undefined
  /** Units sold, and units sold or held. */
  readonly curve: StepCurve = new StepCurve(CURVE_POINTS_MAX)
  stock: number
  held: number
  sold: number
  reservations = 0
  reservedUnits = 0
  confirmedUnits = 0
  cancelledUnits = 0
  expiredUnits = 0
  /** Held units that a payment left out. */
  unpaidRestUnits = 0
  returnedUnits = 0
  /** Units that came back and were reserved again; those of them that were paid. */
  takenAgainUnits = 0
  soldAgainUnits = 0
  /** Units that came back and now wait to be taken again. */
  returnPool = 0
  firstReservedAt: number | undefined
  /** The first moment at which nothing was available, and at which everything was sold. */
  ranOutAt: number | undefined
  soldOutAt: number | undefined
  /** Units that nobody has held yet; of a base, those that were available then. */
  #fresh: number

  constructor(sku: string, began: number | SkuBase, stock: number) {
    this.sku = sku
    this.openedAt = typeof began === 'number' ? began : undefined
    this.base = typeof began === 'number' ? undefined : began
    this.stock = stock
    this.held = this.base?.held ?? 0
    this.sold = this.base?.sold ?? 0
    this.#fresh = this.available
    if (this.base !== undefined) this.#markEnds(this.base.at)
  }

  /** What times of the SKU are counted from: its first reservation, or the base of one that had sold or held. */
  get countedFrom(): number | undefined {
    const { base } = this
    if (base !== undefined && base.held + base.sold > 0) return base.at
    return this.firstReservedAt ?? this.openedAt
  }

  get available(): number {
    return this.stock - this.held - this.sold
  }

  /** Units that came back in any way. */
  get freedUnits(): number {
    return this.cancelledUnits + this.expiredUnits + this.unpaidRestUnits + this.returnedUnits
  }

  adjust(delta: number): void {
    this.stock += delta
    if (delta > 0) this.#fresh += delta
    else this.#takeOut(-delta)
  }

  /** Gives how many of the units had come back before. */
  reserve(at: number, units: number): number {
    this.firstReservedAt ??= at
    this.reservations++
    this.reservedUnits += units
    this.held += units
    const again = this.#takeOut(units)
    this.takenAgainUnits += again
    return again
  }

  /** A hold of `heldUnits`, of which `again` had come back before, is paid for `units` of them. */
  confirm(units: number, heldUnits: number, again: number): void {
    this.held -= heldUnits
    this.sold += units
    this.confirmedUnits += units
    this.soldAgainUnits += Math.max(0, units - (heldUnits - again))
    this.unpaidRestUnits += heldUnits - units
    this.returnPool += heldUnits - units
  }

  /** A hold ends unpaid. */
  release(units: number, how: 'cancelled' | 'expired'): void {
    this.held -= units
    this.returnPool += units
    if (how === 'cancelled') this.cancelledUnits += units
    else this.expiredUnits += units
  }

  /** Sold units come back. */
  takeBack(units: number): void {
    this.sold -= units
    this.returnedUnits += units
    this.returnPool += units
  }

  /** Marks the moment after an event. */
  mark(at: number): void {
    this.curve.add([at, this.sold, this.sold + this.held])
    this.#markEnds(at)
  }

  #markEnds(at: number): void {
    if (this.stock === 0 || this.available > 0) return
    this.ranOutAt ??= at
    if (this.held === 0) this.soldOutAt ??= at
  }

  // Fresh units go first; gives how many of the others went, too.
  #takeOut(units: number): number {
    const fresh = Math.min(this.#fresh, units)
    this.#fresh -= fresh
    this.returnPool -= units - fresh
    return units - fresh
  }
}
