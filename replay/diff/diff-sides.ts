// What a comparison may be of: the journal of a partition, or a snapshot; and their states at one seq.
import { statSync } from 'node:fs'
import { invariant } from '../../core/invariant.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import { readSnapshot } from '../../journal/snapshot-file.ts'
import { partitionAt } from '../partition-place.ts'
import { walk } from '../walk.ts'
import type { StateDifference } from './diff-fields.ts'
import { diffStates } from './diff-states.ts'

interface JournalSide {
  readonly kind: 'journal'
  readonly paths: PartitionPaths
}

interface SnapshotSide {
  readonly kind: 'snapshot'
  readonly path: string
}

export type Side = JournalSide | SnapshotSide

export interface StateComparison {
  /** What was compared is the state right after this event. */
  readonly seq: number
  /** Of the left side. */
  readonly stateHash: string
  readonly difference: StateDifference | undefined
}

/** Called with the seq reached while a journal is read. */
type OnProgress = (seq: number) => void

/** Whether `path` names a snapshot: a file that ends like one. */
export function isSnapshotPath(path: string): boolean {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  return path.endsWith('.hfs') && !isFolder
}

/** The side at `path`. @throws JournalError `not_a_journal` when there is neither one partition nor a snapshot. */
export function sideAt(path: string): Side {
  if (!isSnapshotPath(path)) return { kind: 'journal', paths: partitionAt(path) }
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return { kind: 'snapshot', path }
  throw new JournalError('not_a_journal', `${path} does not exist.`)
}

async function snapshotState(side: SnapshotSide): Promise<PartitionState> {
  return (await readSnapshot(side.path, undefined, 1)).state
}

/**
 * The first difference of a journal and a snapshot, or of two snapshots. A journal is walked exactly to the
 * snapshot's seq; two snapshots of different seqs differ in that. Two journals are compared by their events instead.
 * @throws JournalError `snapshot_ahead` when the journal ends before the snapshot's seq.
 */
export async function compareStates(
  left: Side,
  right: Side,
  onProgress: OnProgress,
): Promise<StateComparison> {
  const [one, other] = [await snapshotStateOf(left), await snapshotStateOf(right)]
  const ours = one ?? (await walkBeside(left, right, other, onProgress))
  const theirs = other ?? (await walkBeside(right, left, one, onProgress))
  return { seq: ours.lastSeq, stateHash: stateHash(ours), difference: diffStates(ours, theirs) }
}

async function snapshotStateOf(side: Side): Promise<PartitionState | undefined> {
  return side.kind === 'snapshot' ? snapshotState(side) : undefined
}

async function walkBeside(
  side: Side,
  other: Side,
  snapshot: PartitionState | undefined,
  onProgress: OnProgress,
): Promise<PartitionState> {
  invariant(side.kind === 'journal', 'what is no snapshot is a journal')
  invariant(other.kind === 'snapshot' && snapshot !== undefined, 'one side is a snapshot')
  const end = { seq: snapshot.lastSeq, at: undefined }
  const { state, hasReachedEnd } = await walk(side.paths, end, { onProgress })
  if (hasReachedEnd) return state
  throw new JournalError(
    'snapshot_ahead',
    `${other.path} covers events up to seq ${end.seq}, but the journal ${side.paths.journal} ends at seq ${state.lastSeq}.`,
  )
}

/** The first difference of two journals' states right after event `seq`. @throws JournalError as `walk` does. */
export async function compareJournalsAt(
  left: PartitionPaths,
  right: PartitionPaths,
  seq: number,
): Promise<StateComparison> {
  const ours = (await walk(left, { seq, at: undefined }, {})).state
  const theirs = (await walk(right, { seq, at: undefined }, {})).state
  return { seq, stateHash: stateHash(ours), difference: diffStates(ours, theirs) }
}
