// A copy of a partition: its blocks byte for byte, up to any event, and the snapshots that go with them.
import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Event } from '../../core/event.ts'
import { encodeBlock } from '../../journal/block-codec.ts'
import { Chain, type JournalHead } from '../../journal/chain.ts'
import { copyFileDurably } from '../../journal/copy-file.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import type { StoredBlock } from '../../journal/journal.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { type CopiedBlock, SegmentCopy } from '../../journal/segment-copy.ts'
import { listSnapshots, type SnapshotPlace } from '../../journal/snapshot-file.ts'
import { syncFolder } from '../../journal/sync-folder.ts'
import { beginningOf } from '../beginning.ts'
import { ReplayError } from '../errors.ts'
import { firstHeader } from '../journal-ends.ts'
import { isPastEnd, TO_THE_END, type WalkEnd } from '../walk.ts'

/** Snapshots that go with a copy, the newest ones; more would only cost room. */
const COPIED_SNAPSHOTS = 2

/**
 * Copies the journal of a partition to `to`, which must be empty, exactly up to `end`; it may be written meanwhile. The
 * chain is proved on the way. Where `end` lies within a block, that one is cut and encoded anew; it is the last.
 * Gives where the copy ends.
 * @throws JournalError when the journal is damaged; `seq_unreached`, `journal_archived` when it has no such `end`.
 */
export async function copyJournal(
  from: PartitionPaths,
  to: PartitionPaths,
  end: WalkEnd,
  onProgress: (seq: number) => void,
): Promise<JournalHead> {
  const snapshots = listSnapshots(from.snapshots)
  const { firstSeq, previousHash } = await firstHeader(from)
  if (firstSeq > 1 && end !== TO_THE_END) await requireAfterBase(from, end)
  const chain = new Chain(undefined, { seq: firstSeq - 1, epoch: 0, hash: previousHash })
  const copy = new SegmentCopy(to.journal)
  for await (const block of lmdbReader(from.journal).read(0)) {
    const events = eventsUpTo(block, end)
    const isCut = events.length < block.events.length
    if (isCut && events.length === 0) break
    const copied = isCut ? cut(block, events) : block
    chain.advance(copied, block.where)
    await copy.add(copied)
    onProgress(chain.head.seq)
    // What follows is not looked at: it may be damaged, which is why somebody asks for less.
    if (isCut || chain.head.seq === end.seq) break
  }
  await copy.finish()
  const { head } = chain
  if (end.seq !== undefined && head.seq < end.seq) throw unreached(from, end.seq, head.seq)
  copySnapshots(keptSnapshots(snapshots, firstSeq - 1, head.seq, from), to.snapshots)
  syncFolder(to.root)
  return head
}

// What came before the base is not there to be cut at: the base alone would be another point in time.
async function requireAfterBase(from: PartitionPaths, end: WalkEnd): Promise<void> {
  const { head, state } = await beginningOf(from)
  const isBefore =
    (end.seq !== undefined && end.seq < head.seq) || (end.at !== undefined && end.at < state.lastAt)
  if (!isBefore) return
  throw new JournalError(
    'journal_archived',
    `${from.journal} begins after seq ${head.seq} (${new Date(state.lastAt).toISOString()}): what came before was ` +
      'archived or trimmed. Ask the archive.',
  )
}

function eventsUpTo(block: StoredBlock, end: WalkEnd): readonly Event[] {
  const { firstSeq } = block.header
  const past = block.events.findIndex((event, index) => isPastEnd(event, firstSeq + index, end))
  return past < 0 ? block.events : block.events.slice(0, past)
}

function cut(block: StoredBlock, events: readonly Event[]): CopiedBlock & StoredBlock {
  const { bytes, hash } = encodeBlock(block.header, block.header, events)
  const header = { ...block.header, count: events.length }
  return { header, events, hash, bytes, where: block.where }
}

// The newest ones of which the copy has the events, and the one that an archived journal begins with.
function keptSnapshots(
  newestFirst: readonly SnapshotPlace[],
  baseSeq: number,
  lastSeq: number,
  from: PartitionPaths,
): SnapshotPlace[] {
  const covered = newestFirst.filter(({ seq }) => seq >= baseSeq && seq <= lastSeq)
  const base = baseSeq === 0 ? undefined : covered.at(-1)
  if (baseSeq > 0 && base === undefined) {
    throw new JournalError(
      'journal_archived',
      `${from.journal} begins after seq ${baseSeq}, and no snapshot between that and seq ${lastSeq} stands in for what ` +
        'came before. Ask the archive.',
    )
  }
  return covered.filter((place, index) => index < COPIED_SNAPSHOTS || place === base)
}

function copySnapshots(places: readonly SnapshotPlace[], to: string): void {
  if (places.length === 0) return
  mkdirSync(to, { recursive: true })
  for (const { path } of places) copyUnlessDropped(path, join(to, basename(path)))
  syncFolder(to)
}

function copyUnlessDropped(from: string, to: string): void {
  try {
    copyFileDurably(from, to)
  } catch (cause) {
    // A running server may have dropped it for a newer one meanwhile.
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
  }
}

function unreached(from: PartitionPaths, seq: number, lastSeq: number): ReplayError {
  const message = `${from.journal} ends at seq ${lastSeq}; seq ${seq} was asked for.`
  return new ReplayError('seq_unreached', message)
}
