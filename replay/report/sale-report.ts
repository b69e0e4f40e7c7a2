// The report of a sale as one object: everything that its words, its page and `--json` say.
import type { BuyerRow } from './buyer-tally.ts'
import type { DelayReport } from './delay-histogram.ts'
import type { BusiestSecond, TempoKind } from './sale-tally.ts'
import type { SkuRow, TopSku, UnitTotals } from './sku-rows.ts'
import type { CurvePoint } from './step-curve.ts'
import type { Tempo } from './tempo-buckets.ts'

/** What was read of one partition. */
export interface PartitionRead {
  readonly path: string
  readonly clusterId: string | undefined
  readonly partition: string | undefined
  /** After the base. */
  readonly events: number
  /** Seq that the journal begins after; 0 where it has all its events. */
  readonly baseSeq: number
  readonly lastSeq: number
  readonly stateHash: string
}

/** What a sale must never do; the units are 0 unless something is badly wrong. */
interface Proof {
  /** The most units by which any SKU was promised beyond its stock, after any event. */
  readonly oversoldUnits: number
  /** Units at the end that are neither available, nor in a hold, nor sold. */
  readonly strandedUnits: number
  readonly events: number
  /** Sum of the seqs that the partitions begin after: with the events, the last seqs, since no seq is missing. */
  readonly baseSeqs: number
  /** Sum of the partitions' last seqs. */
  readonly lastSeqs: number
}

/** Reservations by what became of them: those made, and those that were held where the journals begin. */
export interface Outcomes {
  readonly made: number
  readonly heldBefore: number
  readonly confirmed: number
  readonly cancelled: number
  readonly expired: number
  readonly held: number
}

/** All times are logical, in ms since 1970; undefined where nothing of the kind happened. */
export interface SaleReport {
  readonly partitions: readonly PartitionRead[]
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
  readonly firstReservedAt: number | undefined
  readonly lastReservedAt: number | undefined
  readonly skus: SkuCounts
  /** At the end. */
  readonly units: EndUnits
  /** Where the journals begin; its buyers and times are not known. 0 where they begin with their first event. */
  readonly before: UnitsBefore
  readonly outcomes: Outcomes
  /** Over the whole sale. */
  readonly moved: UnitTotals
  readonly returns: number
  /** From a reservation to its payment. */
  readonly delay: DelayReport | undefined
  readonly busiestSecond: BusiestSecond | undefined
  /** Buyers who kept something. */
  readonly buyers: number
  readonly topBuyers: readonly BuyerRow[]
  /** Confirmed units at their prices then, returns not deducted: minor units of money as text, by currency. */
  readonly value: Readonly<Record<string, string>>
  readonly unpricedUnits: number
  /** Units sold, units sold or held, and stock. */
  readonly curve: readonly CurvePoint[]
  readonly tempo: Tempo<TempoKind> | undefined
  readonly topSkus: readonly TopSku[]
  /** All of them, most sold first. */
  readonly skuRows: readonly SkuRow[]
  readonly proof: Proof
}

/** SKUs in all; those that had no unit available at some time; those with every unit sold at the end. */
interface SkuCounts {
  readonly count: number
  readonly ranOut: number
  readonly soldOut: number
}

interface UnitsBefore {
  readonly held: number
  readonly sold: number
}

interface EndUnits {
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
}
