// A gateway's ear on the stock feed of one partition: in order, of the newest owner, with nothing missed, or not at all.
import type { Subscription } from '@nats-io/transport-node'
import type { StockSource } from '../shielded-partition.ts'
import type { DropReason, SoldOutShield } from '../sold-out-shield.ts'
import type { FramePlace } from './frame.ts'
import { FrameAges } from './frame-age.ts'
import type { HeardStock } from './heard-stock.ts'
import type { NatsLink } from './link.ts'
import { messageCallback } from './message-callback.ts'
import { send } from './payload.ts'
import {
  encodeStockAsk,
  readStockMessage,
  STOCK_ASK_MAX,
  type StockMessage,
  stockAskSubject,
} from './stock-message.ts'
import { stockSubject } from './subjects.ts'

/** An owner that has said nothing for so long is silent: it says something every 25 ms. */
const SILENT_MS = 1_000
/**
 * An owner is believed only after it has been heard for so long and so often, and again after it was silent. The age
 * of a message is told by the fastest one seen, and the first of them may have waited while this process stood still.
 */
const SETTLE_MS = 1_000
const SETTLE_MESSAGES = 20
/** The owner is asked for SKUs at most this often. */
const ASK_MS = 100

export interface StockListenerOptions extends FramePlace {
  readonly link: NatsLink
  readonly cluster: string
  readonly shield: SoldOutShield
  /** Who else wants to hear what the shield hears. */
  readonly stock?: HeardStock
  /** An owner with this epoch was heard of. */
  readonly onEpoch: (epoch: number) => void
  /** Something came that should not: words for the log, to be bounded there. */
  readonly onTrouble: (reason: string) => void
  /** Monotonic, in ms; the shield must have the same. */
  readonly monotonicMs?: () => number
}

/** Tells the shield, and live stock, what the owner says, and whenever something may have been missed. */
export class StockListener implements StockSource {
  readonly #options: StockListenerOptions
  readonly #monotonicMs: () => number
  readonly #ages = new FrameAges()
  readonly #wanted = new Set<string>()
  #subscription: Subscription | undefined
  #asking: NodeJS.Timeout | undefined
  #epoch = -1
  /** Of the last message; undefined when any may be the next. */
  #lastNumber: number | undefined
  #metAtMs = 0
  #heardCount = 0
  #heardAtMs = Number.NEGATIVE_INFINITY
  #reasons: readonly string[] = []

  constructor(options: StockListenerOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /** Listens from now on. */
  start(): void {
    const { link, cluster, partition } = this.#options
    this.#subscription = link.connection.subscribe(stockSubject(cluster, partition), {
      callback: messageCallback(({ data }) => this.heed(data)),
    })
    link.onChange((isUp) => {
      if (!isUp) this.#loseLink()
    })
  }

  stop(): void {
    this.#subscription?.unsubscribe()
    clearTimeout(this.#asking)
    this.#loseLink()
  }

  reasons(): readonly string[] {
    const isSilent = this.#monotonicMs() - this.#heardAtMs >= SILENT_MS
    return isSilent ? ['partition_silent'] : this.#reasons
  }

  // A gateway that comes late has missed the moment when a SKU sold out. The owner could list all of them, by walking
  // over all SKUs for every gateway that comes; to have it repeat those that somebody asks for takes no walk, no reply
  // and no second order of messages, and never tells of what nobody buys.
  want(sku: string): void {
    if (this.#wanted.size < STOCK_ASK_MAX) this.#wanted.add(sku)
    this.#asking ??= setTimeout(() => this.#ask(), ASK_MS)
  }

  /** Takes one message as it came. Called by the listener's own subscription. */
  heed(data: Uint8Array): void {
    const message = readStockMessage(data, this.#options)
    if (typeof message === 'string') this.#refuse(message)
    else if (message.epoch < this.#epoch) this.#refuse('of an owner that was replaced')
    else if (this.#isRepeated(message)) this.#refuse('that was there before')
    else this.#take(message)
  }

  #refuse(reason: string): void {
    this.#options.onTrouble(`a stock message was dropped: ${reason}`)
  }

  #isRepeated({ epoch, number }: StockMessage): boolean {
    return epoch === this.#epoch && this.#lastNumber !== undefined && number <= this.#lastNumber
  }

  #take(message: StockMessage): void {
    const { shield, stock } = this.#options
    const nowMs = this.#monotonicMs()
    if (message.epoch > this.#epoch) this.#meet(message.epoch)
    // Whose silence was long is met anew: so much may have queued up, and the two clocks may have drifted apart.
    if (nowMs - this.#heardAtMs >= SILENT_MS) this.#settle(nowMs)
    const expected = this.#lastNumber === undefined ? message.number : this.#lastNumber + 1
    if (message.number !== expected) this.#drop('gap')
    this.#lastNumber = message.number
    this.#heardCount++
    this.#heardAtMs = nowMs
    this.#reasons = message.reasons
    const sentAtMs = nowMs - this.#ages.ageMs(String(message.epoch), message.sentAtMs, nowMs)
    shield.heed({
      ...{ sentAtMs, at: message.at, seq: message.seq, entries: message.entries },
      completeAtMs: sentAtMs - message.lagMs,
      isTrusted: message.reasons.length === 0 && this.#isSettled(nowMs),
    })
    stock?.heed(message)
  }

  #drop(reason: DropReason): void {
    this.#options.shield.drop(reason)
    this.#options.stock?.drop(reason)
  }

  #meet(epoch: number): void {
    this.#epoch = epoch
    this.#lastNumber = undefined
    this.#heardAtMs = Number.NEGATIVE_INFINITY
    // First of all: from then on no answer of the owner before is taken.
    this.#options.onEpoch(epoch)
    this.#drop('epoch')
  }

  #settle(nowMs: number): void {
    this.#metAtMs = nowMs
    this.#heardCount = 0
  }

  #isSettled(nowMs: number): boolean {
    return nowMs - this.#metAtMs >= SETTLE_MS && this.#heardCount >= SETTLE_MESSAGES
  }

  #loseLink(): void {
    this.#lastNumber = undefined
    this.#drop('link')
  }

  #ask(): void {
    const { link, cluster, partition, onTrouble } = this.#options
    this.#asking = undefined
    const subject = stockAskSubject(cluster, partition)
    // What does not leave is asked for again when it is refused again.
    send(link, subject, encodeStockAsk(this.#options, [...this.#wanted]), onTrouble)
    this.#wanted.clear()
  }
}
