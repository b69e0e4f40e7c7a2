// The board of live stock: what is known of watched SKUs, told to all who watch them. Without transport, HTTP or NATS.
import { invariant } from '../../core/invariant.ts'
import { partitionOfSku } from '../../core/partition-of.ts'
import type { Answer } from '../partition-port.ts'
import type { Partitions } from '../partitions.ts'
import { BoardPartition } from './board-partition.ts'
import { type EventId, formatEventId } from './event-id.ts'
import { Pace, writesOf } from './pace.ts'
import { readSkus } from './read-skus.ts'
import { StockBatch } from './stock-batch.ts'
import { entryOf, type StockEntry } from './stock-entry.ts'
import type { StockForm } from './stock-form.ts'
import { StockGroup } from './stock-group.ts'
import { type StockReader, UNREAD_BYTES_MAX } from './stock-reader.ts'
import type { StockSource } from './stock-source.ts'
import { StockSubscription } from './stock-subscription.ts'
import { WatchedSku } from './watched-sku.ts'

/** A SKU is told at most once in this time, in ms; less often where subscribers are many (`pace.ts`). */
const QUIET_MS = 50
/** Readers get a sign of life so often, in ms. */
const BEAT_MS = 15_000
/** Time passes for a schedule; how exactly, in ms. */
const SCHEDULE_MS_MIN = 20
const SCHEDULE_MS_MAX = 3_600_000

export interface StockBoardOptions {
  /** Where states are read. */
  readonly partitions: Partitions
  readonly form: StockForm
  /** Subscribers at once. */
  readonly streamsMax: number
}

/** What a group is told in one round. */
interface GroupNews {
  readonly texts: string[]
  /** The journal of one of its SKUs was restored. */
  hasFallen: boolean
}

/**
 * Knows the newest durable state of every SKU that somebody watches, and tells it: per SKU never an older one after a
 * newer, at most once in 50 ms. States that come in between are skipped. Bounded by its subscribers: what nobody watches
 * is forgotten, and a reader that does not keep up is dropped.
 */
export class StockBoard {
  readonly #options: StockBoardOptions
  readonly #partitions: BoardPartition[] = []
  readonly #watched = new Map<string, WatchedSku>()
  readonly #groups = new Map<string, StockGroup>()
  /** Those of which subscribers have not heard the newest. */
  readonly #news = new Set<WatchedSku>()
  readonly #pace = new Pace(() => this.#rest())
  #subscribers = 0
  #dropped = 0
  #messages = 0
  #round = 0
  #toldId: EventId = []
  #isStirred = false
  #isClosed = false
  #nextAtMs = 0
  #turnTimer: NodeJS.Timeout | undefined
  #beatTimer: NodeJS.Timeout | undefined

  constructor(options: StockBoardOptions) {
    this.#options = options
  }

  /** Subscribers now, those on their way included. */
  get subscribers(): number {
    return this.#subscribers
  }

  /** Readers that were dropped because they did not read. */
  get dropped(): number {
    return this.#dropped
  }

  /** Events that were sent. */
  get messages(): number {
    return this.#messages
  }

  get form(): StockForm {
    return this.#options.form
  }

  /** How far each partition is known to be durable. */
  get durableId(): EventId {
    return this.#partitions.map(({ source }) => source.durableSeq)
  }

  /** News of `partition` come from `source`. All sources stand before anybody subscribes. */
  feedFrom(partition: number, source: StockSource): void {
    this.#partitions[partition] = new BoardPartition(source)
  }

  /**
   * Prepares a subscription of `skus`, of which none is twice. Gives what keeps it from being: a SKU that does not
   * exist, a partition that does not answer, `busy` when there are too many already.
   */
  async open(skus: readonly string[]): Promise<StockSubscription | Answer> {
    if (this.#isClosed) return { kind: 'fault', code: 'draining' }
    if (this.#partitions.length === 0) return { kind: 'fault', code: 'partition_unavailable' }
    if (this.#subscribers >= this.#options.streamsMax) return { kind: 'fault', code: 'busy' }
    this.#subscribers++
    const watched = skus.map((sku) => this.#watch(sku))
    const answers = await Promise.all(watched.map((sku) => this.#begin(sku)))
    const no = this.#isClosed
      ? ({ kind: 'fault', code: 'draining' } as const)
      : answers.find((answer) => answer !== undefined)
    if (no === undefined) return new StockSubscription(this, watched)
    this.release(watched)
    return no
  }

  /** Nobody subscribes to these after all, or any more. For subscriptions only. */
  release(watched: readonly WatchedSku[]): void {
    this.#subscribers--
    for (const sku of watched) if (--sku.users === 0) this.#unwatch(sku)
  }

  /** Puts a reader among those of the same SKUs, to be told of what comes. For subscriptions only. */
  join(reader: StockReader, watched: readonly WatchedSku[]): StockGroup {
    const key = watched
      .map(({ sku }) => sku)
      .sort()
      .join()
    const group = this.#groups.get(key) ?? new StockGroup(key, watched)
    this.#groups.set(key, group)
    group.readers.set(reader, this.#round)
    this.#beatTimer ??= setInterval(() => this.#pace.begin(this.#beats()), BEAT_MS)
    return group
  }

  /** Takes a reader out of its group. For subscriptions only. */
  leave(reader: StockReader, group: StockGroup): void {
    if (!group.readers.delete(reader) || group.readers.size > 0) return
    group.dissolve()
    this.#groups.delete(group.key)
    if (this.#groups.size > 0) return
    clearInterval(this.#beatTimer)
    this.#beatTimer = undefined
  }

  /** How far who was told all that is told has come, as text; undefined where ids are not told, or nothing is known yet. */
  get id(): string | undefined {
    if (!this.#options.form.isExact) return undefined
    const id = this.#news.size === 0 ? this.#knownId() : this.#toldId
    return id.length === 0 ? undefined : formatEventId(id)
  }

  /** Sends a batch to one reader, or drops a reader that leaves too much unread. Gives what it cost. */
  send(reader: StockReader, batch: StockBatch): number {
    if (reader.unreadBytes > UNREAD_BYTES_MAX) {
      this.#dropped++
      reader.drop()
      return 1
    }
    this.#messages += batch.count
    return writesOf(reader.tell(batch))
  }

  /** The state of a SKU, watched or not, that is durable at `at` (ms since 1970, the owner's clock). For sources only. */
  heed(entry: StockEntry, at: number): void {
    const watched = this.#watched.get(entry.sku)
    if (watched === undefined) return
    const isNews = watched.take(entry, this.#options.form)
    if (watched.seq === entry.seq) this.#expectSchedule(watched, entry, at)
    if (!isNews) return
    this.#news.add(watched)
    this.#schedule()
  }

  /** A source has something to collect. */
  stir(): void {
    if (this.#isStirred) return
    this.#isStirred = true
    this.#schedule()
  }

  /** News of `partition` were missed: everything is read again. */
  lose(partition: number): void {
    this.#readAgain(partition, this.#toldId[partition] ?? 0)
  }

  /** The partition has another owner: what is read now may be older than what was told. */
  replace(partition: number): void {
    for (const watched of this.#watched.values()) {
      if (watched.partition === partition) watched.expectFall()
    }
    this.#readAgain(partition, 0)
  }

  /** Ends all streams well, and takes none any more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#turnTimer)
    clearInterval(this.#beatTimer)
    this.#pace.stop()
    for (const group of [...this.#groups.values()]) {
      for (const reader of [...group.readers.keys()]) reader.end()
    }
  }

  #watch(sku: string): WatchedSku {
    let watched = this.#watched.get(sku)
    if (watched === undefined) {
      const partition = partitionOfSku(sku, this.#partitions.length)
      watched = new WatchedSku(sku, partition)
      this.#watched.set(sku, watched)
      this.#of(partition).source.watch(sku)
    }
    watched.users++
    return watched
  }

  #unwatch(watched: WatchedSku): void {
    const { sku, partition } = watched
    clearTimeout(watched.timer)
    this.#watched.delete(sku)
    this.#news.delete(watched)
    const board = this.#of(partition)
    board.forget(sku)
    board.source.unwatch(sku)
  }

  // What is known already needs no read, however many come for it.
  #begin(watched: WatchedSku): Promise<Answer | undefined> {
    if (watched.isKnown) return Promise.resolve(undefined)
    const read = async () => {
      const answer = await this.#options.partitions.ask({ kind: 'read-sku', sku: watched.sku })
      watched.beginning = undefined
      if (answer.kind !== 'sku') return answer
      this.heed(entryOf(answer), answer.at)
      return undefined
    }
    watched.beginning ??= read()
    return watched.beginning
  }

  #of(partition: number): BoardPartition {
    const board = this.#partitions[partition]
    invariant(board !== undefined, 'every SKU has a source')
    return board
  }

  #knownId(): EventId {
    return this.#partitions.map(({ completeSeq }) => completeSeq)
  }

  #readAgain(partition: number, completeSeq: number): void {
    const board = this.#of(partition)
    board.freeze(completeSeq)
    for (const watched of this.#watched.values()) {
      if (watched.partition === partition) board.want(watched.sku)
    }
    board.settle([], new Set(), 0)
    this.stir()
  }

  #expectSchedule(watched: WatchedSku, { until }: StockEntry, at: number): void {
    clearTimeout(watched.timer)
    if (until === undefined) return
    const waitMs = Math.min(Math.max(until - at, SCHEDULE_MS_MIN), SCHEDULE_MS_MAX)
    watched.timer = setTimeout(() => {
      this.#of(watched.partition).want(watched.sku)
      this.stir()
    }, waitMs)
    watched.timer.unref()
  }

  #schedule(): void {
    if (this.#turnTimer !== undefined || this.#pace.isBusy || this.#isClosed) return
    if (!this.#isStirred && this.#news.size === 0) return
    const waitMs = Math.max(0, this.#nextAtMs - performance.now())
    this.#turnTimer = setTimeout(() => this.#turn(), waitMs)
  }

  #turn(): void {
    this.#turnTimer = undefined
    this.#isStirred = false
    if (this.#news.size > 0) this.#tellNews()
    for (const partition of this.#partitions) {
      partition.source.collect()
      if (partition.hasReads) this.#read(partition)
    }
    this.#schedule()
  }

  #read(partition: BoardPartition): void {
    const restMs = partition.restMs(performance.now())
    if (restMs > 0) {
      setTimeout(() => this.stir(), restMs).unref()
      return
    }
    const skus = partition.takeReads()
    if (skus.length === 0) return
    readSkus(this.#options.partitions, skus, ({ views, failed }) => {
      for (const view of views) this.heed(entryOf(view), view.at)
      const watched = [...failed].filter((sku) => this.#watched.has(sku))
      partition.settle(skus, new Set(watched), performance.now())
      if (partition.hasReads) this.stir()
    })
  }

  #tellNews(): void {
    const { form } = this.#options
    const groups = new Map<StockGroup, GroupNews>()
    for (const watched of this.#news) {
      const hasFallen = watched.tell(form) && form.isExact
      for (const group of watched.groups) {
        const told = groups.get(group) ?? { texts: [], hasFallen: false }
        told.texts.push(watched.text)
        told.hasFallen ||= hasFallen
        groups.set(group, told)
      }
    }
    this.#news.clear()
    this.#toldId = this.#knownId()
    this.#round++
    const id = form.isExact ? formatEventId(this.#toldId) : undefined
    this.#pace.begin(this.#deliveries(groups, id, this.#round))
  }

  *#deliveries(
    groups: ReadonlyMap<StockGroup, GroupNews>,
    id: string | undefined,
    round: number,
  ): Generator<number, void> {
    for (const [group, { texts, hasFallen }] of groups) {
      const batch = new StockBatch({ gap: hasFallen ? 'restored' : undefined, texts, id })
      for (const [reader, joined] of group.readers) {
        // Who has come since then was told at the door.
        if (joined < round) yield this.send(reader, batch)
      }
    }
  }

  *#beats(): Generator<number, void> {
    for (const group of this.#groups.values()) {
      for (const reader of group.readers.keys()) {
        if (reader.unreadBytes > UNREAD_BYTES_MAX) {
          this.#dropped++
          reader.drop()
        } else reader.beat()
        yield 1
      }
    }
  }

  #rest(): void {
    this.#nextAtMs = performance.now() + QUIET_MS
    this.#schedule()
  }
}
