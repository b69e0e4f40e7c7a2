// Subscribers of the same SKUs: they hear the same, so it is encoded once for all of them.
import type { StockReader } from './stock-reader.ts'
import type { WatchedSku } from './watched-sku.ts'

export class StockGroup {
  /** The names of its SKUs, in order. */
  readonly key: string
  readonly watched: readonly WatchedSku[]
  /** Its readers, and the round that each has joined in: it needs to be told only of later ones. */
  readonly readers: Map<StockReader, number> = new Map()

  constructor(key: string, watched: readonly WatchedSku[]) {
    this.key = key
    this.watched = watched
    for (const sku of watched) sku.groups.add(this)
  }

  /** Nobody is in it any more. */
  dissolve(): void {
    for (const sku of this.watched) sku.groups.delete(this)
  }
}
