// Checks the pages of an LMDB file before LMDB trusts them: it has no checksums, and follows a damaged page number
// into a signal that kills the process, or into an older tree that lacks the last commits.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import {
  type LmdbMeta,
  type LmdbTree,
  newestMeta,
  PAGE_HEADER_BYTES,
  readMetaPages,
} from './lmdb-meta.ts'

const BRANCH = 1
const LEAF = 2
const OVERFLOW = 4
const KIND_MASK = 7
const FLAGS_OFFSET = 18
const LOWER_OFFSET = 20
const OVERFLOW_PAGES_OFFSET = 20
const NODE_HEADER_BYTES = 8
/** A node's flag: its data lies on pages of its own. */
const IS_BIG = 1
const OVERFLOW_PLACE_BYTES = 24
const KEY_BYTES = 8
const HIGH = 2 ** 32
/** Looks at a file that is being written before it is left to its writer, who would have noticed. */
const LOOKS = 5

/**
 * Walks both trees of the file from the newest meta page: every page where it belongs, every key in order, and as
 * many of each as the meta page counts. Throws an Error that says what is wrong. A writer may go on meanwhile.
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
    new TreeWalk(file, newestMeta(pages)).check()
    return true
  } catch (fault) {
    if (readMetaPages(file).equals(pages)) throw fault
    return false
  }
}

class TreeWalk {
  readonly #file: number
  readonly #meta: LmdbMeta
  /** One bit per page that was met: no page is part of two things. */
  readonly #met: Uint8Array
  readonly #counts = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 }
  #lastKey = -1

  constructor(file: number, meta: LmdbMeta) {
    this.#file = file
    this.#meta = meta
    const bytes = fstatSync(file).size
    if ((meta.lastPage + 1) * meta.pageSize > bytes) {
      throw new Error('it is shorter than it says: it was cut off')
    }
    this.#met = new Uint8Array(Math.ceil((meta.lastPage + 1) / 8))
  }

  check(): void {
    this.#walkTree(this.#meta.main, 'the tree of blocks', true)
    this.#walkTree(this.#meta.free, 'the tree of free pages', false)
  }

  #walkTree(tree: LmdbTree, name: string, isBigEndian: boolean): void {
    const counts = this.#counts
    counts.branchPages = counts.leafPages = counts.overflowPages = counts.entries = 0
    this.#lastKey = -1
    if (tree.depth > 0) this.#walkPage(tree.root, tree.depth, isBigEndian)
    const isWhole =
      counts.branchPages === tree.branchPages &&
      counts.leafPages === tree.leafPages &&
      counts.overflowPages === tree.overflowPages &&
      counts.entries === tree.entries
    if (isWhole) return
    throw new Error(`${name} has ${counts.entries} entries of ${tree.entries}`)
  }

  #walkPage(number: number, depth: number, isBigEndian: boolean): void {
    const page = this.#readPage(number, this.#meta.pageSize)
    const isLeaf = depth === 1
    if ((page.readUInt16LE(FLAGS_OFFSET) & KIND_MASK) !== (isLeaf ? LEAF : BRANCH)) {
      throw new Error(`page ${number} is not of the kind that it must be`)
    }
    if (isLeaf) this.#counts.leafPages++
    else this.#counts.branchPages++
    const nodes = page.readUInt16LE(LOWER_OFFSET) >> 1
    if (nodes === 0 || PAGE_HEADER_BYTES + 2 * nodes > page.length) throw badNode(number)
    for (let index = 0; index < nodes; index++) {
      const offset = PAGE_HEADER_BYTES + page.readUInt16LE(PAGE_HEADER_BYTES + 2 * index)
      if (offset + NODE_HEADER_BYTES > page.length) throw badNode(number)
      if (isLeaf) this.#checkEntry(page, offset, number, isBigEndian)
      else this.#walkPage(childOf(page, offset), depth - 1, isBigEndian)
    }
  }

  #checkEntry(page: Buffer, offset: number, number: number, isBigEndian: boolean): void {
    const dataBytes = page.readUInt32LE(offset)
    const isBig = page.readUInt16LE(offset + 4) === IS_BIG
    const keyAt = offset + NODE_HEADER_BYTES
    const end = keyAt + KEY_BYTES + (isBig ? OVERFLOW_PLACE_BYTES : dataBytes)
    const isKey = page.readUInt16LE(offset + 6) === KEY_BYTES
    if (!isKey || (!isBig && page.readUInt16LE(offset + 4) !== 0) || end > page.length) {
      throw badNode(number)
    }
    const key = Number(isBigEndian ? page.readBigUInt64BE(keyAt) : page.readBigUInt64LE(keyAt))
    if (key <= this.#lastKey) throw new Error(`page ${number} has its keys out of order`)
    this.#lastKey = key
    this.#counts.entries++
    if (isBig) this.#checkOverflow(page, keyAt + KEY_BYTES, dataBytes)
  }

  #checkOverflow(page: Buffer, offset: number, dataBytes: number): void {
    const number = Number(page.readBigUInt64LE(offset))
    const pages = Math.floor((PAGE_HEADER_BYTES - 1 + dataBytes) / this.#meta.pageSize) + 1
    const head = this.#readPage(number, PAGE_HEADER_BYTES)
    const isOverflow = (head.readUInt16LE(FLAGS_OFFSET) & KIND_MASK) === OVERFLOW
    if (!isOverflow || head.readUInt32LE(OVERFLOW_PAGES_OFFSET) !== pages) {
      throw new Error(`page ${number} does not begin the block that it should hold`)
    }
    for (let more = 1; more < pages; more++) this.#meet(number + more)
    this.#counts.overflowPages += pages
  }

  #readPage(number: number, bytes: number): Buffer {
    this.#meet(number)
    const page = Buffer.allocUnsafe(bytes)
    readSync(this.#file, page, 0, bytes, number * this.#meta.pageSize)
    const isInPlace = Number(page.readBigUInt64LE(0)) === number
    if (isInPlace) return page
    throw new Error(`page ${number} is not where it must be`)
  }

  #meet(number: number): void {
    const isThere = number >= 2 && number <= this.#meta.lastPage
    if (!isThere) throw new Error(`page ${number} is named, but there is none`)
    const bit = 1 << (number & 7)
    const index = number >> 3
    if (((this.#met[index] as number) & bit) !== 0)
      throw new Error(`page ${number} is in use twice`)
    this.#met[index] = (this.#met[index] as number) | bit
  }
}

// The 48 bits of a child's number lie where a leaf's node has its size and flags.
function childOf(page: Buffer, offset: number): number {
  return page.readUInt32LE(offset) + page.readUInt16LE(offset + 4) * HIGH
}

function badNode(page: number): Error {
  return new Error(`page ${page} has an entry that is none`)
}
