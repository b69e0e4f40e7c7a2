// News of one partition as a gateway hears them: what its owner's feed tells, and how complete that is.
import type { DropReason } from '../sold-out-shield.ts'
import type { StockBoard } from '../stock/stock-board.ts'
import type { StockSource } from '../stock/stock-source.ts'
import type { StockMessage } from './stock-message.ts'

/** Messages that are remembered until a later one has told all that was durable when they were sent: some seconds. */
const MESSAGES_MAX = 256

/** What was durable when a message was sent, by the owner's monotonic clock. */
interface Sent {
  readonly atMs: number
  readonly seq: number
}

/** Hands what the owner tells to the board. The feed tells of every SKU, so that nothing has to be asked for. */
export class HeardStock implements StockSource {
  readonly #board: StockBoard
  readonly #partition: number
  #sent: Sent[] = []
  #completeSeq = 0
  #durableSeq = 0

  constructor(board: StockBoard, partition: number) {
    this.#board = board
    this.#partition = partition
    board.feedFrom(partition, this)
  }

  get completeSeq(): number {
    return this.#completeSeq
  }

  get durableSeq(): number {
    return this.#durableSeq
  }

  watch(): void {
    // The board takes from the feed what it knows.
  }

  unwatch(): void {
    // As above.
  }

  collect(): void {
    // The owner's feed has a pace of its own.
  }

  /** The next message, with nothing missed before it unless `drop` was called. */
  heed(message: StockMessage): void {
    const { sentAtMs, lagMs, seq, entries, at } = message
    for (const entry of entries) this.#board.heed(entry, at)
    this.#durableSeq = Math.max(this.#durableSeq, seq)
    if (lagMs === 0) this.#completeSeq = Math.max(this.#completeSeq, seq)
    const completeAtMs = sentAtMs - lagMs
    // Times are in whole ms, cut off: what was durable within the same one may be untold.
    let told = 0
    for (; told < this.#sent.length; told++) {
      const sent = this.#sent[told]
      if (sent === undefined || sent.atMs >= completeAtMs) break
      this.#completeSeq = Math.max(this.#completeSeq, sent.seq)
    }
    this.#sent.splice(0, told)
    if (this.#sent.length < MESSAGES_MAX) this.#sent.push({ atMs: sentAtMs, seq })
  }

  /** Messages were missed, or come from another owner now. */
  drop(reason: DropReason): void {
    this.#sent = []
    if (reason !== 'epoch') {
      this.#board.lose(this.#partition)
      return
    }
    this.#completeSeq = 0
    this.#durableSeq = 0
    this.#board.replace(this.#partition)
  }
}
