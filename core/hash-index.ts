// An open-addressing index of row numbers, split into small shards so that growing never pauses the caller.
import { invariant } from './invariant.ts'

/** What an index needs to know of the rows it holds: the hash each was inserted under. */
export interface RowHashes {
  hashOf(row: number): number
}

const SHARD_BITS = 10
const SHARD_COUNT = 1 << SHARD_BITS
const CAPACITY_MIN = 8
const LOAD_MAX = 0.8
const GROWTH = 1.5
const EMPTY = 0
const HASH_RANGE = 2 ** 32

/** What `at` answers where a probe ends. */
export const NO_ROW = -1

/**
 * Rows by 32-bit hash; equal hashes may hold several rows. Linear probing with backward-shift deletion.
 * Look up with `for (let row = index.first(hash); row !== NO_ROW; row = index.next())`; the cursor belongs to the
 * index, so one probe must end before the next begins.
 */
export class HashIndex {
  readonly #rows: RowHashes
  readonly #shards: Int32Array[]
  readonly #sizes: Int32Array
  #cursorShard: Int32Array
  #cursor = 0

  constructor(rows: RowHashes) {
    this.#rows = rows
    this.#shards = Array.from({ length: SHARD_COUNT }, () => new Int32Array(CAPACITY_MIN))
    this.#sizes = new Int32Array(SHARD_COUNT)
    this.#cursorShard = this.#shardOf(0)
  }

  /** The first candidate for `hash`, or NO_ROW. The caller compares keys: candidates may have other hashes. */
  first(hash: number): number {
    this.#cursorShard = this.#shardOf(hash)
    this.#cursor = slotOf(hash, this.#cursorShard.length)
    return this.#rowAtCursor()
  }

  /** The candidate after the last one that `first` or `next` gave, or NO_ROW. */
  next(): number {
    this.#cursor = following(this.#cursor, this.#cursorShard.length)
    return this.#rowAtCursor()
  }

  /** Adds `row`, whose hash the rows already answer. Amortised O(1); grows one shard at a time. */
  insert(row: number): void {
    invariant(row >= 0, 'a row number is not negative')
    const hash = this.#rows.hashOf(row)
    const number = shardNumber(hash)
    const size = this.#sizeOf(number) + 1
    if (size > this.#shardOf(hash).length * LOAD_MAX) this.#grow(number)
    place(this.#shardOf(hash), hash, row)
    this.#sizes[number] = size
  }

  /** Removes `row`, which must be here, under the hash that the rows still answer. */
  remove(row: number): void {
    const hash = this.#rows.hashOf(row)
    const shard = this.#shardOf(hash)
    let slot = slotOf(hash, shard.length)
    while (shard[slot] !== row + 1) {
      invariant(shard[slot] !== EMPTY, 'a removed row is in the index')
      slot = following(slot, shard.length)
    }
    this.#closeGap(shard, slot)
    const number = shardNumber(hash)
    this.#sizes[number] = this.#sizeOf(number) - 1
  }

  /** Bytes that the shards occupy. */
  get bytes(): number {
    let total = 0
    for (const shard of this.#shards) total += shard.byteLength
    return total
  }

  #rowAtCursor(): number {
    return (this.#cursorShard[this.#cursor] as number) - 1
  }

  #shardOf(hash: number): Int32Array {
    return this.#shards[shardNumber(hash)] as Int32Array
  }

  #sizeOf(number: number): number {
    return this.#sizes[number] as number
  }

  #grow(number: number): void {
    const old = this.#shards[number] as Int32Array
    const grown = new Int32Array(Math.ceil(old.length * GROWTH))
    for (let slot = 0; slot < old.length; slot++) {
      const row = (old[slot] as number) - 1
      if (row !== NO_ROW) place(grown, this.#rows.hashOf(row), row)
    }
    this.#shards[number] = grown
  }

  // Knuth, TAOCP 6.4, algorithm R: pull back every row that the gap would cut off from its home slot.
  #closeGap(shard: Int32Array, start: number): void {
    let gap = start
    let slot = start
    for (;;) {
      slot = following(slot, shard.length)
      const stored = shard[slot] as number
      if (stored === EMPTY) break
      const home = slotOf(this.#rows.hashOf(stored - 1), shard.length)
      const stays = gap <= slot ? home > gap && home <= slot : home > gap || home <= slot
      if (stays) continue
      shard[gap] = stored
      gap = slot
    }
    shard[gap] = EMPTY
  }
}

function shardNumber(hash: number): number {
  return hash >>> (32 - SHARD_BITS)
}

// Lemire's range reduction on the bits that did not choose the shard: any capacity, no division.
function slotOf(hash: number, capacity: number): number {
  return Math.trunc((((hash << SHARD_BITS) >>> 0) * capacity) / HASH_RANGE)
}

function following(slot: number, capacity: number): number {
  return slot + 1 === capacity ? 0 : slot + 1
}

function place(shard: Int32Array, hash: number, row: number): void {
  let slot = slotOf(hash, shard.length)
  while (shard[slot] !== EMPTY) slot = following(slot, shard.length)
  shard[slot] = row + 1
}
