// The owner's stock feed: what became durable, told to whoever listens, and a sign of life when there is nothing to tell.
import type { Subscription } from '@nats-io/transport-node'
import type { SkuView } from '../../core/outcome.ts'
import type { EventBlock } from '../../core/partition.ts'
import type { PartitionPort } from '../partition-port.ts'
import { readSkus, type SkusRead } from '../stock/read-skus.ts'
import { entryOf } from '../stock/stock-entry.ts'
import type { FramePlace } from './frame.ts'
import type { NatsLink } from './link.ts'
import { messageCallback } from './message-callback.ts'
import { send } from './payload.ts'
import { StockChanges, type TakenSkus } from './stock-changes.ts'
import {
  encodeStockMessage,
  readStockAsk,
  STOCK_ENTRIES_MAX,
  stockAskSubject,
} from './stock-message.ts'
import { stockSubject } from './subjects.ts'

const TICK_MS = 10
/** With the next tick it would be more than 25 ms since the last message. */
const HEARTBEAT_MS = 15

export interface StockFeedOptions extends FramePlace {
  readonly link: NatsLink
  readonly cluster: string
  /** This owner's term. */
  readonly epoch: number
  readonly port: PartitionPort
  /** Whether the partition is still ours: asked before every message. */
  readonly isOwner: () => boolean
  /** The names of all SKUs there are when the feed begins. */
  readonly skus: Iterable<string>
  /** The highest seq known to be on disk. */
  readonly durableSeq: () => number
  /** The clock that decides sales, in ms since 1970. */
  readonly now: () => number
  /** Monotonic, in ms. */
  readonly monotonicMs?: () => number
  /** A question was dropped, or a message cannot be sent: words for the log, to be bounded there. */
  readonly onPoison: (reason: string, bytes: number) => void
}

/** Reads that are on their way through the partition, for one message. */
interface Round {
  readonly taken: readonly TakenSkus[]
  /** What was durable when they were asked. */
  readonly seq: number
}

/**
 * Tells of each SKU that changed, at most once in 50 ms and with the next tick otherwise, and of SKUs that somebody
 * asked for. Values are what the partition itself answers to a read, so they are durable and their seq never falls.
 * Bounded: one round of reads at a time, of 1,024 SKUs; what does not fit, or is not answered, waits for the next. A
 * message says how long the oldest untold change has waited, so that listeners know what silence about a SKU is worth.
 */
export class StockFeed {
  readonly #options: StockFeedOptions
  readonly #subject: string
  readonly #changes: StockChanges
  readonly #monotonicMs: () => number
  #round: Round | undefined
  #lastNumber = 0
  #lastSentMs: number
  #ticker: NodeJS.Timeout | undefined
  #questions: Subscription | undefined

  constructor(options: StockFeedOptions) {
    this.#options = options
    this.#subject = stockSubject(options.cluster, options.partition)
    this.#changes = new StockChanges(options.skus)
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#lastSentMs = this.#monotonicMs()
  }

  /** Takes questions and sends messages from now on. */
  start(): void {
    const { link, cluster, partition } = this.#options
    this.#questions = link.connection.subscribe(stockAskSubject(cluster, partition), {
      callback: messageCallback(({ data }) => this.#heedQuestion(data)),
    })
    this.#ticker = setInterval(() => this.tick(), TICK_MS)
  }

  /** Sends nothing more. */
  stop(): void {
    clearInterval(this.#ticker)
    this.#questions?.unsubscribe()
  }

  /** These events have become durable. Must be told of every block since `skus` was read, in order. */
  note(block: EventBlock): void {
    this.#changes.note(block, this.#monotonicMs())
  }

  /** Asks for what may be told now, and gives a sign of life when one is due. Called by the feed's own timer. */
  tick(): void {
    if (!this.#options.isOwner() || !this.#options.link.isUp) return
    if (this.#round === undefined) this.#begin()
    if (this.#monotonicMs() - this.#lastSentMs >= HEARTBEAT_MS) {
      this.#send([], this.#round?.taken ?? [])
    }
  }

  #heedQuestion(data: Uint8Array): void {
    const skus = readStockAsk(data, this.#options)
    if (typeof skus === 'string') this.#options.onPoison(`stock question: ${skus}`, data.length)
    else for (const sku of skus) this.#changes.ask(sku)
  }

  #begin(): void {
    const taken = this.#changes.take(STOCK_ENTRIES_MAX, this.#monotonicMs())
    if (taken.length === 0) return
    const round = { taken, seq: this.#options.durableSeq() }
    this.#round = round
    const skus = taken.flatMap(({ names }) => names)
    readSkus(this.#options.port, skus, (read) => this.#finish(round, read))
  }

  #finish({ taken }: Round, { views, failed }: SkusRead): void {
    const hasFailed = ({ names }: TakenSkus) => names.some((sku) => failed.has(sku))
    const untold = taken.filter(hasFailed)
    const isSent = this.#options.isOwner() && this.#sendAll(views, taken, untold)
    this.#round = undefined
    this.#changes.restore(isSent ? untold : taken)
    if (!isSent) return
    const told = taken.filter((skus) => !hasFailed(skus))
    this.#changes.settle(told, this.#lastSentMs)
  }

  // SKUs of one hash are read together, so there may be some more than one message takes.
  #sendAll(
    views: readonly SkuView[],
    taken: readonly TakenSkus[],
    untold: readonly TakenSkus[],
  ): boolean {
    let from = 0
    for (; from + STOCK_ENTRIES_MAX < views.length; from += STOCK_ENTRIES_MAX) {
      if (!this.#send(views.slice(from, from + STOCK_ENTRIES_MAX), taken)) return false
    }
    return this.#send(views.slice(from), untold)
  }

  // False when it could not leave: its number is then the next message's.
  #send(views: readonly SkuView[], untold: readonly TakenSkus[]): boolean {
    const { link, partition, partitionCount, epoch, port, now, durableSeq, onPoison } =
      this.#options
    const nowMs = this.#monotonicMs()
    const bytes = encodeStockMessage({
      ...{ partition, partitionCount, epoch, number: this.#lastNumber + 1 },
      sentAtMs: Math.floor(nowMs),
      lagMs: Math.ceil(nowMs - this.#oldestMs(untold, nowMs)),
      // Logical time may be ahead of the clock.
      at: views.reduce((latest, { at }) => Math.max(latest, at), now()),
      seq: this.#round?.seq ?? durableSeq(),
      reasons: port.unreadyReasons(),
      entries: views.map(entryOf),
    })
    const isSent = send(link, this.#subject, bytes, (reason) => onPoison(reason, bytes.length))
    if (!isSent) return false
    this.#lastNumber++
    this.#lastSentMs = nowMs
    return true
  }

  // Since when the oldest change waits to be told; now when none does. What was taken was in order.
  #oldestMs(untold: readonly TakenSkus[], nowMs: number): number {
    const taken = untold.find(({ sinceMs }) => sinceMs !== undefined)
    return Math.min(taken?.sinceMs ?? nowMs, this.#changes.oldestMs ?? nowMs)
  }
}
