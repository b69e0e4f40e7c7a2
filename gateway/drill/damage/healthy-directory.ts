// Healthy data directories to damage: written by the real partition and journal, small, the same for the same seed.
import { renameSync, rmSync } from 'node:fs'
import type { Command } from '../../../core/command.ts'
import { invariant } from '../../../core/invariant.ts'
import { Partition } from '../../../core/partition.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { CLUSTER_ID_BYTES, type JournalIdentity } from '../../../journal/block-header.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { GroupCommit } from '../../../journal/group-commit.ts'
import type { Journal } from '../../../journal/journal.ts'
import { blockKey, openEnvironment } from '../../../journal/lmdb-environment.ts'
import { LmdbFile } from '../../../journal/lmdb-file.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { listSegments, segmentFile } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { EVENT_KINDS } from '../../../replay/event-record.ts'
import { rebuild } from '../../../replay/rebuild.ts'
import { takeSnapshot } from '../../../replay/take-snapshot.ts'
import { verify } from '../../../replay/verify.ts'
import { Dice } from './dice.ts'
import { Sale } from './sale.ts'
import type { Shape } from './shapes.ts'

/** A directory that is whole, and what is known of it. */
export interface HealthyDirectory {
  readonly data: string
  readonly shape: Shape
  readonly stateHash: string
  readonly lastSeq: number
  /** Of the last event, in ms since 1970. */
  readonly lastAt: number
  readonly retentionMs: number
}

const STARTED_AT = 1_700_000_000_000
/** The first owner remembers for long, the later ones for so short a time that the sale forgets. */
const RETENTION_MS = [86_400_000, 60_000]
const COMMIT_DEADLINE_MS = 60_000

/** Writes the directory of `shape` that `seed` gives into the folder `data`, which must not exist yet. */
export async function writeHealthyDirectory(
  data: string,
  shape: Shape,
  seed: number,
): Promise<HealthyDirectory> {
  const dice = new Dice(seed, shape.name)
  const paths = partitionPaths(data, 0)
  const clusterId = dice.bytes(CLUSTER_ID_BYTES).toString('hex')
  const identity = { clusterId, partition: 0, partitionCount: 1 }
  const sale = new Sale(dice, STARTED_AT)
  for (let owner = 0; owner < shape.ownerBlocks.length; owner++) {
    await sellAsOwner({ paths, identity, shape, dice, sale, owner })
  }
  if (shape.newest === 'opening') await keepOpeningOnly(paths)
  return proved(data, paths, shape)
}

interface Ownership {
  readonly paths: PartitionPaths
  readonly identity: JournalIdentity
  readonly shape: Shape
  readonly dice: Dice
  readonly sale: Sale
  readonly owner: number
}

async function sellAsOwner(ownership: Ownership): Promise<void> {
  const { paths, identity, shape, sale, owner } = ownership
  const onSkippedSnapshot = () => invariant(false, 'the snapshots of a healthy directory are whole')
  const { state, head } = await rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots: paths.snapshots, expected: identity },
    ...{ seed: 1, onSkippedSnapshot },
  })
  const journal = await openLmdbJournal(paths.journal, {
    ...{ identity, head, epoch: head.epoch + 1, segmentBytes: shape.segmentBytes },
    commitDeadlineMs: COMMIT_DEADLINE_MS,
  })
  const partition = new Partition(state)
  partition.configure(RETENTION_MS[Math.min(owner, 1)] ?? 0, sale.now)
  const isLast = owner === shape.ownerBlocks.length - 1
  await sellBlocks(ownership, partition, journal, isLast)
  await journal.close()
  if (isLast) return
  const { journal: journalPath, snapshots } = paths
  await takeSnapshot({ journal: journalPath, snapshots, expected: identity, onSkippedSnapshot })
}

async function sellBlocks(
  ownership: Ownership,
  partition: Partition,
  journal: Journal,
  isLast: boolean,
): Promise<void> {
  const { shape, dice, sale, owner, paths } = ownership
  const commit = committer(partition, journal)
  const mustRotate = isLast && shape.newest !== 'any'
  const ask = (command: Command) => {
    partition.submit(command, { answer: () => undefined })
    partition.run(sale.now)
  }
  if (owner === 0) for (const command of sale.openings()) ask(command)
  const blocks = shape.ownerBlocks[owner] ?? 0
  let segments = listSegments(paths.journal).length
  for (let block = 0; block < blocks || mustRotate; block++) {
    const events = dice.integer(...shape.blockEvents)
    while (partition.lastSeq < partition.durableSeq + events) ask(sale.next())
    await commit()
    const segmentsNow = listSegments(paths.journal).length
    if (mustRotate && block >= blocks && segmentsNow > segments) return
    segments = segmentsNow
  }
}

// One block after the other, so that the same commands always make the same blocks.
function committer(partition: Partition, journal: Journal): () => Promise<void> {
  let settle: { resolve: () => void; reject: (fault: unknown) => void } | undefined
  const commits = new GroupCommit(partition, journal, {
    onReturned: () => undefined,
    onAcknowledged: () => settle?.resolve(),
    onFault: (fault) => settle?.reject(fault),
  })
  return () =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject }
      commits.pump()
    })
}

// What a crash between a rotation and the first block of the new segment leaves.
async function keepOpeningOnly(paths: PartitionPaths): Promise<void> {
  const newest = listSegments(paths.journal).at(-1)
  invariant(newest !== undefined, 'a journal that was written has a segment')
  const written = new LmdbFile(segmentFile(newest.path))
  const [opening] = written.entriesFrom(0)
  invariant(opening?.key === 0, 'a segment begins with its opening block')
  const bytes = opening.readValue()
  written.close()
  const draft = `${newest.path}.opening`
  const fresh = openEnvironment(draft)
  await fresh.put(blockKey(0), bytes, { noOverwrite: true })
  await fresh.close()
  rmSync(segmentFile(newest.path))
  renameSync(segmentFile(draft), segmentFile(newest.path))
  rmSync(draft, { recursive: true })
}

// A drill that begins with a damaged directory, or with a poor one, would prove nothing.
async function proved(
  data: string,
  paths: PartitionPaths,
  shape: Shape,
): Promise<HealthyDirectory> {
  const report = await verify(paths)
  const { state } = await rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots: paths.snapshots, expected: undefined },
    ...{ seed: 1, onSkippedSnapshot: () => undefined },
  })
  const { lastSeq, lastAt, retentionMs } = state
  invariant(report.discrepancies.length === 0, 'a healthy directory verifies')
  invariant(report.stateHash === stateHash(state), 'snapshot and tail give what the journal gives')
  invariant(report.epoch === shape.ownerBlocks.length, 'every owner wrote in an epoch of its own')
  const missing = EVENT_KINDS.filter((kind) => report.events[kind] === undefined)
  invariant(missing.length === 0, `a healthy directory has events of every kind: ${missing}`)
  const snapshots = listSnapshots(paths.snapshots)
  invariant(snapshots.length === 2, 'a healthy directory has two snapshots')
  invariant((snapshots[0]?.seq ?? 0) < lastSeq, 'the journal goes on after the newest snapshot')
  return { data, shape, stateHash: report.stateHash, lastSeq, lastAt, retentionMs }
}
