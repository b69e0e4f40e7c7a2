// What the commits of one owner came to: how many, how large, how long.
import { BLOCK_EVENTS_MAX } from '../core/limits.ts'
import { BucketCounts } from './metrics/bucket-counts.ts'
import { RecentValues } from './recent-values.ts'

const COMMIT_MICROSECONDS_MAX = 60_000_000
/** Bounds of the commit times that metrics tell: from a good disk's to the deadline's. */
const COMMIT_SECONDS = [
  ...[0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
]
/** Bounds of the block sizes that metrics tell; a full block has 4,096 events. */
const BLOCK_EVENTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, BLOCK_EVENTS_MAX]

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
  readonly commitSeconds: BucketCounts = new BucketCounts(COMMIT_SECONDS)
  readonly blockSizes: BucketCounts = new BucketCounts(BLOCK_EVENTS)

  /** `now` is a monotonic clock in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#microseconds = new RecentValues(COMMIT_MICROSECONDS_MAX, now())
    this.#blockEvents = new RecentValues(BLOCK_EVENTS_MAX, now())
  }

  /** Blocks that the disk has. */
  get blocks(): number {
    return this.blockSizes.count
  }

  /** Events in those blocks. */
  get events(): number {
    return this.blockSizes.sum
  }

  note(events: number, commitMs: number): void {
    const now = this.#now()
    this.commitSeconds.add(commitMs / 1_000)
    this.blockSizes.add(events)
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
