// The sold-out shield of one partition: what a gateway may refuse by itself, because the owner has just said so.
// No transport here: news comes in as data, and nothing is ever raised that did not come from the owner's feed.
import type { Command, Reserve } from '../core/command.ts'
import type { SkuView } from '../core/outcome.ts'
import type { Refusal } from '../core/refusal.ts'
import { skuAnswerBody } from './api/answer-bodies.ts'
import type { Answer } from './partition-port.ts'
import type { StockEntry } from './stock/stock-entry.ts'

/** Flags of all partitions of a gateway together; about 20 MB. */
export const FLAGS_MAX = 100_000
/** SKUs whose stock an answer has shown before the feed has come so far: some 50 ms of answers. */
const SHOWN_MAX = 10_000
/** What the estimate of a message's age may be too low by: the shortest way of a message, and clocks that drift. */
const AGE_ERROR_MS = 10

/** One message of the feed, in its order, told in the gateway's own monotonic time. */
export interface StockNews {
  /** Every change that was durable by then is in this message or in one before it. */
  readonly completeAtMs: number
  /** When it was sent, and what the owner's clock (ms since 1970) said then. */
  readonly sentAtMs: number
  readonly at: number
  /** No entry of this message or a later one is older than this event. */
  readonly seq: number
  /** False when there are reasons not to answer in the owner's place, whatever the entries say. */
  readonly isTrusted: boolean
  readonly entries: readonly StockEntry[]
}

/**
 * A reserve as routes make it. The id is fresh when it was made at random for this very request: then nothing can
 * exist under it, and no answer but the one to its stock is owed.
 */
export interface NewReserve extends Reserve {
  readonly isFreshId: boolean
}

export type DropReason = 'gap' | 'epoch' | 'link'

/** What happened so far, for metrics. All only grow. */
export interface ShieldCounts {
  /** Reservations that were refused here. */
  shielded: number
  /** Reservations of flagged SKUs that were passed on: by key, because the news were old, because time ran out. */
  passedKeyed: number
  passedStale: number
  passedLate: number
  /** Flags that went up, that the feed or an answer took down, that fell with all others of the partition. */
  raised: number
  loweredByFeed: number
  loweredByAnswer: number
  droppedByGap: number
  droppedByEpoch: number
  droppedByLink: number
  /** Flags that were not raised because there are too many. */
  refused: number
}

export interface ShieldOptions {
  /** How old, in ms, what a refusal says may be at most. */
  readonly staleMs: number
  readonly flagsMax: number
  /** Monotonic, in ms. */
  readonly monotonicMs?: () => number
}

interface Flag {
  seq: number
  held: number
  /** Monotonic ms; Infinity when time alone changes nothing. */
  endsAtMs: number
}

/**
 * Answers `sold_out` in the partition's place. Three things are promised:
 *
 * - Truth: at some moment of the last `staleMs` nothing was available. A flag says so for the moment up to which the
 *   news are complete; it is down for every partition whose feed is late, has a hole, or comes from an older owner.
 * - Read your writes: an answer that shows stock takes the flag down, and only later news raise it again.
 * - Idempotency: only a fresh id is refused. A keyed one may have been reserved, even if this gateway was told
 *   `sold_out` for it a moment ago: units came back, another gateway made the reservation, its answer was lost and the
 *   retry is here before the news are. So a key always asks the partition, whose memory is the only one that counts.
 *
 * A partition looks at the hold's length and the buyer's limit before it looks at stock; the shield knows neither, and
 * refuses such requests `sold_out` as well. It is as true, and leaves the client nothing to gain: with another `holdMs`
 * or buyer the answer would be the same. To shield only SKUs without limits would be to shield no flash sale.
 */
export class SoldOutShield {
  readonly counts: ShieldCounts = {
    shielded: 0,
    passedKeyed: 0,
    passedStale: 0,
    passedLate: 0,
    raised: 0,
    loweredByFeed: 0,
    loweredByAnswer: 0,
    droppedByGap: 0,
    droppedByEpoch: 0,
    droppedByLink: 0,
    refused: 0,
  }
  readonly #staleMs: number
  readonly #flagsMax: number
  readonly #monotonicMs: () => number
  #flags = new Map<string, Flag>()
  /** By SKU, the last event as of which an answer showed stock, while older entries may still be on their way. */
  readonly #shown = new Map<string, number>()
  /** Stands in for all that `#shown` had no room for. */
  #shownFloor = 0
  #feedSeq = 0
  #trustedUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: ShieldOptions) {
    this.#staleMs = options.staleMs
    this.#flagsMax = options.flagsMax
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  get flagsUp(): number {
    return this.#flags.size
  }

  /** The refusal of a reservation, or undefined: then the partition must be asked. */
  answer(command: Reserve): Refusal | undefined {
    const flag = this.#flags.get(command.sku)
    if (flag === undefined) return undefined
    const nowMs = this.#monotonicMs()
    if (!isFresh(command)) this.counts.passedKeyed++
    else if (nowMs >= this.#trustedUntilMs) this.counts.passedStale++
    else if (nowMs >= flag.endsAtMs) this.counts.passedLate++
    else {
      this.counts.shielded++
      const final = command.quantity > flag.held
      return { kind: 'refusal', code: 'sold_out', available: 0, heldUnits: flag.held, final }
    }
    return undefined
  }

  /** The next message of the feed. The caller has seen that none is missing before it, or has called `drop`. */
  heed(news: StockNews): void {
    this.#trustedUntilMs = news.isTrusted
      ? news.completeAtMs + this.#staleMs - AGE_ERROR_MS
      : Number.NEGATIVE_INFINITY
    for (const entry of news.entries) this.#heedEntry(entry, news)
    this.#feedSeq = Math.max(this.#feedSeq, news.seq)
    // Whatever still comes has seen these events as well.
    for (const [sku, seq] of this.#shown) if (seq <= news.seq) this.#shown.delete(sku)
    if (this.#shownFloor <= news.seq) this.#shownFloor = 0
  }

  /** News were missed, or may have been: nothing is known any more. */
  drop(reason: DropReason): void {
    const count = this.#flags.size
    if (reason === 'gap') this.counts.droppedByGap += count
    else if (reason === 'epoch') this.counts.droppedByEpoch += count
    else this.counts.droppedByLink += count
    this.#flags = new Map()
    this.#feedSeq = 0
    this.#trustedUntilMs = Number.NEGATIVE_INFINITY
  }

  /**
   * Has seen what the partition answered, before the client does. True when it refused for want of any stock and there
   * is room for a flag that is not up: the owner should be asked to tell of the SKU.
   */
  see(command: Command, answer: Answer): boolean {
    switch (answer.kind) {
      case 'reservation':
        if (answer.remaining > 0) this.#seeStock(answer.sku, answer.seq)
        return false
      case 'sku':
        this.#seeSku(answer)
        return false
      case 'skus':
        for (const view of answer.skus) this.#seeSku(view)
        return false
      case 'refusal':
        return 'sku' in command && this.#seeRefusal(command.sku, answer)
      default:
        return false
    }
  }

  #heedEntry(entry: StockEntry, { sentAtMs, at }: StockNews): void {
    const flag = this.#flags.get(entry.sku)
    if (entry.state !== 'sold_out' || entry.available > 0) {
      if (flag === undefined) return
      this.#flags.delete(entry.sku)
      this.counts.loweredByFeed++
      return
    }
    const endsAtMs = entry.until === undefined ? Infinity : sentAtMs + entry.until - at
    if (flag !== undefined) {
      flag.seq = entry.seq
      flag.held = entry.held
      flag.endsAtMs = endsAtMs
    } else if (entry.seq > Math.max(this.#shown.get(entry.sku) ?? 0, this.#shownFloor)) {
      this.#raise(entry, endsAtMs)
    }
  }

  #raise({ sku, seq, held }: StockEntry, endsAtMs: number): void {
    if (this.#flags.size >= this.#flagsMax) {
      this.counts.refused++
      return
    }
    this.#flags.set(sku, { seq, held, endsAtMs })
    this.counts.raised++
  }

  #seeSku(view: SkuView): void {
    if (skuAnswerBody(view).state !== 'sold_out') this.#seeStock(view.sku, view.seq)
  }

  // As of event `seq` a reservation was not refused for want of stock.
  #seeStock(sku: string, seq: number): void {
    const flag = this.#flags.get(sku)
    if (flag !== undefined && seq > flag.seq) this.#lower(sku)
    if (seq <= this.#feedSeq) return
    const known = this.#shown.get(sku)
    if (known === undefined && this.#shown.size >= SHOWN_MAX) {
      this.#shownFloor = Math.max(this.#shownFloor, seq)
    } else if (known === undefined || known < seq) this.#shown.set(sku, seq)
  }

  // Refusals say no seq. Those that contradict the flag take it down; the owner's next word raises it again.
  #seeRefusal(sku: string, refusal: Refusal): boolean {
    switch (refusal.code) {
      case 'sold_out':
      case 'insufficient_available':
        if (refusal.available > 0) this.#lower(sku)
        else if (refusal.code === 'sold_out') return this.#isMissing(sku)
        return false
      case 'sale_not_open':
      case 'sale_closed':
      case 'sale_paused':
        this.#lower(sku)
        return false
      default:
        return false
    }
  }

  #isMissing(sku: string): boolean {
    return !this.#flags.has(sku) && this.#flags.size < this.#flagsMax
  }

  #lower(sku: string): void {
    if (this.#flags.delete(sku)) this.counts.loweredByAnswer++
  }
}

function isFresh(command: Reserve): boolean {
  return 'isFreshId' in command && command.isFreshId === true
}
