// The recording as bytes: what recorder.c appends, and the notes that the recorded process adds in between.
import { writeSync } from 'node:fs'
import { DrillError } from '../errors.ts'

/** Kinds of records; recorder.c has the same numbers. NOTE is ours alone. */
export const KIND = {
  open: 1,
  write: 2,
  truncate: 3,
  syncBegin: 4,
  syncEnd: 5,
  rename: 6,
  link: 7,
  makeFolder: 8,
  unlink: 9,
  note: 20,
} as const

/** Flags of an `open`. A `syncEnd` has 1 when the sync failed. */
export const OPEN_FLAG = { creates: 1, truncates: 2, isFolder: 4 } as const

const HEADER_BYTES = 40
const OFFSET = {
  kind: 0,
  flags: 4,
  length: 8,
  other: 12,
  handle: 16,
  offset: 24,
  sync: 32,
} as const

/** One record as it stands in the file. */
export interface RawRecord {
  readonly kind: number
  readonly flags: number
  /** Names an open file; texts, because they have 64 bits. */
  readonly handle: string
  /** Of a write its place, of a truncation the new size, in bytes. */
  readonly offset: number
  /** Names a sync; '0' for none. */
  readonly sync: string
  /** Path, written bytes or note. */
  readonly payload: Buffer
  readonly otherPath: string
}

/** What the recorded process says about itself, in order with what it writes. */
export type Note =
  /** The disk is as it was when the recording began: what was recorded so far only says how it was. */
  | { readonly kind: 'begin' }
  /** A process took the journal over and shows what it rebuilt: the state at `seq` has this hash. */
  | { readonly kind: 'life'; readonly seq: number; readonly hash: string }
  /** A block that ends at `seq` goes to the journal; the state after it has this hash. */
  | { readonly kind: 'block'; readonly seq: number; readonly hash: string }
  /** An answer that is the state as of `seq` left. */
  | { readonly kind: 'acknowledged'; readonly seq: number }

/** Appends a note to the recording that is open as `descriptor`. */
export function writeNote(descriptor: number, note: Note): void {
  writeSync(
    descriptor,
    encodeRecord({ kind: KIND.note, payload: Buffer.from(JSON.stringify(note)) }),
  )
}

/** A record as bytes; what is left out is zero or empty. */
export function encodeRecord(record: Partial<RawRecord> & { readonly kind: number }): Buffer {
  const { payload = Buffer.alloc(0), otherPath = '' } = record
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(record.kind, OFFSET.kind)
  header.writeUInt32LE(record.flags ?? 0, OFFSET.flags)
  header.writeUInt32LE(payload.length, OFFSET.length)
  header.writeUInt32LE(Buffer.byteLength(otherPath), OFFSET.other)
  header.writeBigUInt64LE(BigInt(record.handle ?? 0), OFFSET.handle)
  header.writeBigUInt64LE(BigInt(record.offset ?? 0), OFFSET.offset)
  header.writeBigUInt64LE(BigInt(record.sync ?? 0), OFFSET.sync)
  return Buffer.concat([header, payload, Buffer.from(otherPath)])
}

/** All records of a recording. @throws DrillError `recording_unreadable` when it is cut off. */
export function decodeRecords(bytes: Buffer): RawRecord[] {
  const records: RawRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + HEADER_BYTES
    const middle = start + (start <= bytes.length ? bytes.readUInt32LE(at + OFFSET.length) : 0)
    const end = middle + (start <= bytes.length ? bytes.readUInt32LE(at + OFFSET.other) : 0)
    if (end > bytes.length)
      throw new DrillError('recording_unreadable', `The recording is cut off at byte ${at}.`)
    records.push({
      kind: bytes.readUInt32LE(at + OFFSET.kind),
      flags: bytes.readUInt32LE(at + OFFSET.flags),
      handle: String(bytes.readBigUInt64LE(at + OFFSET.handle)),
      offset: Number(bytes.readBigUInt64LE(at + OFFSET.offset)),
      sync: String(bytes.readBigUInt64LE(at + OFFSET.sync)),
      payload: bytes.subarray(start, middle),
      otherPath: bytes.toString('utf8', middle, end),
    })
    at = end
  }
  return records
}
