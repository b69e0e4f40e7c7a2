// Reads a journal's blocks in order, segment by segment. Read-only: safe on the journal of a running server.
import { existsSync } from 'node:fs'
import { decodeBlock } from './block-codec.ts'
import { CLOSING, OPENING, readHeader } from './block-header.ts'
import { JournalError } from './errors.ts'
import { highestSeqInBytes } from './find-blocks.ts'
import type { JournalReader, StoredBlock } from './journal.ts'
import { type FileEntry, LmdbFile } from './lmdb-file.ts'
import { cannotBeRead, requireWholePages } from './segment-pages.ts'
import {
  continuationMark,
  draftPath,
  listSegments,
  type SegmentPlace,
  segmentFile,
  segmentPath,
} from './segments.ts'

/** The journal in folder `journalPath`, for reading. */
export function lmdbReader(journalPath: string): JournalReader {
  return { read: (fromSeq) => readBlocks(journalPath, fromSeq) }
}

async function* readBlocks(journalPath: string, fromSeq: number): AsyncGenerator<StoredBlock> {
  const places = listSegments(journalPath)
  let place = places.findLast(({ firstSeq }) => firstSeq <= fromSeq) ?? places[0]
  while (place !== undefined) {
    let last: StoredBlock | undefined
    for (const block of readSegment(place, fromSeq)) {
      last = block
      yield block
    }
    const next = segmentAfter(journalPath, place, last)
    // A running server may have written more into this one before it closed it.
    if (next !== undefined && last !== undefined && last.header.kind !== CLOSING) {
      yield* readRest(place, last)
    }
    place = next
  }
}

async function* readRest(place: SegmentPlace, last: StoredBlock): AsyncGenerator<StoredBlock> {
  const nextSeq = last.header.firstSeq + last.header.count
  for (const block of readSegment(place, nextSeq)) {
    const { kind, firstSeq } = block.header
    if (kind !== OPENING && firstSeq >= nextSeq) yield block
  }
}

// Looked up anew each time, because a running server closes segments and begins others.
function segmentAfter(
  journalPath: string,
  place: SegmentPlace,
  last: StoredBlock | undefined,
): SegmentPlace | undefined {
  const find = () => listSegments(journalPath).find(({ firstSeq }) => firstSeq > place.firstSeq)
  const isClosed = last?.header.kind === CLOSING
  const next = find()
  if (!isClosed) return next
  const { firstSeq, epoch } = last.header
  if (next?.firstSeq === firstSeq) return next
  if (!existsSync(place.path)) throw archivedMeanwhile(journalPath)
  if (next !== undefined) return next
  const mark = continuationMark(journalPath, firstSeq)
  if (existsSync(draftPath(journalPath, firstSeq, epoch)) || existsSync(mark)) return undefined
  // The draft may have got its name between the two looks.
  const named = find()
  if (named !== undefined) return named
  throw new JournalError(
    'journal_gap',
    `${place.path} was closed, but ${segmentPath(journalPath, firstSeq)}, which follows it, is missing. ` +
      'Restore it from a backup; nothing was changed.',
  )
}

function archivedMeanwhile(journalPath: string): JournalError {
  const message = `${journalPath}: segments were archived or trimmed while it was read. Run it again.`
  return new JournalError('journal_archived', message)
}

function* readSegment(place: SegmentPlace, fromSeq: number): Generator<StoredBlock> {
  const file = openFile(place)
  try {
    yield* readFile(file, place, fromSeq)
  } catch (cause) {
    throw cause instanceof JournalError ? cause : unreadable(place, cause)
  } finally {
    file.close()
  }
}

function openFile(place: SegmentPlace): LmdbFile {
  const path = segmentFile(place.path)
  requireWholePages(path)
  try {
    return new LmdbFile(path)
  } catch (cause) {
    throw cannotBeRead(path, cause)
  }
}

// What a broken page throws, or a key of a wrong length; or the system, which says nothing of what is in the file.
function unreadable(place: SegmentPlace, cause: unknown): JournalError {
  if (cause instanceof Error && 'syscall' in cause) {
    return cannotBeRead(segmentFile(place.path), cause)
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new JournalError(
    'journal_damaged',
    `${segmentFile(place.path)} does not read back: ${reason}. Restore the journal from a backup.`,
    { cause },
  )
}

/**
 * The highest seq that a segment bears witness of, however damaged its blocks are: by its name, its keys, and the
 * header of its last block.
 */
export function highestSeqIn(place: SegmentPlace): number {
  const before = place.firstSeq - 1
  let file: LmdbFile | undefined
  try {
    file = openFile(place)
    const last = file.lastEntryUpTo(Number.MAX_SAFE_INTEGER)
    if (last === undefined || last.key === 0) return before
    const header = readHeader(last.readValue())
    return header?.firstSeq === last.key ? last.key + header.count - 1 : last.key
  } catch {
    // Whoever asks knows already that something is damaged; blocks may still lie in the file.
    return Math.max(before, highestSeqInBytes(segmentFile(place.path)))
  } finally {
    file?.close()
  }
}

function* readFile(file: LmdbFile, place: SegmentPlace, fromSeq: number): Generator<StoredBlock> {
  const [opening] = file.entriesFrom(0)
  if (opening?.key !== 0) {
    throw new JournalError(
      'journal_damaged',
      `${segmentFile(place.path)} is damaged: its opening block is missing. Restore it from a backup.`,
    )
  }
  // Also where reading starts behind it: a segment under another's name must not pass for that one.
  readStored(place, opening)
  let entries = file.entriesFrom(firstKeyToRead(file, place, fromSeq))
  while (entries.length > 0) {
    for (const entry of entries) yield readStored(place, entry)
    entries = file.entriesFrom((entries.at(-1) as FileEntry).key + 1)
  }
}

// The block that holds `fromSeq` begins at or before it; the opening block goes with the first one.
function firstKeyToRead(file: LmdbFile, place: SegmentPlace, fromSeq: number): number {
  const key = file.lastEntryUpTo(fromSeq)?.key ?? 0
  return key === place.firstSeq ? 0 : key
}

function readStored(place: SegmentPlace, { key, readValue }: FileEntry): StoredBlock {
  const seq = key === 0 ? place.firstSeq : key
  const where = `${segmentFile(place.path)}, block at seq ${seq}`
  const bytes = readValue()
  const block = decodeBlock(bytes, where)
  if (block.header.firstSeq === seq) return { ...block, where, bytes }
  throw new JournalError(
    'journal_damaged',
    `${where} says that it begins at seq ${block.header.firstSeq}: it was moved. Restore the journal from a backup.`,
  )
}
