// Reads a journal's blocks in order, segment by segment. Read-only: safe on the journal of a running server.
import { existsSync } from 'node:fs'
import { decodeBlock } from './block-codec.ts'
import { CLOSING, OPENING, readHeader } from './block-header.ts'
import { JournalError } from './errors.ts'
import { highestSeqInBytes } from './find-blocks.ts'
import type { JournalReader, StoredBlock } from './journal.ts'
import { blockKey, type Environment, openEnvironment, seqOfKey } from './lmdb-environment.ts'
import {
  continuationMark,
  draftPath,
  listSegments,
  type SegmentPlace,
  segmentFile,
  segmentPath,
} from './segments.ts'

/** Blocks per read transaction: an open range pins pages of a live journal, so ranges are kept small. */
const BLOCKS_PER_RANGE = 16

/** The journal in folder `journalPath`, for reading. */
export function lmdbReader(journalPath: string): JournalReader {
  return { read: (fromSeq) => readBlocks(journalPath, fromSeq) }
}

async function* readBlocks(journalPath: string, fromSeq: number): AsyncGenerator<StoredBlock> {
  const places = listSegments(journalPath)
  let place = places.findLast(({ firstSeq }) => firstSeq <= fromSeq) ?? places[0]
  while (place !== undefined) {
    let last: StoredBlock | undefined
    for await (const block of readSegment(place, fromSeq)) {
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
  for await (const block of readSegment(place, nextSeq)) {
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

async function* readSegment(place: SegmentPlace, fromSeq: number): AsyncGenerator<StoredBlock> {
  const environment = openEnvironment(place.path, true)
  try {
    yield* readEnvironment(environment, place, fromSeq)
  } catch (cause) {
    throw cause instanceof JournalError ? cause : unreadable(place, cause)
  } finally {
    await environment.close()
  }
}

// What LMDB throws of a broken page, or what a key of a wrong length does.
function unreadable(place: SegmentPlace, cause: unknown): JournalError {
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
export async function highestSeqIn(place: SegmentPlace): Promise<number> {
  const before = place.firstSeq - 1
  let environment: Environment | undefined
  try {
    environment = openEnvironment(place.path, true)
    const [last] = [...environment.getRange({ reverse: true, limit: 1, snapshot: false })]
    if (last === undefined) return before
    const header = readHeader(last.value)
    const firstSeq = seqOfKey(last.key)
    if (firstSeq === 0) return before
    return header?.firstSeq === firstSeq ? firstSeq + header.count - 1 : firstSeq
  } catch {
    // Whoever asks knows already that something is damaged; blocks may still lie in the file.
    return Math.max(before, highestSeqInBytes(segmentFile(place.path)))
  } finally {
    await environment?.close()
  }
}

function* readEnvironment(
  environment: Environment,
  place: SegmentPlace,
  fromSeq: number,
): Generator<StoredBlock> {
  const opening = environment.get(blockKey(0))
  if (opening === undefined) {
    throw new JournalError(
      'journal_damaged',
      `${segmentFile(place.path)} is damaged: its opening block is missing. Restore it from a backup.`,
    )
  }
  // Also where reading starts behind it: a segment under another's name must not pass for that one.
  readStored(place, blockKey(0), opening)
  let start = blockKey(firstKeyToRead(environment, place, fromSeq))
  for (;;) {
    const entries = [...environment.getRange({ start, limit: BLOCKS_PER_RANGE, snapshot: false })]
    for (const { key, value } of entries) yield readStored(place, key, value)
    const last = entries.at(-1)
    if (last === undefined || entries.length < BLOCKS_PER_RANGE) return
    start = blockKey(seqOfKey(last.key) + 1)
  }
}

// The block that holds `fromSeq` begins at or before it; the opening block goes with the first one.
function firstKeyToRead(environment: Environment, place: SegmentPlace, fromSeq: number): number {
  const [key] = environment.getKeys({ start: blockKey(fromSeq), reverse: true, limit: 1 })
  if (key === undefined) return 0
  const seq = seqOfKey(key)
  return seq === place.firstSeq ? 0 : seq
}

function readStored(place: SegmentPlace, key: Buffer, value: Buffer): StoredBlock {
  const keySeq = seqOfKey(key)
  const where = `${segmentFile(place.path)}, block at seq ${keySeq === 0 ? place.firstSeq : keySeq}`
  const block = decodeBlock(value, where)
  const isInPlace = block.header.firstSeq === (keySeq === 0 ? place.firstSeq : keySeq)
  if (isInPlace) return { ...block, where, bytes: value }
  throw new JournalError(
    'journal_damaged',
    `${where} says that it begins at seq ${block.header.firstSeq}: it was moved. Restore the journal from a backup.`,
  )
}
