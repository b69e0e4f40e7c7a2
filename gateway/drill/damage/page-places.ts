// Where things lie in a healthy data.mdb: the pages in use, their entries, the blocks. Only ever read to be hit.
import { type BlockHeader, HEADER_BYTES, readHeader } from '../../../journal/block-header.ts'
import { type LmdbMeta, newestMeta } from '../../../journal/lmdb-meta.ts'
import { PAGE_HEADER_BYTES } from '../../../journal/lmdb-page.ts'

/** The bytes at the start of a meta page that mean something. */
export const META_USED_BYTES = 168
/** Two meta pages begin the file, and take turns. */
export const META_PAGES = 2
/** In front of every entry: bytes of its value, flags, bytes of its key. */
const ENTRY_HEADER_BYTES = 8
const KEY_BYTES = 8

const PAGE_SIZE_OFFSET = 48
const FLAGS_OFFSET = 18
const LOWER_OFFSET = 20
const BRANCH = 1
const BIG_VALUE = 1

/** An entry of a branch or leaf page: header, key and, unless it lies on pages of its own, the value. */
export interface EntryPlace {
  readonly page: number
  readonly offset: number
  /** Of header and key. */
  readonly headBytes: number
  /** Where the value lies, and how long it is; of no meaning in a branch. */
  readonly valueOffset: number
  readonly valueBytes: number
}

export interface BlockPlace {
  readonly offset: number
  readonly header: BlockHeader
}

export function pageSizeOf(bytes: Buffer): number {
  return bytes.readUInt32LE(PAGE_SIZE_OFFSET)
}

/** Pages of the file. */
export function pageCountOf(bytes: Buffer): number {
  return Math.floor(bytes.length / pageSizeOf(bytes))
}

/** The branch and leaf pages of the newest commit's tree: `main` holds the blocks, `free` the pages let go of. */
export function treePages(bytes: Buffer, tree: 'main' | 'free'): number[] {
  const { root, depth } = metaOf(bytes)[tree]
  const found: number[] = []
  const waiting = depth === 0 ? [] : [root]
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    found.push(page)
    if (!isLeaf(bytes, page)) waiting.push(...childrenOf(bytes, page))
  }
  return found
}

/** Bytes of a branch or leaf page that say where its entries lie, from its start on. */
export function indexBytesOf(bytes: Buffer, page: number): number {
  return PAGE_HEADER_BYTES + bytes.readUInt16LE(page * pageSizeOf(bytes) + LOWER_OFFSET)
}

/** The entries of a branch or leaf page. */
export function entriesOf(bytes: Buffer, page: number): EntryPlace[] {
  const start = page * pageSizeOf(bytes) + PAGE_HEADER_BYTES
  const count = bytes.readUInt16LE(start - PAGE_HEADER_BYTES + LOWER_OFFSET) / 2
  return Array.from({ length: count }, (_, index) => {
    const offset = start + bytes.readUInt16LE(start + 2 * index)
    const value = offset + ENTRY_HEADER_BYTES + bytes.readUInt16LE(offset + 6)
    const isElsewhere = isLeaf(bytes, page) && (bytes.readUInt16LE(offset + 4) & BIG_VALUE) !== 0
    const valueOffset = isElsewhere ? ownPagesOffset(bytes, value) : value
    const headBytes = ENTRY_HEADER_BYTES + KEY_BYTES
    return { page, offset, headBytes, valueOffset, valueBytes: bytes.readUInt32LE(offset) }
  })
}

/** The entries of a tree's leaves. */
export function leafEntriesOf(bytes: Buffer, tree: 'main' | 'free'): EntryPlace[] {
  const leaves = treePages(bytes, tree).filter((page) => isLeaf(bytes, page))
  return leaves.flatMap((page) => entriesOf(bytes, page))
}

/** The blocks that the newest commit reaches, in order of seq; opening and closing blocks included. */
export function blocksOf(bytes: Buffer): BlockPlace[] {
  return leafEntriesOf(bytes, 'main')
    .flatMap(({ valueOffset: offset }) => {
      const header = readHeader(bytes.subarray(offset, offset + HEADER_BYTES))
      return header === undefined ? [] : [{ offset, header }]
    })
    .sort((left, right) => left.header.firstSeq - right.header.firstSeq)
}

function metaOf(bytes: Buffer): LmdbMeta {
  const second = pageSizeOf(bytes)
  const pages = [
    bytes.subarray(0, META_USED_BYTES),
    bytes.subarray(second, second + META_USED_BYTES),
  ]
  return newestMeta(Buffer.concat(pages))
}

function isLeaf(bytes: Buffer, page: number): boolean {
  return (bytes.readUInt16LE(page * pageSizeOf(bytes) + FLAGS_OFFSET) & BRANCH) === 0
}

// A branch's entry begins with the 48 bits of a page number.
function childrenOf(bytes: Buffer, page: number): number[] {
  return entriesOf(bytes, page).map(({ offset }) => bytes.readUIntLE(offset, 6))
}

function ownPagesOffset(bytes: Buffer, place: number): number {
  return Number(bytes.readBigUInt64LE(place)) * pageSizeOf(bytes) + PAGE_HEADER_BYTES
}
