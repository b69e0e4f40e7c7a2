// One LMDB environment, opened with every option that durability depends on stated, and its keys.
import { statSync } from 'node:fs'
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
  throw new JournalError(
    'journal_damaged',
    `${segmentFile(path)} is shorter than it says: it was cut off. Restore it from a backup; nothing was changed.`,
  )
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

function openOrExplain(path: string, readOnly: boolean): Environment {
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
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new JournalError(
      'journal_unreadable',
      `${segmentFile(path)} cannot be opened: ${reason}. Check its owner, mode and file system.`,
      { cause },
    )
  }
}
