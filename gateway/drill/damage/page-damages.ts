// Damage to the bytes of a segment's file that keeps its length: flips, overwritten ranges, pages that changed places.
import { readFileSync } from 'node:fs'
import { EVENTS, HEADER_BYTES } from '../../../journal/block-header.ts'
import { type SegmentPlace, segmentFile } from '../../../journal/segments.ts'
import {
  changeFile,
  type DamageKind,
  flipBits,
  type Hit,
  type Site,
  someSegment,
} from './damage-kind.ts'
import type { Dice } from './dice.ts'
import {
  type BlockPlace,
  blocksOf,
  entriesOf,
  indexBytesOf,
  leafEntriesOf,
  META_PAGES,
  META_USED_BYTES,
  pageCountOf,
  pageSizeOf,
  treePages,
} from './page-places.ts'

const RANGE_BYTES_MAX = [8, 64, 512, 8_192]

/** Kinds that change bytes in place. */
export const PAGE_DAMAGES: readonly DamageKind[] = [
  { name: 'flip-anywhere', weight: 8, hit: inBytes(flipAnywhere) },
  { name: 'flip-meta', weight: 12, hit: inBytes(flipMeta) },
  { name: 'meta-overwritten', weight: 4, hit: inBytes(overwriteMeta) },
  { name: 'flip-page', weight: 12, hit: inBytes(flipPage) },
  { name: 'flip-free', weight: 4, hit: inBytes(flipFree) },
  { name: 'flip-block', weight: 9, hit: inBytes(flipBlock) },
  { name: 'flip-last-block', weight: 6, hit: inBytes(flipLastBlock) },
  { name: 'overwrite', weight: 6, hit: inBytes(overwrite) },
  { name: 'page-lost', weight: 3, hit: inBytes(losePage) },
  { name: 'pages-swapped', weight: 5, hit: inBytes(swapPages) },
  { name: 'metas-swapped', weight: 1, hit: inBytes(swapMetas) },
  { name: 'meta-spliced', weight: 3, hit: inBytes(spliceMeta) },
  { name: 'page-spliced', weight: 6, hit: splicePage },
  { name: 'range-spliced', weight: 4, hit: spliceRange },
]

type InPlace = (bytes: Buffer, dice: Dice) => string | undefined

function inBytes(change: InPlace): DamageKind['hit'] {
  return (site, dice) =>
    changeFile(segmentFile(someSegment(site, dice).path), (bytes) => {
      const what = change(bytes, dice)
      return what === undefined ? undefined : { bytes, what }
    })
}

function flipAnywhere(bytes: Buffer, dice: Dice): string {
  return flipBits(bytes, 0, bytes.length, dice)
}

function flipMeta(bytes: Buffer, dice: Dice): string {
  const start = dice.integer(0, META_PAGES - 1) * pageSizeOf(bytes)
  return `meta page, ${flipBits(bytes, start, META_USED_BYTES, dice)}`
}

// Most of a leaf is blocks, which guard themselves: what matters is where the page says that they lie.
function flipPage(bytes: Buffer, dice: Dice): string | undefined {
  const pages = treePages(bytes, dice.hasLuck(0.8) ? 'main' : 'free')
  if (pages.length === 0) return undefined
  const page = dice.pick(pages)
  if (dice.hasLuck(0.5)) {
    const { offset, headBytes } = dice.pick(entriesOf(bytes, page))
    return `page ${page}, entry, ${flipBits(bytes, offset, headBytes, dice)}`
  }
  const start = page * pageSizeOf(bytes)
  return `page ${page}, index, ${flipBits(bytes, start, indexBytesOf(bytes, page), dice)}`
}

// What LMDB believes to be free it writes over.
function flipFree(bytes: Buffer, dice: Dice): string | undefined {
  const entries = leafEntriesOf(bytes, 'free')
  if (entries.length === 0) return undefined
  const { page, valueOffset, valueBytes } = dice.pick(entries)
  return `page ${page}, list of free pages, ${flipBits(bytes, valueOffset, valueBytes, dice)}`
}

function flipBlock(bytes: Buffer, dice: Dice): string | undefined {
  const blocks = blocksOf(bytes)
  return blocks.length === 0 ? undefined : flipOneBlock(bytes, dice.pick(blocks), dice)
}

// Nothing chains to the last block of the newest segment, so only its own checksum guards it.
function flipLastBlock(bytes: Buffer, dice: Dice): string | undefined {
  const last = blocksOf(bytes).findLast(({ header }) => header.kind === EVENTS)
  return last === undefined ? undefined : flipOneBlock(bytes, last, dice)
}

function flipOneBlock(bytes: Buffer, block: BlockPlace, dice: Dice): string {
  const { firstSeq, payloadLength } = block.header
  const isHeader = payloadLength === 0 || dice.hasLuck(0.4)
  const start = block.offset + (isHeader ? 0 : HEADER_BYTES)
  const flipped = flipBits(bytes, start, isHeader ? HEADER_BYTES : payloadLength, dice)
  return `block at seq ${firstSeq}, ${isHeader ? 'header' : 'payload'}, ${flipped}`
}

// Zeros in the right places make a meta page look as it did before the first commit.
function overwriteMeta(bytes: Buffer, dice: Dice): string {
  const start = dice.integer(0, META_PAGES - 1) * pageSizeOf(bytes)
  const from = dice.integer(0, META_USED_BYTES - 1)
  return `meta page, ${overwriteRange(bytes, start + from, dice.integer(1, META_USED_BYTES), dice)}`
}

function overwrite(bytes: Buffer, dice: Dice): string {
  const length = dice.integer(1, Math.min(dice.pick(RANGE_BYTES_MAX), bytes.length))
  return overwriteRange(bytes, dice.integer(0, bytes.length - length), length, dice)
}

function overwriteRange(bytes: Buffer, offset: number, length: number, dice: Dice): string {
  const isZeros = dice.hasLuck(0.5)
  bytes.set(isZeros ? Buffer.alloc(length) : dice.bytes(length), offset)
  return `${length} bytes at ${offset} overwritten with ${isZeros ? 'zeros' : 'random bytes'}`
}

function losePage(bytes: Buffer, dice: Dice): string {
  const page = dice.integer(0, pageCountOf(bytes) - 1)
  const start = page * pageSizeOf(bytes)
  bytes.fill(0, start, start + pageSizeOf(bytes))
  return `page ${page} overwritten with zeros`
}

function swapPages(bytes: Buffer, dice: Dice): string {
  const last = pageCountOf(bytes) - 1
  const [left, right] = [dice.integer(0, last), dice.integer(0, last)]
  swap(bytes, left, right)
  return `pages ${left} and ${right} swapped`
}

function swapMetas(bytes: Buffer): string {
  swap(bytes, 0, 1)
  return 'meta pages swapped'
}

function spliceMeta(bytes: Buffer, dice: Dice): string {
  const from = dice.integer(0, META_PAGES - 1)
  pageOf(bytes, 1 - from).set(Buffer.from(pageOf(bytes, from)))
  return `meta page ${from} copied over the other one`
}

function splicePage(site: Site, dice: Dice): Hit | undefined {
  const [target, source] = [someSegment(site, dice), someSegment(site, dice)]
  const from = readFileSync(segmentFile(source.path))
  return changeFile(segmentFile(target.path), (bytes) => {
    const fromPage = dice.integer(0, pageCountOf(from) - 1)
    const toPage = dice.integer(0, pageCountOf(bytes) - 1)
    pageOf(bytes, toPage).set(pageOf(from, fromPage))
    return { bytes, what: `page ${toPage} replaced by page ${fromPage} of ${nameOf(source)}` }
  })
}

function spliceRange(site: Site, dice: Dice): Hit | undefined {
  const [target, source] = [someSegment(site, dice), someSegment(site, dice)]
  const from = readFileSync(segmentFile(source.path))
  return changeFile(segmentFile(target.path), (bytes) => {
    const most = Math.min(dice.pick(RANGE_BYTES_MAX), bytes.length, from.length)
    const length = dice.integer(1, most)
    const fromOffset = dice.integer(0, from.length - length)
    const offset = dice.integer(0, bytes.length - length)
    bytes.set(from.subarray(fromOffset, fromOffset + length), offset)
    const what = `${length} bytes at ${offset} replaced by those at ${fromOffset} of ${nameOf(source)}`
    return { bytes, what }
  })
}

function swap(bytes: Buffer, left: number, right: number): void {
  // Both before either is written: page 0 says how long pages are.
  const [one, other] = [pageOf(bytes, left), pageOf(bytes, right)]
  const kept = Buffer.from(one)
  one.set(other)
  other.set(kept)
}

function pageOf(bytes: Buffer, page: number): Buffer {
  const pageSize = pageSizeOf(bytes)
  return bytes.subarray(page * pageSize, (page + 1) * pageSize)
}

function nameOf(place: SegmentPlace): string {
  return `the segment of seq ${place.firstSeq}`
}
