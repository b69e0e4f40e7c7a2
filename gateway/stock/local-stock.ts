// News from a partition in this process: which watched SKUs its durable blocks changed, read through its own port.
import { fnv1a32 } from '../../core/fnv1a32.ts'
import { invariant } from '../../core/invariant.ts'
import type { EventBlock } from '../../core/partition.ts'
import { readSkus, type SkuReader, type SkusRead } from './read-skus.ts'
import { SkusByHash, skuHashOf } from './skus-by-hash.ts'
import type { StockBoard } from './stock-board.ts'
import { entryOf } from './stock-entry.ts'
import type { StockSource } from './stock-source.ts'

/** SKUs of one round of reads. */
const ROUND_MAX = 1_024
/** A partition that answers no reads is left alone for so long. */
const RETRY_MS = 250

/** Untold events of one SKU: the first and the last of them, by seq. */
interface Untold {
  readonly firstSeq: number
  lastSeq: number
}

/**
 * Costs nothing while nobody watches, and one look into a map for every durable event while somebody does. One round of
 * reads at a time, begun when the board can tell.
 */
export class LocalStock implements StockSource {
  readonly #board: StockBoard
  readonly #reader: SkuReader
  readonly #names = new SkusByHash()
  readonly #changed = new Map<number, Untold>()
  /** The round that is on its way, with the first untold event of each. */
  #reading: ReadonlyMap<number, Untold> | undefined
  #durableSeq = 0

  /** The partition is number 0: the only one. `reader` need not take reads yet. */
  constructor(board: StockBoard, reader: SkuReader) {
    this.#board = board
    this.#reader = reader
    board.feedFrom(0, this)
  }

  /** Everything up to `seq` is on disk already; `note` tells of what comes. */
  begin(seq: number): void {
    this.#durableSeq = Math.max(this.#durableSeq, seq)
  }

  get durableSeq(): number {
    return this.#durableSeq
  }

  get completeSeq(): number {
    let complete = this.#durableSeq
    for (const { firstSeq } of this.#changed.values()) complete = Math.min(complete, firstSeq - 1)
    for (const { firstSeq } of this.#reading?.values() ?? []) {
      complete = Math.min(complete, firstSeq - 1)
    }
    return complete
  }

  watch(sku: string): void {
    this.#names.add(sku)
  }

  unwatch(sku: string): void {
    this.#names.remove(sku)
  }

  /** These events have become durable. Must be told of every block, in order. */
  note({ firstSeq, events }: EventBlock): void {
    this.#durableSeq = firstSeq + events.length - 1
    if (this.#names.size === 0) return
    let seq = firstSeq - 1
    for (const event of events) {
      seq++
      const hash = skuHashOf(event)
      if (hash === undefined || !this.#names.has(hash)) continue
      const untold = this.#changed.get(hash)
      if (untold === undefined) this.#changed.set(hash, { firstSeq: seq, lastSeq: seq })
      else untold.lastSeq = seq
    }
    if (this.#changed.size > 0 && this.#reading === undefined) this.#board.stir()
  }

  collect(): void {
    if (this.#reading !== undefined) return
    const taken = this.#take()
    const skus = [...taken.keys()].flatMap((hash) => this.#names.get(hash))
    if (skus.length === 0) return
    this.#reading = taken
    readSkus(this.#reader, skus, (read) => this.#finish(read))
  }

  #take(): Map<number, Untold> {
    const taken = new Map<number, Untold>()
    for (const [hash, untold] of this.#changed) {
      if (taken.size === ROUND_MAX) break
      this.#changed.delete(hash)
      // Whoever watched it may be gone.
      if (this.#names.has(hash)) taken.set(hash, untold)
    }
    return taken
  }

  #finish({ views, failed }: SkusRead): void {
    const reading = this.#reading
    invariant(reading !== undefined, 'a round ends once')
    this.#reading = undefined
    for (const [hash, untold] of reading) this.#restore(hash, untold, failed)
    for (const view of views) {
      const entry = entryOf(view)
      this.#forgetSeen(entry.sku, entry.seq)
      this.#board.heed(entry, view.at)
    }
    if (failed.size > 0) setTimeout(() => this.#board.stir(), RETRY_MS).unref()
    else if (this.#changed.size > 0) this.#board.stir()
  }

  // What could not be read is untold since when it was.
  #restore(hash: number, untold: Untold, failed: ReadonlySet<string>): void {
    if (!this.#names.get(hash).some((sku) => failed.has(sku))) return
    const lastSeq = this.#changed.get(hash)?.lastSeq ?? untold.lastSeq
    this.#changed.set(hash, { firstSeq: untold.firstSeq, lastSeq })
  }

  // A read sees more than what was durable when it was asked: changes that it shows need no other.
  #forgetSeen(sku: string, seq: number): void {
    const hash = fnv1a32(sku)
    const untold = this.#changed.get(hash)
    const isAlone = this.#names.get(hash).length === 1
    if (untold !== undefined && isAlone && untold.lastSeq <= seq) this.#changed.delete(hash)
  }
}
