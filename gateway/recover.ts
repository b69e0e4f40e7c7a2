// From a data directory to a partition with an open journal: rebuild, be granted a term, open. The owner of the
// directory has been decided before.
import { randomBytes, randomInt } from 'node:crypto'
import { invariant } from '../core/invariant.ts'
import { Partition } from '../core/partition.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { CLUSTER_ID_BYTES } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import type { Journal } from '../journal/journal.ts'
import { openLmdbJournal } from '../journal/lmdb-journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { removeDrafts, type SnapshotPlace } from '../journal/snapshot-file.ts'
import { type Rebuilt, rebuild } from '../replay/rebuild.ts'
import type { JournalSettings } from './settings.ts'

/** What the journal holds when a new owner comes to it. */
export interface JournalEnd {
  readonly lastSeq: number
  /** The epoch of the last owner; 0 when there was none. */
  readonly epoch: number
  /** Undefined while the journal is empty. */
  readonly clusterId: string | undefined
}

/** A term of ownership: the epoch of every block it writes, and the cluster that it writes for. */
export interface Term {
  readonly epoch: number
  readonly clusterId: string
}

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
  readonly settings: JournalSettings
  readonly partition: number
  readonly partitionCount: number
  /** Grants the term, or refuses by throwing. */
  readonly beginTerm: (end: JournalEnd) => Term | Promise<Term>
  readonly now: () => number
  readonly onSkippedSnapshot: (place: SnapshotPlace, reason: Error) => void
}

/**
 * Terms where the data directory alone decides who owns: `generation` is the epoch, unless the journal has seen
 * later ones; a new journal begins a cluster of its own.
 */
export function localTerms(generation: number): (end: JournalEnd) => Term {
  return ({ epoch, clusterId }) => ({
    epoch: Math.max(generation, epoch + 1),
    clusterId: clusterId ?? newClusterId(),
  })
}

/** An id for a cluster that has none yet: 32 hexadecimal digits. */
function newClusterId(): string {
  return randomBytes(CLUSTER_ID_BYTES).toString('hex')
}

/** Rebuilds the partition and opens its journal for writing. @throws JournalError when it must not be opened. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const startedAt = performance.now()
  const rebuilt = await rebuildFrom(options)
  const { state, head, identity, snapshotSeq, replayed } = rebuilt
  const end = { lastSeq: state.lastSeq, epoch: head.epoch, clusterId: identity?.clusterId }
  const term = await options.beginTerm(end)
  const journal = await openJournal(options, rebuilt, term)
  const partition = new Partition(state)
  partition.configure(options.settings.retentionMs, options.now())
  const ms = Math.round(performance.now() - startedAt)
  return { state, partition, journal, epoch: term.epoch, snapshotSeq, replayed, ms }
}

function rebuildFrom(options: RecoverOptions): Promise<Rebuilt> {
  const { paths, partition, partitionCount, onSkippedSnapshot } = options
  removeDrafts(paths.snapshots)
  return rebuild({
    reader: lmdbReader(paths.journal),
    snapshots: paths.snapshots,
    expected: { partition, partitionCount },
    seed: randomInt(2 ** 31),
    onSkippedSnapshot,
  })
}

function openJournal(options: RecoverOptions, rebuilt: Rebuilt, term: Term): Promise<Journal> {
  const { partition, partitionCount, settings } = options
  const { clusterId } = rebuilt.identity ?? term
  invariant(clusterId === term.clusterId, 'a term is granted for the cluster of the journal')
  return openLmdbJournal(options.paths.journal, {
    identity: { clusterId, partition, partitionCount },
    head: rebuilt.head,
    epoch: term.epoch,
    segmentBytes: settings.segmentBytes,
    commitDeadlineMs: settings.commitDeadlineMs,
  })
}
