// Where a journal's segments lie: one LMDB environment each, in a folder named after its first seq.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const SEGMENT_NAME = /^segment-(\d{16})$/
const DRAFT_NAME = /^segment-\d{16}\.draft-\d+$/
const RETIRED_NAME = /^segment-\d{16}\.retired$/
const SEQ_DIGITS = 16

/** A segment's place: `firstSeq` is the seq of its first event. */
export interface SegmentPlace {
  readonly path: string
  readonly firstSeq: number
}

/** The folder of the segment that begins at `firstSeq`. */
export function segmentPath(journalPath: string, firstSeq: number): string {
  return join(journalPath, `segment-${digitsOf(firstSeq)}`)
}

/** The folder in which the owner of `epoch` makes a segment before it gets its name. */
export function draftPath(journalPath: string, firstSeq: number, epoch: number): string {
  return `${segmentPath(journalPath, firstSeq)}.draft-${epoch}`
}

/** All segments of a journal in order of seq; none when the folder does not exist. */
export function listSegments(journalPath: string): SegmentPlace[] {
  if (!existsSync(journalPath)) return []
  const places: SegmentPlace[] = []
  for (const name of readdirSync(journalPath)) {
    const digits = SEGMENT_NAME.exec(name)?.[1]
    if (digits !== undefined)
      places.push({ path: join(journalPath, name), firstSeq: Number(digits) })
  }
  return places.sort((left, right) => left.firstSeq - right.firstSeq)
}

/** Folders of segments that were never named. */
export function listDrafts(journalPath: string): string[] {
  return readdirSync(journalPath)
    .filter((name) => DRAFT_NAME.test(name))
    .map((name) => join(journalPath, name))
}

/** What a segment is called while it is deleted: no longer one, so that a crash in between leaves no half of it. */
export function retiredPath(path: string): string {
  return `${path}.retired`
}

/** Folders of segments that a crash kept from being deleted whole. */
export function listRetired(journalPath: string): string[] {
  return readdirSync(journalPath)
    .filter((name) => RETIRED_NAME.test(name))
    .map((name) => join(journalPath, name))
}

/** The file of a segment that LMDB keeps the data in. */
export function segmentFile(path: string): string {
  return join(path, 'data.mdb')
}

/**
 * The file that says, by being there, that the segments from `firstSeq` on are kept elsewhere: the journal is the
 * older part of another, and nobody may continue it.
 */
export function continuationMark(journalPath: string, firstSeq: number): string {
  return join(journalPath, `continued-elsewhere-from-${digitsOf(firstSeq)}`)
}

function digitsOf(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0')
}
