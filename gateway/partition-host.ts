// One partition and all that keeps it alive: its directory, recovery, group commit, disk watch and snapshots.
import { mkdirSync } from 'node:fs'
import type { Logger } from 'pino'
import type { EventBlock } from '../core/partition.ts'
import { stateHash } from '../core/state-hash.ts'
import {
  type PartitionPaths,
  partitionPaths,
  requireNoCutRepair,
} from '../journal/data-directory.ts'
import { requireFreeDisk } from '../journal/free-disk.ts'
import { HeldDirectory } from '../journal/held-directory.ts'
import { lastOwnerKnownDead, takeOwnership } from '../journal/owner.ts'
import { CommitMeter } from './commit-meter.ts'
import { DiskWatch } from './disk-watch.ts'
import { EmbeddedPartition } from './embedded-partition.ts'
import type { OwnerMeasures } from './metrics/partition-metrics.ts'
import type { OwnerSource } from './metrics/sources.ts'
import { OwnerMonitor } from './owner-monitor.ts'
import { OwnershipWatch } from './ownership-watch.ts'
import { type JournalEnd, type Recovered, recover, type Term } from './recover.ts'
import type { JournalSettings } from './settings.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'

/** What LMDB needs to open without risk of SIGBUS. */
const OPEN_BYTES_MIN = 16 * 2 ** 20

export interface PartitionHostOptions {
  readonly settings: JournalSettings
  readonly partition: number
  readonly partitionCount: number
  readonly logger: Logger
  /** The journal failed or was taken away: every waiting answer has left, and the process must end. */
  readonly onFault: (fault: unknown) => void
  /** As EmbeddedPartition has it. */
  readonly onDurable?: (block: EventBlock) => void
}

/** A partition in this process, from its data directory to its last snapshot. */
export class PartitionHost implements OwnerSource {
  readonly #options: PartitionHostOptions
  readonly #paths: PartitionPaths
  #deadOwner: string | undefined
  #held: HeldDirectory | undefined
  #ownership: OwnershipWatch | undefined
  #disk: DiskWatch | undefined
  #recovered: Recovered | undefined
  #snapshots: SnapshotSchedule | undefined
  #selling: EmbeddedPartition | undefined
  #monitor: OwnerMonitor | undefined
  readonly commits: CommitMeter = new CommitMeter()

  constructor(options: PartitionHostOptions) {
    this.#options = options
    this.#paths = partitionPaths(options.settings.data, options.partition)
  }

  /** The partition's own folder. */
  get directory(): string {
    return this.#paths.root
  }

  /** The highest seq known to be on disk; 0 before recovery. */
  get durableSeq(): number {
    return this.#recovered?.partition.durableSeq ?? 0
  }

  /** The owner in numbers; undefined before recovery. */
  measure(): OwnerMeasures | undefined {
    return this.#monitor?.measure()
  }

  /** The names of all SKUs, those not yet durable included; none before recovery. */
  get skus(): readonly string[] {
    return this.#recovered?.state.actors.map(({ sku }) => sku) ?? []
  }

  /** The last owner of the directory, by its `processInstance`, where it is certainly dead. */
  get deadOwner(): string | undefined {
    return this.#deadOwner
  }

  /** Takes the directory for this process and gives its generation. @throws JournalError when it is taken or unfit. */
  takeDirectory(): number {
    requireNoCutRepair(this.#paths)
    this.#deadOwner = lastOwnerKnownDead(this.#paths.root)
    mkdirSync(this.#paths.root, { recursive: true })
    requireFreeDisk(this.#paths.root, OPEN_BYTES_MIN)
    const generation = takeOwnership(this.#paths.root)
    this.#held = new HeldDirectory(this.#paths, generation)
    this.#ownership = new OwnershipWatch(this.#held, (fault) => {
      this.abandon()
      this.#options.onFault(fault)
    })
    return generation
  }

  /** Recovers and sells from then on; `beginTerm` as `recover` has it. @throws JournalError when it must not. */
  async open(beginTerm: (end: JournalEnd) => Term | Promise<Term>): Promise<EmbeddedPartition> {
    const disk = this.#watchDisk()
    this.#disk = disk
    const { partition, partitionCount, settings } = this.#options
    const recovered = await recover({
      ...{ paths: this.#paths, settings, partition, partitionCount, beginTerm, now: Date.now },
      onSkippedSnapshot: (place, reason) =>
        this.#options.logger.warn(
          { snapshot: place.path, reason: reason.message },
          'snapshot skipped',
        ),
    })
    this.#recovered = recovered
    // The watch may have told so before there was anything to abandon.
    this.#held?.requireHeld()
    const snapshots = this.#scheduleSnapshots(recovered)
    this.#snapshots = snapshots
    this.#monitor = new OwnerMonitor({
      ...{ number: partition, recovered, settings, commits: this.commits, snapshots, disk },
    })
    this.#selling = this.#sell(recovered)
    this.#logRecovery(recovered)
    return this.#selling
  }

  /** Decides nothing any more, whatever waits: the partition is not ours. What is on its way to the disk arrives. */
  abandon(): void {
    this.#snapshots?.stop()
    this.#monitor?.stop()
    this.#selling?.abandon()
  }

  /** Takes no more commands; resolves when everything taken is answered and durable. */
  async drain(): Promise<void> {
    this.#snapshots?.stop()
    this.#monitor?.stop()
    await this.#selling?.drain()
  }

  /**
   * Closes the journal and takes a last snapshot, within `deadlineMs`.
   * Resolves to false when the snapshot proved that live state and journal differ: a bug.
   * @throws JournalError `journal_taken` when the directory is no longer the one that was sold from.
   */
  async close(deadlineMs: number): Promise<boolean> {
    const startedAt = performance.now()
    await this.#recovered?.journal.close()
    this.#disk?.stop()
    this.#ownership?.stop()
    // What was acknowledged into files that are gone was no success.
    this.#held?.requireHeld()
    this.#held?.release()
    this.#held = undefined
    return this.#lastSnapshot(deadlineMs - (performance.now() - startedAt))
  }

  #watchDisk(): DiskWatch {
    const { settings, logger } = this.#options
    return new DiskWatch(this.#paths.root, settings.diskLowBytes, (isLow, freeBytes) => {
      if (isLow) logger.error({ freeBytes }, 'disk low: no new reservations')
      else logger.info({ freeBytes }, 'disk has room again')
    })
  }

  #sell({ partition, journal }: Recovered): EmbeddedPartition {
    const { onDurable } = this.#options
    return new EmbeddedPartition({
      partition,
      journal,
      now: Date.now,
      isDiskLow: () => this.#disk?.isLow ?? false,
      onFault: this.#options.onFault,
      onCommitted: (events, commitMs) => this.commits.note(events, commitMs),
      ownerStatus: () => this.#monitor?.status,
      ...(onDurable && { onDurable }),
    })
  }

  #scheduleSnapshots({ partition, journal, snapshotSeq }: Recovered): SnapshotSchedule {
    return new SnapshotSchedule({
      paths: this.#paths,
      identity: journal.identity,
      intervalMs: this.#options.settings.snapshotIntervalMs,
      durableSeq: () => partition.durableSeq,
      snapshotSeq,
      onReport: (report) => this.#options.logger.info(report, 'snapshot'),
    })
  }

  #logRecovery(recovered: Recovered): void {
    const { epoch, snapshotSeq, replayed, ms, partition } = recovered
    const seq = partition.lastSeq
    this.#options.logger.info({ epoch, snapshotSeq, replayed, seq, ms }, 'recovered')
  }

  // The snapshot comes from replaying the journal, so its hash proves or disproves the live state.
  async #lastSnapshot(deadlineMs: number): Promise<boolean> {
    if (this.#recovered === undefined || this.#snapshots === undefined) return true
    const live = stateHash(this.#recovered.state)
    const seq = this.#recovered.partition.lastSeq
    const report = await this.#snapshots.takeWithin(deadlineMs)
    const isSame = report?.kind !== 'written' || report.seq !== seq || report.stateHash === live
    const { logger } = this.#options
    if (isSame) logger.info({ seq, stateHash: live }, 'stopped')
    else logger.fatal({ seq, live, replayed: report.stateHash }, 'state hash mismatch')
    return isSame
  }
}
