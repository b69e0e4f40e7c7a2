// Reads an LMDB file page by page, without LMDB. Whoever opens an environment with LMDB writes to its lock file, also
// for reading only: between a commit of the writer and that write, the commit is forgotten, and the next one takes its
// place (ITS#9496, open in the LMDB within lmdb). A reader that only reads cannot hurt a running server.
import { closeSync, openSync, readSync } from 'node:fs'
import { type LmdbMeta, newestMeta, readMetaPages } from './lmdb-meta.ts'
import {
  BRANCH,
  LEAF,
  LmdbPage,
  overflowPages,
  PAGE_HEADER_BYTES,
  requireOverflow,
} from './lmdb-page.ts'

/** A look takes microseconds, a commit at least a sync: so many in a row that were overtaken are no accident. */
const LOOKS_MAX = 10_000

/** A key, and where its value is. */
export interface FileEntry {
  readonly key: number
  readonly readValue: () => Buffer
}

/** A leaf, and the keys that belong in it: those from `from` on and before `end`. */
interface Leaf {
  readonly page: LmdbPage
  readonly from: number
  readonly end: number
}

/**
 * An open LMDB file whose keys are big-endian numbers of 8 bytes and whose entries are only ever added. A writer may go
 * on meanwhile: a leaf counts only if no commit came while it was looked up, and a big value never moves, unless its
 * commit failed after all and the writer was started again. Every method throws an Error that says what is wrong with
 * the file.
 */
export class LmdbFile {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'r')
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The next entries from key `start` on, as many as share a leaf; none when there are no more. */
  entriesFrom(start: number): FileEntry[] {
    return this.#look((meta) => {
      for (let at = start; ; ) {
        const leaf = this.#leafOf(at, meta)
        const entries = this.#entriesOf(leaf, meta).filter(({ key }) => key >= start)
        if (leaf === undefined || entries.length > 0 || !Number.isFinite(leaf.end)) return entries
        at = leaf.end
      }
    })
  }

  /** The entry with the greatest key up to `limit`; undefined when there is none. */
  lastEntryUpTo(limit: number): FileEntry | undefined {
    return this.#look((meta) => {
      for (let at = limit; ; ) {
        const leaf = this.#leafOf(at, meta)
        const entry = this.#entriesOf(leaf, meta).findLast(({ key }) => key <= limit)
        if (leaf === undefined || entry !== undefined || leaf.from === 0) return entry
        at = leaf.from - 1
      }
    })
  }

  // What is read of a state counts when it is still the newest one afterwards: LMDB leaves its pages alone till then.
  #look<Found>(read: (meta: LmdbMeta) => Found): Found {
    for (let look = 0; look < LOOKS_MAX; look++) {
      const pages = readMetaPages(this.#file)
      const isUnchanged = () => readMetaPages(this.#file).equals(pages)
      try {
        const found = read(newestMeta(pages))
        if (isUnchanged()) return found
      } catch (fault) {
        if (isUnchanged()) throw fault
      }
    }
    throw new Error(`its state changed ${LOOKS_MAX} times while one page was looked up`)
  }

  // Undefined in an empty tree.
  #leafOf(key: number, meta: LmdbMeta): Leaf | undefined {
    let number = meta.main.root
    let from = 0
    let end = Number.POSITIVE_INFINITY
    for (let depth = meta.main.depth; depth > 1; depth--) {
      const branch = this.#page(number, BRANCH, meta)
      let child = branch.count - 1
      while (child > 0 && branch.separator(child, true) > key) child--
      if (child > 0) from = branch.separator(child, true)
      if (child + 1 < branch.count) end = branch.separator(child + 1, true)
      number = branch.child(child)
    }
    if (meta.main.depth === 0) return undefined
    return { page: this.#page(number, LEAF, meta), from, end }
  }

  #page(number: number, kind: number, { pageSize, txnid }: LmdbMeta): LmdbPage {
    return new LmdbPage(this.#bytesAt(number * pageSize, pageSize), number, kind, txnid)
  }

  #entriesOf(leaf: Leaf | undefined, meta: LmdbMeta): FileEntry[] {
    if (leaf === undefined) return []
    const { page } = leaf
    return Array.from({ length: page.count }, (_, index) => {
      const { key, value, bigPage, valueBytes } = page.entry(index, true)
      const readValue = () =>
        bigPage === undefined ? value : this.#bigValue(bigPage, valueBytes, meta)
      return { key, readValue }
    })
  }

  #bigValue(number: number, valueBytes: number, { pageSize, txnid }: LmdbMeta): Buffer {
    const bytes = this.#bytesAt(number * pageSize, PAGE_HEADER_BYTES + valueBytes)
    requireOverflow(bytes, number, overflowPages(valueBytes, pageSize), txnid)
    return bytes.subarray(PAGE_HEADER_BYTES)
  }

  #bytesAt(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length)
    const read = readSync(this.#file, bytes, 0, length, offset)
    if (read === length) return bytes
    throw new Error('it is shorter than it says: it was cut off')
  }
}
