// The two meta pages that an LMDB file begins with: read and held against each other before anybody trusts either.
// Offsets are those of MDB_page_header, MDB_meta and MDB_db in mdb.c, on little-endian machines.
import { readSync } from 'node:fs'

const MAGIC = 0xbeefc0de
const FORMAT = 2
const PAGE_BYTES_MIN = 256
const PAGE_BYTES_MAX = 65_536
const MAP_BYTES_MAX: number = 2 ** 46
/** Flag of a meta page in its header. */
const META_FLAG = 8
const FLAGS_OFFSET = 18
const META_BYTES = 168
const OFFSET = {
  magic: 24,
  format: 28,
  mapBytes: 40,
  freeTree: 48,
  mainTree: 96,
  lastPage: 144,
  txnid: 152,
} as const
const TREE_OFFSET = {
  pageSize: 0,
  flags: 4,
  depth: 6,
  branchPages: 8,
  leafPages: 16,
  overflowPages: 24,
  entries: 32,
  root: 40,
} as const

/** The root of an empty tree: P_INVALID, all bits set. */
const NO_PAGE: number = 2 ** 64
/** The last page of a file without a commit: there are the two meta pages. */
const FRESH_LAST_PAGE = 1

/** What a meta page says of one of its two trees. */
export interface LmdbTree {
  readonly depth: number
  readonly branchPages: number
  readonly leafPages: number
  readonly overflowPages: number
  readonly entries: number
  /** Page number of the root; NO_PAGE in an empty tree, whose depth is 0. */
  readonly root: number
}

/** One state of the file: what the commit with number `txnid` left. */
export interface LmdbMeta {
  readonly pageSize: number
  readonly flags: number
  readonly lastPage: number
  readonly txnid: number
  /** Pages that may be used again. */
  readonly free: LmdbTree
  /** Keys and values. */
  readonly main: LmdbTree
}

/** The bytes of both meta pages of an open file, for `newestMeta`. */
export function readMetaPages(file: number): Buffer {
  const pages = Buffer.alloc(2 * META_BYTES)
  readSync(file, pages, 0, META_BYTES, 0)
  readSync(file, pages, META_BYTES, META_BYTES, pageSizeOf(pages))
  return pages
}

/**
 * The newer of the two metas in `pages`, which is the one that LMDB will take. A commit writes them in turn and
 * only ever adds an entry and pages, so one that was changed behind LMDB's back shows against the other; taken alone
 * it could take a file back by one commit without a word.
 * Throws an Error that says what is wrong.
 */
export function newestMeta(pages: Buffer): LmdbMeta {
  const first = parseMeta(pages.subarray(0, META_BYTES), 0)
  const second = parseMeta(pages.subarray(META_BYTES), 1)
  const [newest, older] = first.txnid > second.txnid ? [first, second] : [second, first]
  const isFresh = newest.txnid === 0
  const slot = newest === first ? 0 : 1
  if (!isFresh && (newest.txnid % 2 !== slot || newest.txnid !== older.txnid + 1)) {
    throw new Error(`its last two commits are numbered ${older.txnid} and ${newest.txnid}`)
  }
  if (isFresh && newest.lastPage !== FRESH_LAST_PAGE) {
    throw new Error('it has pages, but no commit')
  }
  // After a meta page that the disk refused, LMDB puts its number and last page back and leaves the trees of the commit that
  // failed: then the older one has more entries, but fewer pages, which no changed number alone explains.
  const isTakenBack = older.lastPage < newest.lastPage
  const hasLess = newest.main.entries < older.main.entries && !isTakenBack
  if (hasLess || newest.lastPage < older.lastPage) {
    throw new Error(`commit ${newest.txnid} has less in it than the one before`)
  }
  const isAlike = newest.flags === older.flags && newest.pageSize === older.pageSize
  if (!isAlike) throw new Error('its two meta pages name different settings')
  return newest
}

function parseMeta(page: Buffer, slot: number): LmdbMeta {
  const pageSize = pageSizeOf(page)
  const isMeta =
    page.readUInt32LE(OFFSET.magic) === MAGIC &&
    page.readUInt32LE(OFFSET.format) === FORMAT &&
    page.readUInt16LE(FLAGS_OFFSET) === META_FLAG &&
    readNumber(page, 0) === slot &&
    isPageSize(pageSize) &&
    isMapSize(readNumber(page, OFFSET.mapBytes), readNumber(page, OFFSET.lastPage) * pageSize) &&
    // Flags of the tree of blocks would have LMDB compare keys in another order. The field before them goes with one.
    page.readUInt32LE(OFFSET.mainTree + TREE_OFFSET.pageSize) === 0 &&
    page.readUInt16LE(OFFSET.mainTree + TREE_OFFSET.flags) === 0
  if (!isMeta) throw new Error('it does not begin like a file of this version of LMDB')
  return {
    pageSize,
    flags: page.readUInt16LE(OFFSET.freeTree + TREE_OFFSET.flags),
    lastPage: readNumber(page, OFFSET.lastPage),
    txnid: readNumber(page, OFFSET.txnid),
    free: requireTree(readTree(page, OFFSET.freeTree)),
    main: requireTree(readTree(page, OFFSET.mainTree)),
  }
}

// LMDB takes a root of 0 for a reason to abort the process.
function requireTree(tree: LmdbTree): LmdbTree {
  if ((tree.depth === 0) === (tree.root === NO_PAGE)) return tree
  throw new Error(`it names page ${tree.root} as the root of a tree of depth ${tree.depth}`)
}

function readTree(page: Buffer, offset: number): LmdbTree {
  return {
    depth: page.readUInt16LE(offset + TREE_OFFSET.depth),
    branchPages: readNumber(page, offset + TREE_OFFSET.branchPages),
    leafPages: readNumber(page, offset + TREE_OFFSET.leafPages),
    overflowPages: readNumber(page, offset + TREE_OFFSET.overflowPages),
    entries: readNumber(page, offset + TREE_OFFSET.entries),
    root: readNumber(page, offset + TREE_OFFSET.root),
  }
}

function pageSizeOf(page: Buffer): number {
  return page.readUInt32LE(OFFSET.freeTree + TREE_OFFSET.pageSize)
}

// Wild values lose their low bits here, which matters to nobody: they fail every bound.
function readNumber(page: Buffer, offset: number): number {
  return Number(page.readBigUInt64LE(offset))
}

// Ours is a power of two; of one that is not, or that the pages go beyond, LMDB would make a signal.
function isMapSize(bytes: number, lastPageAt: number): boolean {
  return bytes <= MAP_BYTES_MAX && Number.isInteger(Math.log2(bytes)) && lastPageAt < bytes
}

function isPageSize(bytes: number): boolean {
  return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && (bytes & (bytes - 1)) === 0
}
