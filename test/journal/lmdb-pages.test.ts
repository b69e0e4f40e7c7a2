// LMDB's own pages, bit by bit: what is flipped is named, or changes nothing; and what is being written is left alone.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { newestMeta, readMetaPages } from '../../journal/lmdb-meta.ts'
import { checkPages } from '../../journal/lmdb-pages.ts'
import { listSegments, segmentFile, segmentPath } from '../../journal/segments.ts'
import { faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { endWritersAfterEach, JournalWriter } from '../fixtures/journal-writer.ts'
import { type LmdbPlace, lmdbPlaces } from '../fixtures/lmdb-place.ts'
import { type Random, randomTest } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const places = lmdbPlaces()
const newDirectory = tempDirectories()
endWritersAfterEach()

const PAGE_BYTES = 4_096
/** Behind these nothing lies on a meta page. */
const META_BYTES = 200
/** From and to where a meta page tells of its two trees, and of its commit. */
const TREES = [48, 160] as const
/** Where a meta page says which commit it is of. */
const TXNID_OFFSET = 152
/** Where a page says how far its list of entries goes. */
const LOWER_OFFSET = 20
const HEADER_BYTES = 24

/** A segment's file whose bytes are changed in place, and put back. */
class EditedFile {
  readonly path: string
  readonly whole: Buffer
  readonly #place: LmdbPlace
  readonly #file: number
  readonly #hashes: readonly string[]

  static async of(place: LmdbPlace): Promise<EditedFile> {
    const edited = new EditedFile(place, await hashesIn(place, Number.POSITIVE_INFINITY))
    opened.push(edited)
    return edited
  }

  private constructor(place: LmdbPlace, hashes: readonly string[]) {
    this.#place = place
    this.#hashes = hashes
    this.path = segmentFile(listSegments(place.path)[0]?.path ?? '')
    this.whole = readFileSync(this.path)
    this.#file = openSync(this.path, 'r+')
  }

  close(): void {
    closeSync(this.#file)
  }

  /** What reading comes to when `bytes` lie at `offset`: the code of a fault, or 'the same'. */
  async readWith(offset: number, bytes: Uint8Array): Promise<string> {
    writeSync(this.#file, bytes, 0, bytes.length, offset)
    try {
      return await this.#read()
    } finally {
      writeSync(this.#file, this.whole, offset, bytes.length, offset)
    }
  }

  /** What reading comes to with one bit flipped. */
  readFlipped(offset: number, bit: number): Promise<string> {
    return this.readWith(offset, Uint8Array.of((this.whole[offset] ?? 0) ^ (1 << bit)))
  }

  async #read(): Promise<string> {
    const most = this.#hashes.length
    let found: readonly string[] = []
    const code = await faultCode(async () => {
      found = await hashesIn(this.#place, most)
    })
    if (code !== 'no fault') return code
    const isSame = found.length === most && found.every((hash, at) => hash === this.#hashes[at])
    return isSame ? 'the same' : `${found.length} blocks of ${most}`
  }
}

const opened: EditedFile[] = []
afterEach(() => {
  for (const edited of opened.splice(0)) edited.close()
})

// No more than there were: a reader that goes round in circles must not take the test with it.
async function hashesIn({ reader }: LmdbPlace, most: number): Promise<string[]> {
  const hashes: string[] = []
  for await (const { hash } of reader.read(0)) {
    hashes.push(hash.toString('hex'))
    if (hashes.length > most) throw new Error('more blocks than were written')
  }
  return hashes
}

async function written(blocks: number, each: number): Promise<EditedFile> {
  const place = places()
  await place.write(blocks, each)
  return EditedFile.of(place)
}

const NAMED = /^(the same|journal_damaged|journal_newer|journal_gap)$/

describe('a flipped bit', () => {
  // Blocks are commits: an odd and an even number of them make either of the two pages the newer one. With 40 of them
  // there is more than one range to read, and more than one page to find it on: there only what is said of trees.
  test.each([
    [3, 2, 0, META_BYTES],
    [4, 2, ...TREES],
    [40, 16, ...TREES],
    [41, 16, ...TREES],
  ])('of a meta page is named, or changes nothing: %i blocks', async (blocks, each, from, to) => {
    const edited = await written(blocks, each)
    const tally = { named: 0, same: 0 }
    for (const page of [0, PAGE_BYTES]) {
      for (let flip = 8 * from; flip < 8 * to; flip++) {
        const [offset, bit] = [page + (flip >> 3), flip & 7]
        const told = await edited.readFlipped(offset, bit)
        expect(told, `bit ${bit} of byte ${offset}`).toMatch(NAMED)
        tally[told === 'the same' ? 'same' : 'named']++
      }
    }
    expect(Math.min(tally.named, tally.same), 'only the newer page matters').toBeGreaterThan(100)
  })

  randomTest('of any other page never makes a shorter journal', async (random) => {
    for (const [blocks, each, flips] of [
      [70, 1, 300],
      [40, 16, 200],
      [6, 300, 100],
    ] as const) {
      const edited = await written(blocks, each)
      const used = pagesInUse(edited.whole)
      if (each < 300) expect(depthOf(edited.path), 'the tree branches').toBeGreaterThan(1)
      for (let flip = 0; flip < flips; flip++) {
        const offset = someOffset(random, edited.whole, random.pick(used))
        const bit = random.integer(0, 7)
        const told = await edited.readFlipped(offset, bit)
        expect(told, `${blocks} blocks: bit ${bit} of byte ${offset}`).toMatch(NAMED)
      }
    }
  })

  // Of a kind that LMDB reads otherwise than it was written.
  test.each([0, 1, 2, 3, 4, 5, 6, 7])('%i of the kind of a page is named', async (bit) => {
    const edited = await written(70, 1)
    for (const page of pagesInUse(edited.whole)) {
      const told = await edited.readFlipped(page * PAGE_BYTES + 18, bit)
      expect(told, `page ${page}`).toMatch(NAMED)
    }
  })
})

/** Pages behind the two metas that were ever written. */
function pagesInUse(whole: Buffer): number[] {
  const pages = Array.from({ length: whole.length / PAGE_BYTES }, (_, page) => page).slice(2)
  return pages.filter((page) => whole.readBigUInt64LE(page * PAGE_BYTES) === BigInt(page))
}

function depthOf(path: string): number {
  const file = openSync(path, 'r')
  try {
    return newestMeta(readMetaPages(file)).main.depth
  } finally {
    closeSync(file)
  }
}

// In the header, in the list of entries, at the head of an entry, or anywhere.
function someOffset(random: Random, whole: Buffer, page: number): number {
  const start = page * PAGE_BYTES
  const listed = Math.max(2, whole.readUInt16LE(start + LOWER_OFFSET) % (PAGE_BYTES - HEADER_BYTES))
  switch (random.integer(0, 3)) {
    case 0:
      return start + random.integer(0, HEADER_BYTES - 1)
    case 1:
      return start + HEADER_BYTES + random.integer(0, listed - 1)
    case 2: {
      const entry = 2 * random.integer(0, (listed >> 1) - 1)
      const place =
        whole.readUInt16LE(start + HEADER_BYTES + entry) % (PAGE_BYTES - 2 * HEADER_BYTES)
      return start + HEADER_BYTES + place + random.integer(0, 15)
    }
    default:
      return start + random.integer(0, PAGE_BYTES - 1)
  }
}

describe('a meta page', () => {
  test('that is lost is missed, the older one as well as the newer', async () => {
    const edited = await written(5, 2)
    for (const page of [0, 1]) {
      const empty = new Uint8Array(PAGE_BYTES)
      expect(await edited.readWith(page * PAGE_BYTES, empty)).toBe('journal_damaged')
    }
  })

  test('that is put in the place of the other is not taken for it', async () => {
    const edited = await written(5, 2)
    const [first, second] = [0, 1].map((page) => {
      const bytes = Buffer.from(edited.whole.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES))
      bytes.writeBigUInt64LE(BigInt(1 - page))
      return bytes
    }) as [Buffer, Buffer]
    expect(await edited.readWith(0, second)).toBe('journal_damaged')
    expect(await edited.readWith(PAGE_BYTES, first)).toBe('journal_damaged')
    const swapped = Buffer.concat([second, first])
    expect(await edited.readWith(0, swapped)).toBe('journal_damaged')
  })
})

test('a file that is being written is never called damaged', async () => {
  const path = join(newDirectory(), 'journal')
  const writer = await JournalWriter.start(path, IDENTITY)
  const file = segmentFile(segmentPath(path, 1))
  const meta = openSync(file, 'r')
  try {
    // The numbers of the last commits on the two pages, which may be read while they change.
    const commits = () => {
      const pages = readMetaPages(meta)
      const numbers = [TXNID_OFFSET, pages.length / 2 + TXNID_OFFSET]
      return Math.max(...numbers.map((offset) => Number(pages.readBigUInt64LE(offset))))
    }
    let overtaken = 0
    // Two commits within one look may write anew what it looks at: that must have happened, too.
    for (let look = 0; look < 200 || overtaken < 5 || commits() < 80; look++) {
      const before = commits()
      checkPages(file)
      if (commits() > before + 1) overtaken++
    }
  } finally {
    closeSync(meta)
  }
  const seq = await writer.stop()
  expect(seq).toBeGreaterThan(60)
  expect(depthOf(file)).toBeGreaterThan(1)
})
