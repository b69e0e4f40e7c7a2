// One LMDB environment, opened with every option that durability depends on stated, and its keys.
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { open, type PutOptions, type RootDatabase } from 'lmdb'
import { JournalError } from './errors.ts'
import { segmentFile } from './segments.ts'

/** lmdb's types leave out the form of `put` that takes options. */
export type Environment = Omit<RootDatabase<Buffer, Buffer>, 'put'> & {
  put(key: Buffer, value: Buffer, options: PutOptions): Promise<boolean>
}

const KEY_BYTES = 8
/** Address space, not disk: the map never needs to move, which would stall the writer. */
const MAP_BYTES = 64 * 2 ** 30
const READERS_MAX = 64

// An LMDB file begins with two meta pages; these are the places of their fields (mdb.c, MDB_page and MDB_meta).
const META_MAGIC = 0xbeefc0de
const META_FORMAT = 2
const META_OFFSET = { magic: 24, format: 28, pageSize: 48 } as const
const META_BYTES = 64
const PAGE_BYTES_MIN = 256
const PAGE_BYTES_MAX = 65_536

/**
 * Opens the environment in folder `path`.
 * `overlappingSync: false` from the first creation: only then does a commit become visible after its sync, and only
 * then may a reader open read-only after a power loss. `eventTurnBatching: false`: a failed commit must reject its
 * own promise and no other. Sync and map settings stay LMDB's defaults, which are the durable ones.
 * @throws JournalError `journal_unreadable`, `journal_damaged` when the file is shorter than it says.
 */
export function openEnvironment(path: string, readOnly: boolean): Environment {
  const environment = openOrExplain(path, readOnly)
  const isWhole = environmentBytes(environment) <= statSync(segmentFile(path)).size
  // Reading past the end of the file would kill the process with SIGBUS, so look before the first read.
  if (isWhole) return environment
  throw damaged(segmentFile(path), 'is shorter than it says: it was cut off')
}

/** True when no commit ever reached the segment in folder `path`: its file is missing, or made and left empty. */
export function isUnwritten(path: string): boolean {
  const file = statOrExplain(segmentFile(path))
  return file === undefined || (file.isFile() && file.size === 0)
}

/** Bytes of the file that the environment's last commit reaches to. */
export function environmentBytes(environment: Environment): number {
  const stats = environment.getStats() as { lastPageNumber: number; pageSize: number }
  return stats.lastPageNumber === 0 ? 0 : (stats.lastPageNumber + 1) * stats.pageSize
}

/** The key of the block that begins at `firstSeq`; 0 is the opening block. Big-endian, so keys sort by seq. */
export function blockKey(firstSeq: number): Buffer {
  const key = Buffer.allocUnsafeSlow(KEY_BYTES)
  key.writeBigUInt64BE(BigInt(firstSeq))
  return key
}

/** The inverse of `blockKey`. */
export function seqOfKey(key: Buffer): number {
  return Number(key.readBigUInt64BE())
}

// lmdb kills the process with SIGSEGV when LMDB refuses a file, so what LMDB would refuse is refused before.
function requireMetaPages(file: string): void {
  const place = statOrExplain(file)
  // A missing or special file is LMDB's to explain.
  if (place?.isFile() !== true) return
  const pageSize = pageSizeOf(readMeta(file, 0))
  const isWhole =
    pageSize !== undefined &&
    pageSizeOf(readMeta(file, pageSize)) === pageSize &&
    place.size >= 2 * pageSize
  if (!isWhole) throw damaged(file, 'does not begin like a file of this version of LMDB')
}

function readMeta(file: string, offset: number): Buffer {
  const meta = Buffer.alloc(META_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, meta, 0, META_BYTES, offset)
  } finally {
    closeSync(descriptor)
  }
  return meta
}

// The page size that a meta page names, or undefined when these are not the bytes of one.
function pageSizeOf(meta: Buffer): number | undefined {
  if (meta.readUInt32LE(META_OFFSET.magic) !== META_MAGIC) return undefined
  if (meta.readUInt16LE(META_OFFSET.format) !== META_FORMAT) return undefined
  const pageSize = meta.readUInt32LE(META_OFFSET.pageSize)
  const isLegal = pageSize >= PAGE_BYTES_MIN && pageSize <= PAGE_BYTES_MAX
  return isLegal && (pageSize & (pageSize - 1)) === 0 ? pageSize : undefined
}

function damaged(file: string, what: string): JournalError {
  const message = `${file} ${what}. Restore it from a backup; nothing was changed.`
  return new JournalError('journal_damaged', message)
}

function openOrExplain(path: string, readOnly: boolean): Environment {
  try {
    if (readOnly || !isUnwritten(path)) requireMetaPages(segmentFile(path))
    const environment = open<Buffer, Buffer>({
      path,
      readOnly,
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
      eventTurnBatching: false,
      compression: false,
      cache: false,
      noSubdir: false,
      mapSize: MAP_BYTES,
      maxReaders: READERS_MAX,
      maxDbs: 1,
    })
    return environment as unknown as Environment
  } catch (cause) {
    throw cause instanceof JournalError ? cause : unreadable(segmentFile(path), cause)
  }
}

function statOrExplain(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

function unreadable(file: string, cause: unknown): JournalError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new JournalError(
    'journal_unreadable',
    `${file} cannot be opened: ${reason}. Check its owner, mode and file system.`,
    { cause },
  )
}
