// One LMDB environment, opened with every option that durability depends on stated, and its keys.
import { type Stats, statSync } from 'node:fs'
import { open, type PutOptions, type RootDatabase } from 'lmdb'
import { JournalError } from './errors.ts'
import { checkPages } from './lmdb-pages.ts'
import { segmentFile } from './segments.ts'

/** lmdb's types leave out the form of `put` that takes options. */
export type Environment = Omit<RootDatabase<Buffer, Buffer>, 'put'> & {
  put(key: Buffer, value: Buffer, options: PutOptions): Promise<boolean>
}

const KEY_BYTES = 8
/** Address space, not disk: the map never needs to move, which would stall the writer. */
const MAP_BYTES = 64 * 2 ** 30
const READERS_MAX = 64

/**
 * Opens the environment in folder `path`.
 * `overlappingSync: false` from the first creation: only then is a commit over when it is synced, and only then may a
 * reader open read-only after a power loss. Readers may see a commit a moment before its sync has ended.
 * `eventTurnBatching: false`: a failed commit must reject its own promise and no other. Sync and map settings stay
 * LMDB's defaults, which are the durable ones.
 * @throws JournalError `journal_unreadable`, `journal_damaged` when its pages do not fit together.
 */
export function openEnvironment(path: string, readOnly: boolean): Environment {
  if (readOnly || !isUnwritten(path)) requireWholePages(segmentFile(path))
  try {
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
    throw unreadable(segmentFile(path), cause)
  }
}

// No commit ever reached the segment in folder `path`: its file is missing, or made and left empty.
function isUnwritten(path: string): boolean {
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
function requireWholePages(file: string): void {
  const place = statOrExplain(file)
  if (place === undefined) {
    const message = `${file} is missing. Restore it from a backup; nothing was changed.`
    throw new JournalError('journal_damaged', message)
  }
  // A special file is LMDB's to explain.
  if (!place.isFile()) return
  try {
    checkPages(file)
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) throw unreadable(file, cause)
    const what = cause instanceof Error ? cause.message : String(cause)
    const message = `${file} is damaged: ${what}. Restore it from a backup; nothing was changed.`
    throw new JournalError('journal_damaged', message, { cause })
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
  const words = cause instanceof Error ? cause.message : String(cause)
  // LMDB sometimes adds, after a colon, what an earlier attempt of this process was about.
  const reason = words.replace(/: Attempting to .*/, '')
  return new JournalError(
    'journal_unreadable',
    `${file} cannot be opened: ${reason}. Check its owner, mode and file system.`,
    { cause },
  )
}
