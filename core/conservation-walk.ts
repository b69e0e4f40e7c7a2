// A second look at what a partition promises, a little at a time beside the sale: is any unit oversold or stranded?
import type { PartitionState } from './partition-state.ts'
import { HELD } from './reservation-table.ts'
import type { SkuActor } from './sku-actor.ts'

/** A hold that is so late although nothing else is late will never expire by itself. */
const LOST_AFTER_MS = 60_000
/** While the partition itself is behind by more than this, lateness proves nothing. */
const BEHIND_MS = 1_000

/** Units in trouble; all 0 as long as the rules hold. */
interface Findings {
  /** Units that are promised, or could be, beyond the stock. */
  oversold: number
  /** Units that nobody has and nobody can buy. */
  stranded: number
}

/**
 * Walks over all SKUs, then over all reservations, then begins again. Every SKU must be
 * `stock = available + held + sold` with none negative, and every hold must end some time. When nothing happened
 * while the reservations were passed, the held units of each SKU are also held against their sum.
 */
export class ConservationWalk {
  readonly #state: PartitionState
  #skuIndex = 0
  #row = 0
  #heldIndex = 0
  /** Whether all rows were passed, so that the sums may be compared. */
  #isCounted = false
  /** Held units by SKU, recounted from the rows passed so far. */
  #heldByRows = new Float64Array(0)
  #rowsFromSeq = 0
  #now: Findings = { oversold: 0, stranded: 0 }
  #last: Findings = { oversold: 0, stranded: 0 }
  #sweeps = 0

  constructor(state: PartitionState) {
    this.#state = state
  }

  /** As the last whole sweep found it, or this one so far when that is worse. */
  get oversoldUnits(): number {
    return Math.max(this.#last.oversold, this.#now.oversold)
  }

  /** Like `oversoldUnits`. */
  get strandedUnits(): number {
    return Math.max(this.#last.stranded, this.#now.stranded)
  }

  /** How often everything was passed: a walk that stands still proves nothing. */
  get sweeps(): number {
    return this.#sweeps
  }

  /** Goes on by at most `skus` SKUs or `rows` reservations, at the time `now` (ms since 1970). */
  step(now: number, skus: number, rows: number): void {
    if (this.#skuIndex < this.#state.actors.length) this.#stepSkus(skus)
    else if (this.#isCounted) this.#compareHolds(skus)
    else this.#stepRows(now, rows)
  }

  #stepSkus(count: number): void {
    const { actors } = this.#state
    const end = Math.min(this.#skuIndex + count, actors.length)
    for (; this.#skuIndex < end; this.#skuIndex++) {
      const actor = actors[this.#skuIndex]
      if (actor !== undefined) this.#note(unitsOf(actor) - actor.stock)
      if (this.#skuIndex < this.#heldByRows.length) this.#heldByRows[this.#skuIndex] = 0
    }
  }

  #stepRows(now: number, count: number): void {
    const { reservations, due } = this.#state
    if (due.count > 0 && now - due.doneUntil > BEHIND_MS) return
    if (this.#row === 0) this.#beginRows()
    const end = Math.min(this.#row + count, reservations.rowLimit)
    for (; this.#row < end; this.#row++) {
      if (reservations.state(this.#row) === HELD) this.#passHold(this.#row, now)
    }
    this.#isCounted = this.#row >= reservations.rowLimit
    if (this.#isCounted && !this.#isComparable()) this.#endSweep()
  }

  // The sums were set to 0 as the SKUs were passed; new memory is 0.
  #beginRows(): void {
    const { actors, lastSeq } = this.#state
    this.#rowsFromSeq = lastSeq
    if (this.#heldByRows.length < actors.length) {
      this.#heldByRows = new Float64Array(actors.length)
    }
  }

  #passHold(row: number, now: number): void {
    const { reservations, accounts } = this.#state
    const units = reservations.quantity(row)
    const sku = accounts.skuIndex(reservations.account(row))
    if (sku < this.#heldByRows.length) this.#heldByRows[sku] = (this.#heldByRows[sku] ?? 0) + units
    if (reservations.until(row) < now - LOST_AFTER_MS) this.#note(-units)
  }

  // A counter below its holds would sell their units again; one above them keeps units that no hold gives back.
  #compareHolds(count: number): void {
    const { actors } = this.#state
    const end = Math.min(this.#heldIndex + count, actors.length)
    for (; this.#isComparable() && this.#heldIndex < end; this.#heldIndex++) {
      const held = Math.max(0, actors[this.#heldIndex]?.held ?? 0)
      this.#note((this.#heldByRows[this.#heldIndex] ?? 0) - held)
    }
    if (!this.#isComparable()) this.#endSweep()
  }

  /** Whether SKUs are left to compare, and nothing has happened since the first row was passed. */
  #isComparable(): boolean {
    const { actors, lastSeq } = this.#state
    return this.#heldIndex < actors.length && lastSeq === this.#rowsFromSeq
  }

  #endSweep(): void {
    this.#last = this.#now
    this.#now = { oversold: 0, stranded: 0 }
    this.#skuIndex = 0
    this.#row = 0
    this.#heldIndex = 0
    this.#isCounted = false
    this.#sweeps++
  }

  #note(surplus: number): void {
    if (surplus > 0) this.#now.oversold += surplus
    else this.#now.stranded -= surplus
  }
}

/** Units that are promised or can be; a counter below 0 stands for none. */
function unitsOf({ available, held, sold }: SkuActor): number {
  return Math.max(0, available) + Math.max(0, held) + Math.max(0, sold)
}
