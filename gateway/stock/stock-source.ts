// Where a board's news of one partition come from: the partition in this process, or the feed of its owner.

/** The source of one partition's news. It hands entries to the board, which knows what is watched. */
export interface StockSource {
  /** Every change up to this event of every watched SKU was handed to the board. */
  readonly completeSeq: number
  /** The highest seq that is known to be on disk. */
  readonly durableSeq: number
  /** Somebody watches `sku` from now on; its state is read apart from this. */
  watch(sku: string): void
  /** Nobody does any more. */
  unwatch(sku: string): void
  /** The board can tell of changes now: it has asked for this by `stir`. */
  collect(): void
}
