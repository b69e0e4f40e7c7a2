// One page of an LMDB file: its header, and the entries in it (MDB_page_header, MDB_node, MDB_ovpage in mdb.c).

/** Bytes in front of every page: {u64 page, u64 txnid, u16 pad, u16 flags, u16 lower, u16 upper}. */
export const PAGE_HEADER_BYTES = 24
/** Kinds of pages, as their flags say it; nothing else may be set in them on disk. */
export const BRANCH = 1
export const LEAF = 2
const OVERFLOW = 4

const OFFSET = { number: 0, txnid: 8, pad: 16, flags: 18, lower: 20, upper: 22 } as const
/** Where an overflow page counts its pages. */
const OVERFLOW_PAGES = 20
const ENTRY_OFFSET = { size: 0, flags: 4, keyBytes: 6, key: 8 } as const
const POINTER_BYTES = 2
const KEY_BYTES = 8
/** An entry's flag: its value lies on pages of its own. */
const IS_BIG = 1
/** What stands in an entry instead of a big value: {u64 page, u64 txnid, u64 pages}. */
const BIG_PLACE_BYTES = 24
const HIGH = 2 ** 32

/** An entry of a leaf. */
export interface PageEntry {
  readonly key: number
  readonly valueBytes: number
  /** The first page of a value that lies on pages of its own. */
  readonly bigPage: number | undefined
  /** The value, or where it lies. */
  readonly value: Buffer
}

/** A branch or leaf page. Reading from it throws an Error that says what is wrong with it. */
export class LmdbPage {
  readonly number: number
  readonly #bytes: Buffer

  /** `bytes` are the whole page, `txnid` the newest commit of the file. */
  constructor(bytes: Buffer, number: number, kind: number, txnid: number) {
    this.number = number
    this.#bytes = bytes
    requireHeader(bytes, number, kind, txnid)
    if (this.count === 0) throw new Error(`page ${number} is empty`)
    // Entries fill the page from its end, without gaps, so the lowest one begins where the free part ends.
    let lowest = bytes.length
    for (let index = 0; index < this.count; index++) lowest = Math.min(lowest, this.#offset(index))
    const upper = PAGE_HEADER_BYTES + bytes.readUInt16LE(OFFSET.upper)
    const pointersEnd = PAGE_HEADER_BYTES + POINTER_BYTES * this.count
    if (pointersEnd > upper || lowest !== upper) throw this.#bad()
  }

  /** Entries of a leaf, children of a branch. */
  get count(): number {
    return this.#bytes.readUInt16LE(OFFSET.lower) / POINTER_BYTES
  }

  /** An entry of a leaf; its key is 8 bytes. */
  entry(index: number, isBigEndian: boolean): PageEntry {
    const offset = this.#offset(index)
    const flags = this.#bytes.readUInt16LE(offset + ENTRY_OFFSET.flags)
    const valueBytes = this.#bytes.readUInt32LE(offset + ENTRY_OFFSET.size)
    const start = offset + ENTRY_OFFSET.key + KEY_BYTES
    const end = start + (flags === IS_BIG ? BIG_PLACE_BYTES : valueBytes)
    if ((flags !== 0 && flags !== IS_BIG) || end > this.#bytes.length) throw this.#bad()
    const value = this.#bytes.subarray(start, end)
    const bigPage = flags === IS_BIG ? Number(value.readBigUInt64LE(0)) : undefined
    return { key: this.separator(index, isBigEndian), valueBytes, bigPage, value }
  }

  /** The key of an entry or a child. The first child of a branch has none. */
  separator(index: number, isBigEndian: boolean): number {
    const offset = this.#offset(index)
    if (this.#bytes.readUInt16LE(offset + ENTRY_OFFSET.keyBytes) !== KEY_BYTES) throw this.#bad()
    const at = offset + ENTRY_OFFSET.key
    if (at + KEY_BYTES > this.#bytes.length) throw this.#bad()
    return Number(isBigEndian ? this.#bytes.readBigUInt64BE(at) : this.#bytes.readBigUInt64LE(at))
  }

  /** Page number of a child: 48 bits where a leaf's entry has its size and flags. */
  child(index: number): number {
    const offset = this.#offset(index)
    const high = this.#bytes.readUInt16LE(offset + ENTRY_OFFSET.flags)
    return this.#bytes.readUInt32LE(offset + ENTRY_OFFSET.size) + high * HIGH
  }

  #offset(index: number): number {
    const at = PAGE_HEADER_BYTES + POINTER_BYTES * index
    if (at + POINTER_BYTES > this.#bytes.length) throw this.#bad()
    const offset = PAGE_HEADER_BYTES + this.#bytes.readUInt16LE(at)
    if (offset + ENTRY_OFFSET.key > this.#bytes.length) throw this.#bad()
    return offset
  }

  #bad(): Error {
    return new Error(`page ${this.number} has an entry that is none`)
  }
}

/** How many pages a value of `valueBytes` takes that lies on pages of its own: they share one header. */
export function overflowPages(valueBytes: number, pageSize: number): number {
  return Math.floor((PAGE_HEADER_BYTES - 1 + valueBytes) / pageSize) + 1
}

/** Throws unless `bytes` begin the `pages` pages of a big value. */
export function requireOverflow(bytes: Buffer, number: number, pages: number, txnid: number): void {
  requireHeader(bytes, number, OVERFLOW, txnid)
  if (bytes.readUInt32LE(OVERFLOW_PAGES) === pages) return
  throw new Error(`page ${number} does not begin the block that it should hold`)
}

function requireHeader(bytes: Buffer, number: number, kind: number, txnid: number): void {
  if (Number(bytes.readBigUInt64LE(OFFSET.number)) !== number) {
    throw new Error(`page ${number} is not where it must be`)
  }
  const isOfKind =
    bytes.readUInt16LE(OFFSET.flags) === kind &&
    bytes.readUInt16LE(OFFSET.pad) === 0 &&
    Number(bytes.readBigUInt64LE(OFFSET.txnid)) <= txnid
  if (!isOfKind) throw new Error(`page ${number} is not of the kind that it must be`)
}
