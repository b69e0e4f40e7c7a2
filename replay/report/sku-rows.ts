// From the tallies of SKUs to rows: what a table shows of each, and what all of them add up to.
import type { SkuTally } from './sku-tally.ts'
import type { CurvePoint } from './step-curve.ts'

const TOP_SKUS = 12

/** One SKU. Units are those at the end, or sums over the whole sale where the name is of an event. */
export interface SkuRow {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  /** Without what was returned. */
  readonly sold: number
  /** Units where the journal begins; 0 where it begins with its first event. */
  readonly heldBefore: number
  readonly soldBefore: number
  readonly reservations: number
  readonly reservedUnits: number
  readonly confirmedUnits: number
  readonly cancelledUnits: number
  readonly expiredUnits: number
  readonly unpaidRestUnits: number
  readonly returnedUnits: number
  readonly freedUnits: number
  readonly takenAgainUnits: number
  readonly soldAgainUnits: number
  /** In ms since 1970; undefined when it was before the journal begins. */
  readonly openedAt: number | undefined
  readonly firstReservedAt: number | undefined
  /**
   * First moment without an available unit, and first with every unit sold: ms after the first reservation, or after
   * the beginning of a journal before which units were sold or held.
   */
  readonly ranOutAfterMs: number | undefined
  readonly soldOutAfterMs: number | undefined
  /** Every unit is sold at the end. */
  readonly isSoldOut: boolean
}

/** A SKU with its curve: units sold, and units sold or held. */
export interface TopSku extends SkuRow {
  readonly curve: readonly CurvePoint[]
}

/** What became of all units that were ever held. */
export interface UnitTotals {
  readonly reservedUnits: number
  readonly confirmedUnits: number
  readonly cancelledUnits: number
  readonly expiredUnits: number
  readonly unpaidRestUnits: number
  readonly returnedUnits: number
  /** Units that came back: expired, cancelled, left out by a payment, or returned. */
  readonly freedUnits: number
  /** Of those: reserved again because no other units were left, and paid then. */
  readonly takenAgainUnits: number
  readonly soldAgainUnits: number
  /** Of those: available at the end. */
  readonly waitingUnits: number
}

export function skuRow(tally: SkuTally): SkuRow {
  const { ranOutAt, soldOutAt, firstReservedAt, openedAt } = tally
  const began = tally.countedFrom ?? 0
  return {
    ...{ sku: tally.sku, stock: tally.stock, available: tally.available },
    ...{ held: tally.held, sold: tally.sold, reservations: tally.reservations },
    ...{ heldBefore: tally.base?.held ?? 0, soldBefore: tally.base?.sold ?? 0 },
    ...{ reservedUnits: tally.reservedUnits, confirmedUnits: tally.confirmedUnits },
    ...{ cancelledUnits: tally.cancelledUnits, expiredUnits: tally.expiredUnits },
    ...{ unpaidRestUnits: tally.unpaidRestUnits, returnedUnits: tally.returnedUnits },
    ...{ freedUnits: tally.freedUnits, takenAgainUnits: tally.takenAgainUnits },
    ...{ soldAgainUnits: tally.soldAgainUnits, openedAt, firstReservedAt },
    ranOutAfterMs: ranOutAt === undefined ? undefined : ranOutAt - began,
    soldOutAfterMs: soldOutAt === undefined ? undefined : soldOutAt - began,
    isSoldOut: tally.stock > 0 && tally.sold === tally.stock,
  }
}

/** Most sold first, then by name. */
export function bySold(left: SkuTally, right: SkuTally): number {
  return right.sold - left.sold || (left.sku < right.sku ? -1 : 1)
}

/** The SKUs that sold most, of `sorted` ones; none that sold nothing. */
export function topSkus(sorted: readonly SkuTally[]): TopSku[] {
  const top = sorted.slice(0, TOP_SKUS).filter(({ sold }) => sold > 0)
  return top.map((tally) => ({ ...skuRow(tally), curve: tally.curve.points }))
}

/** The sums over all SKUs. */
export function unitTotals(tallies: readonly SkuTally[]): UnitTotals {
  const sum = (units: (tally: SkuTally) => number) =>
    tallies.reduce((total, tally) => total + units(tally), 0)
  return {
    reservedUnits: sum(({ reservedUnits }) => reservedUnits),
    confirmedUnits: sum(({ confirmedUnits }) => confirmedUnits),
    cancelledUnits: sum(({ cancelledUnits }) => cancelledUnits),
    expiredUnits: sum(({ expiredUnits }) => expiredUnits),
    unpaidRestUnits: sum(({ unpaidRestUnits }) => unpaidRestUnits),
    returnedUnits: sum(({ returnedUnits }) => returnedUnits),
    freedUnits: sum(({ freedUnits }) => freedUnits),
    takenAgainUnits: sum(({ takenAgainUnits }) => takenAgainUnits),
    soldAgainUnits: sum(({ soldAgainUnits }) => soldAgainUnits),
    waitingUnits: sum(({ returnPool }) => returnPool),
  }
}
