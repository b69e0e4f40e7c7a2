// What an owner tells of its partition: commits, queues, watermark, snapshot, disk, and that no unit is lost.
import type { Registry } from 'prom-client'
import type { CommitMeter } from '../commit-meter.ts'
import type { OwnerStatus } from '../owner-status.ts'
import type { BucketCounts } from './bucket-counts.ts'
import { collectCounter, collectGauge, collectHistogram } from './collected.ts'

/** An owner in numbers, as of one moment. */
export interface OwnerMeasures {
  readonly partition: number
  readonly status: OwnerStatus
  readonly lastSeq: number
  readonly skus: number
  readonly reservations: number
  readonly held: number
  readonly stateBytes: number
  /** Free disk below which no new reservations are taken. */
  readonly diskLowBytes: number
}

type Gauges = Readonly<Record<string, readonly [help: string, read: (of: OwnerMeasures) => number]>>

const STATE: Gauges = {
  holdfast_oversold_units: [
    'Units promised beyond the stock, found by a walk over all SKUs and holds. Must be 0.',
    ({ status }) => status.oversoldUnits,
  ],
  holdfast_stranded_units: [
    'Units that nobody has and nobody can buy, found by the same walk. Must be 0.',
    ({ status }) => status.strandedUnits,
  ],
  holdfast_partition_skus: ['SKUs opened.', ({ skus }) => skus],
  holdfast_partition_reservations: [
    'Reservations remembered, ended ones included.',
    ({ reservations }) => reservations,
  ],
  holdfast_partition_holds: ['Reservations that are held.', ({ held }) => held],
  holdfast_partition_holds_due: [
    'Holds that should have expired and have not yet; counted up to 10,000.',
    ({ status }) => status.holdsDue,
  ],
  holdfast_partition_due_late_seconds: [
    'How late the first of the due holds is.',
    ({ status }) => status.dueLateMs / 1_000,
  ],
  holdfast_partition_state_bytes: ['Memory of the state.', ({ stateBytes }) => stateBytes],
}

const JOURNAL: Gauges = {
  holdfast_partition_epoch: ['Term of ownership.', ({ status }) => status.epoch],
  holdfast_partition_last_seq: ['Last event decided.', ({ lastSeq }) => lastSeq],
  holdfast_partition_durable_seq: ['Last event on disk.', ({ status }) => status.durableSeq],
  holdfast_partition_watermark_lag_events: [
    'Events decided and not yet on disk; at most two full blocks, 8,192.',
    ({ status }) => status.watermarkLag,
  ],
  holdfast_partition_inbox_commands: [
    'Commands that wait for their turn; at most 65,536.',
    ({ status }) => status.inboxLength,
  ],
  holdfast_partition_waiting_answers: [
    'Answers that wait for the disk; at most 65,536.',
    ({ status }) => status.answersLength,
  ],
  holdfast_partition_snapshot_seq: [
    'Last event that the newest snapshot covers.',
    ({ status }) => status.snapshotSeq,
  ],
  holdfast_partition_snapshot_age_seconds: [
    'Since the newest snapshot was written; without one, since the recovery.',
    ({ status }) => status.snapshotAgeMs / 1_000,
  ],
  holdfast_partition_disk_free_bytes: [
    'Free disk of the data directory.',
    ({ status }) => status.diskFreeBytes,
  ],
  holdfast_partition_disk_low_bytes: [
    'Free disk below which no new reservations are taken.',
    ({ diskLowBytes }) => diskLowBytes,
  ],
  holdfast_partition_recovery_seconds: [
    'How long the recovery took.',
    ({ status }) => status.recoveredMs / 1_000,
  ],
}

/** Registers the metrics of the partition that this process owns; `read` gives nothing before recovery. */
export function partitionMetrics(
  registry: Registry,
  commits: CommitMeter,
  read: () => OwnerMeasures | undefined,
): void {
  const labelNames = ['partition']
  const tell = (value: (of: OwnerMeasures) => number) => () => {
    const measures = read()
    if (measures === undefined) return []
    return [{ labels: { partition: measures.partition }, value: value(measures) }]
  }
  for (const [name, [help, value]] of Object.entries({ ...STATE, ...JOURNAL })) {
    collectGauge({ registry, name, help, labelNames, read: tell(value) })
  }
  collectCounter({
    ...{ registry, name: 'holdfast_conservation_sweeps_total', labelNames },
    help: 'Whole sweeps of the walk that looks for oversold and stranded units.',
    read: tell(({ status }) => status.sweeps),
  })
  const histogram = (name: string, help: string, counts: BucketCounts) =>
    collectHistogram({
      ...{ registry, name, help, labelNames, bounds: counts.bounds },
      read: () => tell(() => 0)().map(({ labels }) => ({ labels, ...sampleOf(counts) })),
    })
  histogram(
    'holdfast_partition_commit_duration_seconds',
    'How long a commit took, fsync included.',
    commits.commitSeconds,
  )
  histogram(
    'holdfast_partition_block_events',
    'How many events a commit made durable.',
    commits.blockSizes,
  )
}

function sampleOf(counts: BucketCounts) {
  return { cumulative: counts.cumulative(), sum: counts.sum, count: counts.count }
}
