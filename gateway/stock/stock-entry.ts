// One SKU as live stock tells it, whichever way the news come: from a partition's own answer or from an owner's feed.
import type { SkuView } from '../../core/outcome.ts'
import { type SkuAnswerBody, skuAnswerBody } from '../api/answer-bodies.ts'

/** One SKU as of one event; durable. */
export interface StockEntry {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  /** What a reservation met at that moment: `open` and `sold_out`, or why it was refused before stock was looked at. */
  readonly state: SkuAnswerBody['state']
  /** The last event that changed the SKU; never falls. */
  readonly seq: number
  /** When time alone changes `state`, in ms since 1970 by the owner's clock. */
  readonly until: number | undefined
  /** Whether time has changed `state` or will; undefined where the owner's feed told it, which says `until` only. */
  readonly isScheduled?: boolean
}

/** What a partition answered to a read, as an entry. */
export function entryOf(view: SkuView): StockEntry {
  const { sku, stock, available, held, sold, seq, at } = view
  const { opensAt, closesAt } = view.rules
  const { state } = skuAnswerBody(view)
  // Whichever comes next: before it opens nothing else matters, and what is closed stays closed.
  const until = [opensAt, closesAt].find((instant) => instant !== undefined && instant > at)
  const isScheduled = opensAt !== undefined || closesAt !== undefined
  return { sku, stock, available, held, sold, state, seq, until, isScheduled }
}
