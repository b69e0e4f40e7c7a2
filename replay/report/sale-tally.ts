// What happened in the whole sale, over all partitions: what cannot be added up from its SKUs afterwards.
import type { Event } from '../../core/event.ts'
import { BuyerTally } from './buyer-tally.ts'
import { DelayHistogram } from './delay-histogram.ts'
import { StepCurve } from './step-curve.ts'
import { TempoBuckets } from './tempo-buckets.ts'

const CURVE_POINTS_MAX = 400
const SECOND_MS = 1_000

/** Counts of reservations; what is drawn over time. */
export type TempoKind = 'reserved' | 'confirmed' | 'released'

/** The second with the most reservations; the first of several. */
export interface BusiestSecond {
  /** When it began, in ms since 1970. */
  readonly at: number
  readonly reservations: number
  readonly units: number
}

/** Units that an event added, or took away. */
export interface UnitsMoved {
  readonly stock: number
  readonly held: number
  readonly sold: number
}

/** The tally of a sale. Events come in the order of their times, whatever partition they are of. */
export class SaleTally {
  /** Units sold, units sold or held, and stock; from the first reservation on. */
  readonly curve: StepCurve = new StepCurve(CURVE_POINTS_MAX)
  readonly tempo: TempoBuckets<TempoKind> = new TempoBuckets(['reserved', 'confirmed', 'released'])
  readonly delays: DelayHistogram = new DelayHistogram()
  readonly buyers: BuyerTally = new BuyerTally()
  /** Minor units of money, by currency ('' where none is said), at the prices at which units were confirmed. */
  readonly valueByCurrency: Map<string, bigint> = new Map()
  /** Confirmed units of SKUs without a price. */
  unpricedUnits = 0
  /** Events by kind. */
  readonly events: Map<Event['kind'], number> = new Map()
  firstAt: number | undefined
  lastAt: number | undefined
  firstReservedAt: number | undefined
  lastReservedAt: number | undefined
  /** The most units by which any SKU was ever promised beyond its stock. */
  oversoldUnits = 0
  /** Reservations that were held where the journals begin. */
  heldBefore = 0
  /** Whether units were held or sold before any event that is told. */
  #isBegun = false
  #stock = 0
  #held = 0
  #sold = 0
  #second: BusiestSecond | undefined
  #busiest: BusiestSecond | undefined

  get busiestSecond(): BusiestSecond | undefined {
    return this.#busiest
  }

  /** Units of a SKU that a journal begins with, before any event. */
  begin({ stock, held, sold }: UnitsMoved): void {
    this.#stock += stock
    this.#held += held
    this.#sold += sold
    if (held + sold > 0) this.#isBegun = true
  }

  /** Any event. */
  see({ kind, at }: Event): void {
    this.events.set(kind, (this.events.get(kind) ?? 0) + 1)
    this.firstAt ??= at
    this.lastAt = at
  }

  reserve(at: number, units: number): void {
    this.firstReservedAt ??= at
    this.lastReservedAt = at
    this.tempo.add('reserved', at)
    const began = at - (at % SECOND_MS)
    const { reservations = 0, units: before = 0 } = this.#second?.at === began ? this.#second : {}
    this.#second = { at: began, reservations: reservations + 1, units: before + units }
    if (this.#second.reservations > (this.#busiest?.reservations ?? 0)) this.#busiest = this.#second
  }

  /** Prices are those in force when units are confirmed. */
  earn(units: number, unitPrice: number | undefined, currency = ''): void {
    if (unitPrice === undefined) {
      this.unpricedUnits += units
      return
    }
    const before = this.valueByCurrency.get(currency) ?? 0n
    this.valueByCurrency.set(currency, before + BigInt(unitPrice) * BigInt(units))
  }

  /** After every event that moved units. */
  move(at: number, moved: UnitsMoved): void {
    this.#stock += moved.stock
    this.#held += moved.held
    this.#sold += moved.sold
    if (this.firstReservedAt === undefined && !this.#isBegun) return
    this.curve.add([at, this.#sold, this.#sold + this.#held, this.#stock])
  }
}
