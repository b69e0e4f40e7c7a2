// Takes old segments out of a journal: to an archive, or away. First their state is written as the journal's new base.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { LookAhead } from '../../core/look-ahead.ts'
import { Chain } from '../../journal/chain.ts'
import { copyFileDurably } from '../../journal/copy-file.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import { highestSeqIn, lmdbReader } from '../../journal/read-blocks.ts'
import {
  continuationMark,
  listRetired,
  listSegments,
  retiredPath,
  type SegmentPlace,
  segmentFile,
} from '../../journal/segments.ts'
import { listSnapshots, readSnapshot, writeSnapshot } from '../../journal/snapshot-file.ts'
import { syncFolder } from '../../journal/sync-folder.ts'
import { syncJournal } from '../../journal/sync-journal.ts'
import { applyBlock } from '../apply-event.ts'
import { beginningOf } from '../beginning.ts'
import { ReplayError } from '../errors.ts'
import { followBlocks } from '../follow-blocks.ts'
import { firstHeader } from '../journal-ends.ts'
import { makeFolder } from './put-in-place.ts'

export interface Retired {
  readonly path: string
  /** Segments that went, or would go. */
  readonly segments: readonly string[]
  /** Seq of the first event that is still in the journal. */
  readonly firstSeq: number
}

/** Closed segments whose events all come before `beforeSeq`, the oldest first. The newest segment never counts. */
export function segmentsBefore(paths: PartitionPaths, beforeSeq: number): SegmentPlace[] {
  const places = listSegments(paths.journal)
  return places.filter((_, index) => {
    const next = places[index + 1]
    return next !== undefined && next.firstSeq <= beforeSeq
  })
}

/**
 * Moves closed segments that end before `beforeSeq` to the data directory `archive`, which becomes the older part of
 * this journal: it can be verified and questioned, and refuses to be started. Safe beside a running server.
 * @throws ReplayError `snapshot_needed` when no valid snapshot covers them, `target_exists` when `archive` holds
 * another journal.
 */
export async function archiveSegments(
  paths: PartitionPaths,
  archive: string,
  beforeSeq: number,
): Promise<Retired> {
  const places = segmentsBefore(paths, beforeSeq)
  if (places.length === 0) return retired(paths, places)
  const { partition, clusterId } = await firstHeader(paths)
  const target = partitionPaths(archive, partition)
  await requireContinuation(paths, target, clusterId)
  const oldBase = (await beginningOf(paths)).base
  await standIn(paths, places)
  makeFolder(target.journal)
  if (oldBase !== undefined && listSegments(target.journal).length === 0) {
    makeFolder(target.snapshots)
    copyFileDurably(oldBase, join(target.snapshots, basename(oldBase)))
    syncFolder(target.snapshots)
  }
  for (const place of places) moveSegment(paths, target, place)
  dropOldSnapshots(paths)
  return retired(paths, places)
}

/**
 * Deletes closed segments that end before `beforeSeq`. Safe beside a running server.
 * @throws ReplayError `snapshot_needed` when no valid snapshot covers them.
 */
export async function trimSegments(paths: PartitionPaths, beforeSeq: number): Promise<Retired> {
  const places = segmentsBefore(paths, beforeSeq)
  if (places.length === 0) return retired(paths, places)
  await standIn(paths, places)
  for (const { path } of places) deleteSegment(path)
  for (const path of listRetired(paths.journal)) rmSync(path, { recursive: true })
  dropOldSnapshots(paths)
  return retired(paths, places)
}

// Renamed first: a folder without its file, which a crash could leave, would be a damaged segment.
function deleteSegment(path: string): void {
  renameSync(path, retiredPath(path))
  syncFolder(dirname(path))
  rmSync(retiredPath(path), { recursive: true })
}

function retired(paths: PartitionPaths, places: readonly SegmentPlace[]): Retired {
  const firstSeq = listSegments(paths.journal)[0]?.firstSeq ?? 0
  return { path: paths.root, segments: places.map(({ path }) => path), firstSeq }
}

// Makes sure that a start, and every question, can do without `places`: by a snapshot of the event right before what
// stays, which comes from replay.
async function standIn(paths: PartitionPaths, places: readonly SegmentPlace[]): Promise<void> {
  const last = places.at(-1) as SegmentPlace
  const kept = listSegments(paths.journal).find(({ firstSeq }) => firstSeq > last.firstSeq)
  const baseSeq = (kept?.firstSeq ?? 1) - 1
  await requireSnapshotFrom(paths, baseSeq)
  const { state, head, identity } = await beginningOf(paths)
  const chain = new Chain(identity, head)
  const ahead = new LookAhead(state)
  for await (const block of followBlocks(lmdbReader(paths.journal), chain)) {
    applyBlock(state, block, ahead)
    if (state.lastSeq >= baseSeq) break
  }
  if (chain.identity === undefined || state.lastSeq !== baseSeq) return
  syncJournal(paths.journal)
  await writeSnapshot(paths.snapshots, chain.identity, chain.head, state)
}

// Snapshots from before the base: no event that is left follows them.
function dropOldSnapshots(paths: PartitionPaths): void {
  const firstSeq = listSegments(paths.journal)[0]?.firstSeq ?? 1
  for (const { path, seq } of listSnapshots(paths.snapshots)) {
    if (seq < firstSeq - 1) rmSync(path, { force: true })
  }
}

async function requireSnapshotFrom(paths: PartitionPaths, seq: number): Promise<void> {
  const identity = await firstHeader(paths)
  for (const place of listSnapshots(paths.snapshots)) {
    if (place.seq < seq) break
    try {
      await readSnapshot(place.path, identity, 1)
      return
    } catch (fault) {
      if (!(fault instanceof JournalError)) throw fault
    }
  }
  throw new ReplayError(
    'snapshot_needed',
    `${paths.root} has no valid snapshot of seq ${seq} or later: without one the journal could not be started. ` +
      'Run `holdfast replay snapshot` first; nothing was changed.',
  )
}

// An archive takes the segments that follow its own, and nothing else.
async function requireContinuation(
  paths: PartitionPaths,
  target: PartitionPaths,
  clusterId: string,
): Promise<void> {
  if (listSegments(target.journal).length === 0) return
  const first = listSegments(paths.journal)[0] as SegmentPlace
  const { firstSeq } = first
  if ((await firstHeader(target)).clusterId === clusterId) {
    const last = listSegments(target.journal).at(-1) as SegmentPlace
    // Its first segment may be there already: copied to another disk by a run that was cut off before it deleted it here.
    const isCopied = last.firstSeq === firstSeq && (await haveSameBytes(first, last))
    const isMarked = existsSync(continuationMark(target.journal, firstSeq))
    if (isCopied || (isMarked && highestSeqIn(last) === firstSeq - 1)) return
  }
  throw new ReplayError(
    'target_exists',
    `${target.journal} holds another journal, or does not end at seq ${firstSeq - 1}. Name an empty folder, or the ` +
      'archive that this journal was archived to before.',
  )
}

async function haveSameBytes(one: SegmentPlace, other: SegmentPlace): Promise<boolean> {
  const [left, right] = await Promise.all([one, other].map(({ path }) => fileHash(path)))
  return left === right
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(segmentFile(path))) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

// The mark for what follows comes first: at no moment does the archive look like a journal that lost its end.
function moveSegment(from: PartitionPaths, to: PartitionPaths, place: SegmentPlace): void {
  const next = listSegments(from.journal).find(({ firstSeq }) => firstSeq > place.firstSeq)
  const mark = continuationMark(to.journal, next?.firstSeq ?? 0)
  const target = join(to.journal, basename(place.path))
  const isNew = !existsSync(mark)
  writeFileSync(mark, '', { flush: true })
  syncFolder(to.journal)
  try {
    moveFolder(place.path, target)
  } catch (cause) {
    rmSync(`${target}.moving`, { recursive: true, force: true })
    if (isNew) rmSync(mark, { force: true })
    throw cause
  }
  rmSync(continuationMark(to.journal, place.firstSeq), { force: true })
  syncFolder(to.journal)
  syncFolder(from.journal)
}

function moveFolder(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    // Another disk, or the same bytes are there already: `requireContinuation` has looked.
    if (!['EXDEV', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw cause
    copyInstead(from, to)
  }
}

function copyInstead(from: string, to: string): void {
  const draft = `${to}.moving`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  copyFileDurably(segmentFile(from), segmentFile(draft))
  syncFolder(draft)
  // A run that was cut off may have left a copy there; the original is still here, so that counts.
  rmSync(to, { recursive: true, force: true })
  renameSync(draft, to)
  syncFolder(dirname(to))
  deleteSegment(from)
}
