// A SKU that somebody watches: its newest state, and the one that subscribers have been told.
import type { SkuAnswerBody } from '../api/answer-bodies.ts'
import type { Answer } from '../partition-port.ts'
import type { StockEntry } from './stock-entry.ts'
import type { StockForm } from './stock-form.ts'
import type { StockGroup } from './stock-group.ts'

/** While no event comes, time leads from one to the next and never back. */
const RANKS: Readonly<Record<SkuAnswerBody['state'], number>> = {
  not_open: 0,
  open: 1,
  paused: 1,
  sold_out: 1,
  closed: 2,
}

export class WatchedSku {
  readonly sku: string
  readonly partition: number
  readonly groups: Set<StockGroup> = new Set()
  /** Those who hold it: groups, and subscribers on their way. */
  users = 0
  /** Its first read, while somebody waits for it; undefined is the answer when it went well. */
  beginning: Promise<Answer | undefined> | undefined
  /** Reads it again when time alone will have changed it. */
  timer: NodeJS.Timeout | undefined
  /** Time alone may change its state, or has: the seq does not say all. */
  hasSchedule = false
  #entry: StockEntry | undefined
  #told: StockEntry | undefined
  #text = ''
  #mayFall = false
  #hasFallen = false

  constructor(sku: string, partition: number) {
    this.sku = sku
    this.partition = partition
  }

  get isKnown(): boolean {
    return this.#entry !== undefined
  }

  /** The event of the newest state; 0 before the first. */
  get seq(): number {
    return this.#entry?.seq ?? 0
  }

  /** The event of the state that subscribers were told; 0 before the first. */
  get toldSeq(): number {
    return this.#told?.seq ?? 0
  }

  /** What they were told. */
  get text(): string {
    return this.#text
  }

  /** Takes what is newer than what is known. True when there is something to tell. */
  take(entry: StockEntry, form: StockForm): boolean {
    if (this.#entry !== undefined && !this.#isNewer(entry, this.#entry)) return false
    if (entry.seq < (this.#entry?.seq ?? 0)) this.#hasFallen = true
    this.#mayFall = false
    this.#entry = entry
    this.hasSchedule ||= entry.isScheduled === true || entry.until !== undefined
    if (this.#told === undefined) {
      this.tell(form)
      return false
    }
    return (this.#hasFallen && form.isExact) || form.isNews(this.#told, entry)
  }

  /** The partition has another owner, perhaps with an older journal: what comes next counts, however old it is. */
  expectFall(): void {
    this.#mayFall = true
  }

  /** The newest state is told now. True when its seq has fallen since the last time: the journal was restored. */
  tell(form: StockForm): boolean {
    const hasFallen = this.#hasFallen
    this.#hasFallen = false
    this.#told = this.#entry
    if (this.#told !== undefined) this.#text = form.text(this.#told)
    return hasFallen
  }

  #isNewer(entry: StockEntry, known: StockEntry): boolean {
    if (this.#mayFall || entry.seq > known.seq) return true
    return entry.seq === known.seq && RANKS[entry.state] > RANKS[known.state]
  }
}
