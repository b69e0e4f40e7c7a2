// One subscriber of a board, from the moment its SKUs are known to the end of its connection.
import { invariant } from '../../core/invariant.ts'
import { type GapReason, readEventId } from './event-id.ts'
import { StockBatch } from './stock-batch.ts'
import type { StockBoard } from './stock-board.ts'
import type { StockGroup } from './stock-group.ts'
import type { StockReader } from './stock-reader.ts'
import type { WatchedSku } from './watched-sku.ts'

export class StockSubscription {
  readonly kind = 'subscription'
  readonly #board: StockBoard
  readonly #watched: readonly WatchedSku[]
  #reader: StockReader | undefined
  #group: StockGroup | undefined
  #isOver = false

  /** Made by the board, which holds `watched` for it. */
  constructor(board: StockBoard, watched: readonly WatchedSku[]) {
    this.#board = board
    this.#watched = watched
  }

  /**
   * Tells `reader` the state of every SKU, or only of those that changed since `lastId`, and of changes from then on.
   * An id that cannot be held against what is known is answered by a gap, and by every state.
   */
  begin(reader: StockReader, lastId: string | undefined): void {
    invariant(!this.#isOver && this.#reader === undefined, 'a subscription begins once')
    this.#reader = reader
    this.#group = this.#board.join(reader, this.#watched)
    const first = this.#firstBatch(lastId)
    if (first.count > 0) this.#board.send(reader, first)
  }

  /** The connection is over, or never came to be. Does nothing the second time. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#reader !== undefined && this.#group !== undefined) {
      this.#board.leave(this.#reader, this.#group)
    }
    this.#board.release(this.#watched)
  }

  #firstBatch(lastId: string | undefined): StockBatch {
    const { form, id } = this.#board
    const since = form.isExact && lastId !== undefined ? this.#resume(lastId) : []
    if (typeof since === 'string') {
      return new StockBatch({ gap: since, texts: textsOf(this.#watched), id })
    }
    const news = this.#watched.filter(
      ({ partition, toldSeq, hasSchedule }) => hasSchedule || toldSeq > (since[partition] ?? -1),
    )
    return new StockBatch({ texts: textsOf(news), id })
  }

  #resume(lastId: string): readonly number[] | GapReason {
    return readEventId(lastId, this.#board.durableId)
  }
}

function textsOf(watched: readonly WatchedSku[]): string[] {
  return watched.map(({ text }) => text)
}
