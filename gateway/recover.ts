// From a data directory to a selling partition: disk, rebuild, journal. The owner has been decided before.
import { randomBytes, randomInt } from 'node:crypto'
import { Partition } from '../core/partition.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { CLUSTER_ID_BYTES, type JournalIdentity } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import type { Journal } from '../journal/journal.ts'
import { openLmdbJournal } from '../journal/lmdb-journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { removeDrafts, type SnapshotPlace } from '../journal/snapshot-file.ts'
import { rebuild } from '../replay/rebuild.ts'
import type { Settings } from './settings.ts'

export interface Recovered {
  readonly state: PartitionState
  readonly partition: Partition
  readonly journal: Journal
  readonly epoch: number
  readonly snapshotSeq: number
  readonly replayed: number
  readonly ms: number
}

export interface RecoverOptions {
  readonly paths: PartitionPaths
  readonly settings: Settings
  readonly partition: number
  readonly partitionCount: number
  /** This owner's generation: its epoch, unless the journal has seen later ones. */
  readonly generation: number
  readonly now: () => number
  readonly onSkippedSnapshot: (place: SnapshotPlace, reason: Error) => void
}

/** Rebuilds the partition and opens its journal for writing. @throws JournalError when it must not be opened. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { paths, settings, partition, partitionCount } = options
  const startedAt = performance.now()
  removeDrafts(paths.snapshots)
  const { state, head, identity, snapshotSeq, replayed } = await rebuild({
    reader: lmdbReader(paths.journal),
    snapshots: paths.snapshots,
    expected: { partition, partitionCount },
    seed: randomInt(2 ** 31),
    onSkippedSnapshot: options.onSkippedSnapshot,
  })
  const epoch = Math.max(options.generation, head.epoch + 1)
  const journal = await openLmdbJournal(paths.journal, {
    identity: identity ?? newIdentity(partition, partitionCount),
    head,
    epoch,
    segmentBytes: settings.segmentBytes,
    commitDeadlineMs: settings.commitDeadlineMs,
  })
  const recovered = new Partition(state)
  recovered.configure(settings.retentionMs, options.now())
  const ms = Math.round(performance.now() - startedAt)
  return { state, partition: recovered, journal, epoch, snapshotSeq, replayed, ms }
}

function newIdentity(partition: number, partitionCount: number): JournalIdentity {
  return { clusterId: randomBytes(CLUSTER_ID_BYTES).toString('hex'), partition, partitionCount }
}
