// What the commits of one owner came to: how many, how large, how long.
import { BLOCK_EVENTS_MAX } from '../core/limits.ts'
import { RecentValues } from './recent-values.ts'

const COMMIT_MICROSECONDS_MAX = 60_000_000

/** The commits of the last minute; times in ms. */
export interface RecentCommits {
  readonly commitP50Ms: number | undefined
  readonly commitP99Ms: number | undefined
  readonly blockEventsP50: number | undefined
  readonly blockEventsP99: number | undefined
}

/** Counts commits, as GroupCommit reports them. Called once per block. */
export class CommitMeter {
  readonly #now: () => number
  readonly #microseconds: RecentValues
  readonly #blockEvents: RecentValues
  #blocks = 0
  #events = 0

  /** `now` is a monotonic clock in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#microseconds = new RecentValues(COMMIT_MICROSECONDS_MAX, now())
    this.#blockEvents = new RecentValues(BLOCK_EVENTS_MAX, now())
  }

  /** Blocks that the disk has. */
  get blocks(): number {
    return this.#blocks
  }

  /** Events in those blocks. */
  get events(): number {
    return this.#events
  }

  note(events: number, commitMs: number): void {
    const now = this.#now()
    this.#blocks++
    this.#events += events
    this.#microseconds.add(Math.round(commitMs * 1_000), now)
    this.#blockEvents.add(events, now)
  }

  /** Undefined members when nothing was committed lately. */
  recent(): RecentCommits {
    const now = this.#now()
    const microseconds = this.#microseconds.quantiles(now)
    const blockEvents = this.#blockEvents.quantiles(now)
    return {
      commitP50Ms: microseconds && microseconds.p50 / 1_000,
      commitP99Ms: microseconds && microseconds.p99 / 1_000,
      blockEventsP50: blockEvents?.p50,
      blockEventsP99: blockEvents?.p99,
    }
  }
}
