// The embedded server, the composition root of `holdfast serve`: listen, recover, sell, drain. Reads as prose.
import { mkdirSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { stateHash } from '../core/state-hash.ts'
import {
  type PartitionPaths,
  partitionPaths,
  requireNoCutRepair,
} from '../journal/data-directory.ts'
import { requireFreeDisk } from '../journal/free-disk.ts'
import { takeOwnership } from '../journal/owner.ts'
import { DiskWatch } from './disk-watch.ts'
import { EmbeddedPartition } from './embedded-partition.ts'
import { buildApp } from './http/app.ts'
import { PartitionSlot } from './partition-slot.ts'
import { type Recovered, recover } from './recover.ts'
import type { Settings } from './settings.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'
import { VERSION } from './version.ts'

const PARTITION = 0
const PARTITION_COUNT = 1
/** What LMDB needs to open without risk of SIGBUS. */
const OPEN_BYTES_MIN = 16 * 2 ** 20
/** Kept back of the drain's time for closing, when the last snapshot takes long. */
const CLOSE_MS = 1_000

/** Why the server cannot go on by itself; the entry point turns it into the process' end. */
export interface ServerHooks {
  /** The journal failed: every waiting answer has left. */
  readonly onFault: (fault: unknown) => void
  /** An invariant broke. */
  readonly onBug: (bug: unknown) => void
}

/** One process that sells: HTTP in front, one partition behind, no network between. */
export class Server {
  readonly #settings: Settings
  readonly #logger: Logger
  readonly #hooks: ServerHooks
  readonly #paths: PartitionPaths
  readonly #slot = new PartitionSlot()
  #app: FastifyInstance | undefined
  #disk: DiskWatch | undefined
  #recovered: Recovered | undefined
  #selling: EmbeddedPartition | undefined
  #snapshots: SnapshotSchedule | undefined

  constructor(settings: Settings, logger: Logger, hooks: ServerHooks) {
    this.#settings = settings
    this.#logger = logger
    this.#hooks = hooks
    this.#paths = partitionPaths(settings.data, PARTITION)
  }

  /** Takes the data directory, listens, recovers. Resolves when it sells. @throws when any of it is refused. */
  async start(): Promise<void> {
    requireNoCutRepair(this.#paths)
    mkdirSync(this.#paths.root, { recursive: true })
    requireFreeDisk(this.#paths.root, OPEN_BYTES_MIN)
    const generation = takeOwnership(this.#paths.root)
    await this.#listen()
    this.#disk = this.#watchDisk()
    this.#recovered = await this.#recover(generation)
    this.#sell(this.#recovered)
    this.#logRecovery(this.#recovered)
  }

  /**
   * Stops taking commands, answers what was taken, closes the journal, takes a last snapshot.
   * Resolves to false when the last snapshot proved that live state and journal differ: a bug.
   */
  async drain(): Promise<boolean> {
    const startedAt = performance.now()
    this.#snapshots?.stop()
    await this.#selling?.drain()
    // Answers that have just been released reach their sockets within a turn of the loop.
    await nextTurn()
    await this.#app?.close()
    await this.#recovered?.journal.close()
    this.#disk?.stop()
    return this.#lastSnapshot(this.#settings.drainMs - CLOSE_MS - (performance.now() - startedAt))
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#settings
    const { onBug } = this.#hooks
    this.#app = await buildApp({
      partitions: this.#slot,
      logger: this.#logger,
      now: Date.now,
      onBug,
      version: VERSION,
    })
    const listenTextResolver = () => 'accepting connections'
    const url = await this.#app.listen({ host, port, listenTextResolver })
    this.#logger.info({ url, version: VERSION, data: this.#paths.root }, 'listening')
  }

  #watchDisk(): DiskWatch {
    return new DiskWatch(this.#paths.root, this.#settings.diskLowBytes, (isLow, freeBytes) => {
      if (isLow) this.#logger.error({ freeBytes }, 'disk low: no new reservations')
      else this.#logger.info({ freeBytes }, 'disk has room again')
    })
  }

  #recover(generation: number): Promise<Recovered> {
    return recover({
      paths: this.#paths,
      settings: this.#settings,
      partition: PARTITION,
      partitionCount: PARTITION_COUNT,
      generation,
      now: Date.now,
      onSkippedSnapshot: (place, reason) =>
        this.#logger.warn({ snapshot: place.path, reason: reason.message }, 'snapshot skipped'),
    })
  }

  #sell(recovered: Recovered): void {
    const { partition, journal } = recovered
    this.#selling = new EmbeddedPartition({
      partition,
      journal,
      now: Date.now,
      isDiskLow: () => this.#disk?.isLow ?? false,
      onFault: this.#hooks.onFault,
    })
    this.#snapshots = new SnapshotSchedule({
      paths: this.#paths,
      identity: journal.identity,
      intervalMs: this.#settings.snapshotIntervalMs,
      durableSeq: () => partition.durableSeq,
      snapshotSeq: recovered.snapshotSeq,
      onReport: (report) => this.#logger.info(report, 'snapshot'),
    })
    this.#slot.put(this.#selling)
  }

  #logRecovery(recovered: Recovered): void {
    const { epoch, snapshotSeq, replayed, ms, partition } = recovered
    this.#logger.info({ epoch, snapshotSeq, replayed, seq: partition.lastSeq, ms }, 'recovered')
  }

  // The snapshot comes from replaying the journal, so its hash proves or disproves the live state.
  async #lastSnapshot(deadlineMs: number): Promise<boolean> {
    if (this.#recovered === undefined || this.#snapshots === undefined) return true
    const live = stateHash(this.#recovered.state)
    const seq = this.#recovered.partition.lastSeq
    const report = await this.#snapshots.takeWithin(deadlineMs)
    const isSame = report?.kind !== 'written' || report.seq !== seq || report.stateHash === live
    if (!isSame)
      this.#logger.fatal({ seq, live, replayed: report.stateHash }, 'state hash mismatch')
    else this.#logger.info({ seq, stateHash: live }, 'stopped')
    return isSame
  }
}
