// When snapshots are taken, and by whom: a child process that reads the journal beside the running server.
import { type ChildProcess, fork } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { JournalIdentity } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { listSnapshots } from '../journal/snapshot-file.ts'
import type { SnapshotReport } from '../replay/snapshot-worker.ts'

const WORKER = fileURLToPath(new URL('../replay/snapshot-worker.js', import.meta.url))

export interface SnapshotScheduleOptions {
  readonly paths: PartitionPaths
  readonly identity: JournalIdentity
  readonly intervalMs: number
  /** The seq that is durable now: without new events there is nothing to snapshot. */
  readonly durableSeq: () => number
  /** Seq of the newest snapshot at the start. */
  readonly snapshotSeq: number
  readonly onReport: (report: SnapshotReport) => void
}

/** Takes snapshots at an interval, one at a time, and one more on demand. */
export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions
  readonly #timer: NodeJS.Timeout
  #snapshotSeq: number
  #snapshotAt: number
  #worker: ChildProcess | undefined
  #running: Promise<SnapshotReport> | undefined

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options
    this.#snapshotSeq = options.snapshotSeq
    this.#snapshotAt = writtenAt(options) ?? Date.now()
    this.#timer = setInterval(() => this.#tick(), options.intervalMs)
    this.#timer.unref()
  }

  /** Seq of the newest snapshot; 0 when there is none. */
  get snapshotSeq(): number {
    return this.#snapshotSeq
  }

  /** How long ago the newest snapshot was written; without one, how long ago the start was. */
  get ageMs(): number {
    return Math.max(0, Math.round(Date.now() - this.#snapshotAt))
  }

  /** Takes no more by itself; one that is running goes on. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** Takes one now, after one that is running. Undefined when it took longer than `deadlineMs`: it is then ended. */
  async takeWithin(deadlineMs: number): Promise<SnapshotReport | undefined> {
    const timer = setTimeout(() => this.#worker?.kill('SIGKILL'), deadlineMs)
    try {
      if (this.#running !== undefined) await this.#running
      const report = await this.#take()
      return this.#worker?.signalCode === 'SIGKILL' ? undefined : report
    } finally {
      clearTimeout(timer)
    }
  }

  #tick(): void {
    const isNeeded = this.#options.durableSeq() > this.#snapshotSeq
    if (isNeeded && this.#running === undefined) void this.#take()
  }

  #take(): Promise<SnapshotReport> {
    this.#running = this.#runWorker().then((report) => {
      this.#running = undefined
      if (report.kind === 'written') this.#noteWritten(report.seq)
      this.#options.onReport(report)
      return report
    })
    return this.#running
  }

  #noteWritten(seq: number): void {
    this.#snapshotSeq = seq
    this.#snapshotAt = Date.now()
  }

  #runWorker(): Promise<SnapshotReport> {
    const { paths, identity } = this.#options
    const place = [paths.journal, paths.snapshots]
    const owner = [String(identity.partition), String(identity.partitionCount)]
    const worker = fork(WORKER, [...place, ...owner], { execArgv: [], stdio: 'inherit' })
    this.#worker = worker
    return new Promise((resolve) => {
      let report: SnapshotReport | undefined
      worker.once('message', (message) => {
        report = message as SnapshotReport
      })
      worker.once('error', (error) => resolve({ kind: 'failed', reason: error.message }))
      worker.once('exit', (status, signal) => {
        const reason = `the snapshot process ended with ${signal ?? `exit code ${status}`}`
        resolve(report ?? { kind: 'failed', reason })
      })
    })
  }
}

// The file's own time, so that a restart does not make the snapshot look young.
function writtenAt({ paths, snapshotSeq }: SnapshotScheduleOptions): number | undefined {
  const newest = listSnapshots(paths.snapshots).find(({ seq }) => seq === snapshotSeq)
  return newest && statSync(newest.path).mtimeMs
}
