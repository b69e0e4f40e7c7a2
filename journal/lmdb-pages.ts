// Checks the pages of an LMDB file before they are trusted: they have no checksums, and LMDB follows a damaged page number
// into a signal that kills the process, or into an older tree that lacks the last commits.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { freePages } from './lmdb-free-list.ts'
import { type LmdbMeta, type LmdbTree, newestMeta, readMetaPages } from './lmdb-meta.ts'
import {
  BRANCH,
  LEAF,
  LmdbPage,
  overflowPages,
  PAGE_HEADER_BYTES,
  type PageEntry,
  requireOverflow,
} from './lmdb-page.ts'

/** Looks at a file that is being written before it is left to its writer, who would have noticed. */
const LOOKS = 5

/**
 * Walks both trees of the file from the newest meta page: every page where it belongs, every key in order, as many of
 * each as the meta page counts, and no page free that is in use. Throws an Error that says what is wrong. A writer may
 * go on meanwhile.
 */
export function checkPages(path: string): void {
  const file = openSync(path, 'r')
  try {
    for (let look = 0; look < LOOKS; look++) {
      if (isWholeOrChanging(file)) return
    }
  } finally {
    closeSync(file)
  }
}

// Once two commits have passed, the pages of the walked tree may be written anew: then the walk has seen nothing.
function isWholeOrChanging(file: number): boolean {
  const pages = readMetaPages(file)
  try {
    new FileWalk(file, newestMeta(pages)).check()
    return true
  } catch (fault) {
    if (readMetaPages(file).equals(pages)) throw fault
    return false
  }
}

class FileWalk {
  readonly #file: number
  readonly #meta: LmdbMeta
  /** One bit per page that was met: no page is part of two things. */
  readonly #met: Uint8Array
  readonly #freeLists: Buffer[] = []
  readonly #filePages: number

  constructor(file: number, meta: LmdbMeta) {
    this.#file = file
    this.#meta = meta
    this.#filePages = Math.floor(fstatSync(file).size / meta.pageSize)
    this.#met = new Uint8Array(Math.ceil((meta.lastPage + 1) / 8))
  }

  check(): void {
    new TreeWalk(this, this.#meta, this.#meta.main, true, () => undefined).check(
      'the tree of blocks',
    )
    const keep = (list: Buffer) => this.#freeLists.push(list)
    new TreeWalk(this, this.#meta, this.#meta.free, false, keep).check('the tree of free pages')
    // Last, when all that is in use was met: LMDB would write over a page that is wrongly free.
    for (const list of this.#freeLists) {
      for (const page of freePages(list, this.#meta.lastPage)) this.#meet(page)
    }
  }

  /** Reads the first `bytes` of a page, which must not have been met before. */
  read(number: number, bytes: number): Buffer {
    this.meet(number)
    return this.readAt(number * this.#meta.pageSize, bytes)
  }

  readAt(offset: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes)
    readSync(this.#file, buffer, 0, bytes, offset)
    return buffer
  }

  /** Notes that a page is in use: it must be there, and for nothing else. */
  meet(number: number): void {
    this.#meet(number)
    // Pages at the end that are free may never have been written.
    if (number >= this.#filePages) throw new Error('it is shorter than it says: it was cut off')
  }

  #meet(number: number): void {
    const isThere = number >= 2 && number <= this.#meta.lastPage
    if (!isThere) throw new Error(`page ${number} is named, but there is none`)
    const bit = 1 << (number & 7)
    const index = number >> 3
    if (((this.#met[index] as number) & bit) !== 0) {
      throw new Error(`page ${number} is in use twice`)
    }
    this.#met[index] = (this.#met[index] as number) | bit
  }
}

/** One of the two trees, from its root. */
class TreeWalk {
  readonly #file: FileWalk
  readonly #meta: LmdbMeta
  readonly #tree: LmdbTree
  readonly #isBigEndian: boolean
  readonly #onValue: (value: Buffer) => void
  readonly #counts = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 }
  #lastKey = -1

  constructor(
    file: FileWalk,
    meta: LmdbMeta,
    tree: LmdbTree,
    isBigEndian: boolean,
    onValue: (value: Buffer) => void,
  ) {
    this.#file = file
    this.#meta = meta
    this.#tree = tree
    this.#isBigEndian = isBigEndian
    this.#onValue = onValue
  }

  check(name: string): void {
    const counts = this.#counts
    const tree = this.#tree
    if (tree.depth > 0) this.#walk(tree.root, tree.depth, Number.POSITIVE_INFINITY)
    const isWhole =
      counts.branchPages === tree.branchPages &&
      counts.leafPages === tree.leafPages &&
      counts.overflowPages === tree.overflowPages &&
      counts.entries === tree.entries
    if (isWhole) return
    throw new Error(`${name} has ${counts.entries} entries of ${tree.entries}`)
  }

  // All keys below `number` come after the last one met and before `end`.
  #walk(number: number, depth: number, end: number): void {
    const { pageSize, txnid } = this.#meta
    const kind = depth === 1 ? LEAF : BRANCH
    const page = new LmdbPage(this.#file.read(number, pageSize), number, kind, txnid)
    if (kind === LEAF) this.#counts.leafPages++
    else this.#counts.branchPages++
    for (let index = 0; index < page.count; index++) {
      if (kind === LEAF) this.#checkEntry(page.entry(index, this.#isBigEndian), end, number)
      else this.#walkChild(page, index, depth, end)
    }
  }

  // A child's keys are not below its separator; the first child has none.
  #walkChild(page: LmdbPage, index: number, depth: number, end: number): void {
    const next = index + 1 < page.count ? page.separator(index + 1, this.#isBigEndian) : end
    if (index > 0) {
      const separator = page.separator(index, this.#isBigEndian)
      if (separator <= this.#lastKey || separator >= next) throw disordered(page.number)
      this.#lastKey = separator - 1
    }
    this.#walk(page.child(index), depth - 1, next)
  }

  #checkEntry(entry: PageEntry, end: number, number: number): void {
    if (entry.key <= this.#lastKey || entry.key >= end) throw disordered(number)
    this.#lastKey = entry.key
    this.#counts.entries++
    const { bigPage, value, valueBytes } = entry
    if (bigPage === undefined) this.#onValue(value)
    else this.#checkBig(bigPage, valueBytes)
  }

  #checkBig(number: number, valueBytes: number): void {
    const { pageSize, txnid } = this.#meta
    const pages = overflowPages(valueBytes, pageSize)
    requireOverflow(this.#file.read(number, PAGE_HEADER_BYTES), number, pages, txnid)
    for (let more = 1; more < pages; more++) this.#file.meet(number + more)
    this.#counts.overflowPages += pages
    // Blocks are read and proved by their own checksums; only lists of free pages are looked into here.
    if (!this.#isBigEndian) {
      this.#onValue(this.#file.readAt(number * pageSize + PAGE_HEADER_BYTES, valueBytes))
    }
  }
}

function disordered(page: number): Error {
  return new Error(`page ${page} has its keys out of order`)
}
