// What the drive itself knows of each SKU, kept from the server's acknowledgements alone.
import type { ReservationState, SkuCounts } from './operations.ts'

/** A reservation that was left unpaid: it must be held, or expired, at the end. */
export interface AbandonedHold {
  readonly id: string
  readonly quantity: number
  /** As last looked up; a refusal's code when the server does not know it. */
  found: ReservationState | string
}

/** The drive's own account of one SKU. */
export interface SkuLedger {
  readonly sku: string
  /** The server's counts before the first line was sent. */
  readonly before: SkuCounts
  /** Units confirmed minus units returned, acknowledged since then. */
  soldChange: number
  readonly abandoned: AbandonedHold[]
  /** Whether any line was refused as `sold_out`. */
  isSoldOut: boolean
}

/** The account of a SKU that nothing was done to yet. */
export function openLedger(sku: string, before: SkuCounts): SkuLedger {
  return { sku, before, soldChange: 0, abandoned: [], isSoldOut: false }
}

/** Whether reservations of an earlier drive may be among the server's counts. */
export function hasHistory(ledger: SkuLedger): boolean {
  return ledger.before.held > 0 || ledger.before.sold > 0
}
