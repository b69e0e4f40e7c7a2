// Watches one owner: puts its status together, and walks over its state to see that no unit is oversold or stranded.
import { ConservationWalk } from '../core/conservation-walk.ts'
import type { CommitMeter } from './commit-meter.ts'
import type { DiskWatch } from './disk-watch.ts'
import type { OwnerMeasures } from './metrics/partition-metrics.ts'
import type { OwnerStatus } from './owner-status.ts'
import type { Recovered } from './recover.ts'
import type { JournalSettings } from './settings.ts'
import type { SnapshotSchedule } from './snapshot-schedule.ts'

/** Due holds that a look counts at most. */
const HOLDS_DUE_MAX = 10_000
/**
 * The walk: so much in so many ms, a third of one at most. A million SKUs take four minutes, and four more where sums
 * are compared; a million holds take one.
 */
const WALK_MS = 250
const WALK_SKUS = 1_000
const WALK_ROWS = 4_000

export interface OwnerMonitorOptions {
  /** The partition's number. */
  readonly number: number
  readonly recovered: Recovered
  readonly settings: JournalSettings
  readonly commits: CommitMeter
  readonly snapshots: SnapshotSchedule
  readonly disk: DiskWatch
}

/** What is known of an owner at any moment. Asking costs some 100 µs, being asked for nothing a walk's step now and then. */
export class OwnerMonitor {
  readonly #options: OwnerMonitorOptions
  readonly #walk: ConservationWalk
  readonly #timer: NodeJS.Timeout

  /** Begins the walk. */
  constructor(options: OwnerMonitorOptions) {
    this.#options = options
    const walk = new ConservationWalk(options.recovered.state)
    this.#walk = walk
    this.#timer = setInterval(() => walk.step(Date.now(), WALK_SKUS, WALK_ROWS), WALK_MS)
    this.#timer.unref()
  }

  /** Ends the walk. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** What the owner knows beyond the partition's state. */
  get status(): OwnerStatus {
    const { recovered, commits, snapshots, disk } = this.#options
    const { partition, state } = recovered
    const now = Date.now()
    const due = state.due.backlog(now, HOLDS_DUE_MAX)
    return {
      epoch: recovered.epoch,
      durableSeq: partition.durableSeq,
      watermarkLag: partition.lastSeq - partition.durableSeq,
      inboxLength: partition.inboxLength,
      answersLength: partition.answersLength,
      blocks: commits.blocks,
      events: commits.events,
      ...commits.recent(),
      snapshotSeq: snapshots.snapshotSeq,
      snapshotAgeMs: snapshots.ageMs,
      diskFreeBytes: disk.freeBytes,
      holdsDue: due.count,
      dueLateMs: now - due.since,
      recoveredMs: recovered.ms,
      oversoldUnits: this.#walk.oversoldUnits,
      strandedUnits: this.#walk.strandedUnits,
      sweeps: this.#walk.sweeps,
    }
  }

  /** The owner in numbers. */
  measure(): OwnerMeasures {
    const { number, recovered, settings } = this.#options
    const { reservations, accounts, due, actors, lastSeq } = recovered.state
    return {
      partition: number,
      status: this.status,
      lastSeq,
      skus: actors.length,
      reservations: reservations.count,
      held: due.count,
      stateBytes: reservations.bytes + accounts.bytes,
      diskLowBytes: settings.diskLowBytes,
    }
  }
}
