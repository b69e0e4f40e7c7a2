// What the owner of a partition knows beyond the partition's state.
import type { PartitionView } from '../core/outcome.ts'
import type { RecentCommits } from './commit-meter.ts'

/** As of the moment of the answer; counts are since the recovery. */
export interface OwnerStatus extends RecentCommits {
  readonly epoch: number
  /** The highest seq known to be on disk. */
  readonly durableSeq: number
  /** Events that are decided and not yet on disk. */
  readonly watermarkLag: number
  /** Commands that wait for their turn. */
  readonly inboxLength: number
  /** Answers that wait for the disk. */
  readonly answersLength: number
  /** Commits that the disk has, and events in them. */
  readonly blocks: number
  readonly events: number
  /** The newest snapshot's; 0 when there is none. */
  readonly snapshotSeq: number
  /** How long ago the newest snapshot was written; without one, how long ago the recovery was. */
  readonly snapshotAgeMs: number
  readonly diskFreeBytes: number
  /** Holds that should have expired and have not yet; counted up to 10,000. */
  readonly holdsDue: number
  /** How late the first of those is; 0 when there are none. */
  readonly dueLateMs: number
  /** Units promised beyond the stock, and units that nobody can buy, as a walk over everything found them: 0. */
  readonly oversoldUnits: number
  readonly strandedUnits: number
  /** How often that walk has passed everything. */
  readonly sweeps: number
  /** How long the recovery took. */
  readonly recoveredMs: number
}

/** What a partition says of itself, and its owner with it, where it has one that knows more. */
export interface PartitionStatus extends PartitionView {
  readonly owner?: OwnerStatus | undefined
}
