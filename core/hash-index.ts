// An open-addressing index of row numbers, split into small shards so that growing never pauses the caller.
import { invariant } from './invariant.ts'

const SHARD_BITS = 10
const SHARD_COUNT = 1 << SHARD_BITS
const CAPACITY_MIN = 10
const LOAD_MAX = 0.8
const GROWTH = 2
/** The hash's bits behind those that choose the shard: they place a row in a shard of any capacity. */
const TAG_BITS = 16
const TAG_RANGE = 2 ** TAG_BITS
const TAG_SHIFT = 32 - SHARD_BITS - TAG_BITS
/** The tag of a free slot; those of taken ones are odd. */
const FREE_TAG = 0

/** What `first` and `next` answer where a probe ends. */
export const NO_ROW = -1

/** One shard: a row per slot, and so much of its hash that neither a probe nor growing has to fetch the row itself. */
interface Shard {
  readonly rows: Int32Array
  readonly tags: Uint16Array
  size: number
}

/**
 * Rows by 32-bit hash; equal hashes may hold several rows. Linear probing with backward-shift deletion.
 * Look up with `for (let row = index.first(hash); row !== NO_ROW; row = index.next())`; the cursor belongs to the
 * index, so one probe must end before the next begins.
 */
export class HashIndex {
  readonly #shards: Shard[] = Array.from({ length: SHARD_COUNT }, () => newShard(CAPACITY_MIN))
  #cursorShard: Shard = this.#shardOf(0)
  #cursorTag = 0
  #cursor = 0

  /** The first candidate for `hash`, or NO_ROW. The caller compares keys: candidates may have other hashes. */
  first(hash: number): number {
    this.#cursorShard = this.#shardOf(hash)
    this.#cursorTag = tagOf(hash)
    this.#cursor = slotOf(this.#cursorTag, this.#cursorShard.tags.length)
    return this.#candidate()
  }

  /** The candidate after the last one that `first` or `next` gave, or NO_ROW. */
  next(): number {
    this.#cursor = following(this.#cursor, this.#cursorShard.tags.length)
    return this.#candidate()
  }

  /**
   * Reads what a look-up of `hash` begins with, so that it is in the cache soon after. The number means nothing; use it
   * somewhere, or the reads are optimised away.
   */
  touch(hash: number): number {
    const { rows, tags } = this.#shardOf(hash)
    const slot = slotOf(tagOf(hash), tags.length)
    return (tags[slot] as number) + (rows[slot] as number)
  }

  /** Adds `row` under `hash`. Amortised O(1); grows one shard at a time. */
  insert(row: number, hash: number): void {
    invariant(row >= 0, 'a row number is not negative')
    let shard = this.#shardOf(hash)
    if (shard.size + 1 > shard.tags.length * LOAD_MAX) shard = this.#grow(shardNumber(hash))
    place(shard, tagOf(hash), row)
    shard.size++
  }

  /** Removes `row`, which must be here under `hash`. */
  remove(row: number, hash: number): void {
    const shard = this.#shardOf(hash)
    let slot = slotOf(tagOf(hash), shard.tags.length)
    while (shard.tags[slot] === FREE_TAG || shard.rows[slot] !== row) {
      invariant(shard.tags[slot] !== FREE_TAG, 'a removed row is in the index')
      slot = following(slot, shard.tags.length)
    }
    this.#closeGap(shard, slot)
    shard.size--
  }

  /** Bytes that the shards occupy. */
  get bytes(): number {
    let total = 0
    for (const shard of this.#shards) total += shard.rows.byteLength + shard.tags.byteLength
    return total
  }

  #candidate(): number {
    const { rows, tags } = this.#cursorShard
    let slot = this.#cursor
    while (tags[slot] !== FREE_TAG) {
      if (tags[slot] === this.#cursorTag) {
        this.#cursor = slot
        return rows[slot] as number
      }
      slot = following(slot, tags.length)
    }
    return NO_ROW
  }

  #shardOf(hash: number): Shard {
    return this.#shards[shardNumber(hash)] as Shard
  }

  #grow(number: number): Shard {
    const old = this.#shards[number] as Shard
    const grown = newShard(Math.ceil(old.tags.length * GROWTH))
    for (let slot = 0; slot < old.tags.length; slot++) {
      const tag = old.tags[slot] as number
      if (tag !== FREE_TAG) place(grown, tag, old.rows[slot] as number)
    }
    grown.size = old.size
    this.#shards[number] = grown
    return grown
  }

  // Knuth, TAOCP 6.4, algorithm R: pull back every row that the gap would cut off from its home slot.
  #closeGap(shard: Shard, start: number): void {
    const { rows, tags } = shard
    let gap = start
    let slot = start
    for (;;) {
      slot = following(slot, tags.length)
      if (tags[slot] === FREE_TAG) break
      const home = slotOf(tags[slot] as number, tags.length)
      const stays = gap <= slot ? home > gap && home <= slot : home > gap || home <= slot
      if (stays) continue
      rows[gap] = rows[slot] as number
      tags[gap] = tags[slot] as number
      gap = slot
    }
    tags[gap] = FREE_TAG
  }
}

function newShard(capacity: number): Shard {
  return { rows: new Int32Array(capacity), tags: new Uint16Array(capacity), size: 0 }
}

function shardNumber(hash: number): number {
  return hash >>> (32 - SHARD_BITS)
}

// Lemire's range reduction: any capacity, no division. Beyond 2^15 slots a shard, homes lie further apart.
function slotOf(tag: number, capacity: number): number {
  return Math.trunc((tag * capacity) / TAG_RANGE)
}

function following(slot: number, capacity: number): number {
  return slot + 1 === capacity ? 0 : slot + 1
}

function tagOf(hash: number): number {
  return ((hash >>> TAG_SHIFT) & (TAG_RANGE - 1)) | 1
}

function place(shard: Shard, tag: number, row: number): void {
  let slot = slotOf(tag, shard.tags.length)
  while (shard.tags[slot] !== FREE_TAG) slot = following(slot, shard.tags.length)
  shard.rows[slot] = row
  shard.tags[slot] = tag
}
