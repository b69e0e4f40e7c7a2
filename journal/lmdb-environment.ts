// One LMDB environment, opened for its one writer with every option that durability depends on stated, and its keys.
import { open, type PutOptions, type RootDatabase } from 'lmdb'
import { cannotBeRead, isUnwritten, requireWholePages } from './segment-pages.ts'
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
 * Opens the environment in folder `path` for writing. Never do so for reading, and never open one that is open
 * elsewhere: that can take a commit back (lmdb-file.ts, which is how to read).
 * `overlappingSync: false` from the first creation: only then is a commit over when it is synced. Readers may see a
 * commit a moment before its sync has ended.
 * `eventTurnBatching: false`: a failed commit must reject its own promise and no other. Sync and map settings stay
 * LMDB's defaults, which are the durable ones.
 * @throws JournalError `journal_unreadable`, `journal_damaged` when its pages do not fit together.
 */
export function openEnvironment(path: string): Environment {
  const file = segmentFile(path)
  // lmdb kills the process with SIGSEGV when LMDB refuses a file, so what LMDB would refuse is refused before.
  if (!isUnwritten(file)) requireWholePages(file)
  try {
    const environment = open<Buffer, Buffer>({
      path,
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
    unlinkWrites(environment)
    return environment as unknown as Environment
  } catch (cause) {
    throw cannotBeRead(file, cause)
  }
}

/** What lmdb remembers of a write: a link of a list. */
interface Write {
  next: Write | null
}

// lmdb links every write to the next one. Once a link that is done with has become old, a young generation's collection
// takes it for alive, and with it all that come after: every block is then promoted, and full collections follow
// (DECISIONS.md). So the one that `next` named two commits before is cut off. lmdb never comes back to it as long as one
// commit is in flight at a time.
function unlinkWrites(environment: RootDatabase<Buffer, Buffer>): void {
  let done: Write | undefined
  let before: Write | undefined
  environment.on('aftercommit', ({ next, last }: { next: Write; last: Write }) => {
    const isDone = before !== undefined && before !== done && before !== next && before !== last
    if (isDone) (before as Write).next = null
    before = done
    done = next
  })
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
