// The journal on disk: the contract, its segments, what a crash leaves, and every kind of damage to its files.
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeBlock } from '../../journal/block-codec.ts'
import { EVENTS, OPENING } from '../../journal/block-header.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import { blockKey, openEnvironment, seqOfKey } from '../../journal/lmdb-environment.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { listSegments, segmentFile, segmentPath } from '../../journal/segments.ts'
import { blockAt, eventAt, faultCode, IDENTITY, readAll } from '../fixtures/blocks.ts'
import { type LmdbPlace, lmdbPlaces } from '../fixtures/lmdb-place.ts'
import { randomTest } from '../fixtures/seed.ts'
import { describeJournal } from './journal.contract.ts'

const places = lmdbPlaces()
/** Blocks of this many events fill pages of their own, so segments of this many bytes hold two or three. */
const EACH = 100
const SMALL = 12_000

describeJournal('on disk', places)
describeJournal('on disk, a segment per block', () => {
  const place = places()
  return {
    openForWriting: (epoch, head) => place.openForWriting(epoch, head, 1),
    reader: place.reader,
  }
})

function firstSeqs(place: LmdbPlace): number[] {
  return listSegments(place.path).map(({ firstSeq }) => firstSeq)
}

function fileOf(place: LmdbPlace, index: number): string {
  const segment = listSegments(place.path).at(index)
  if (segment === undefined) throw new RangeError(`no segment ${index}`)
  return segmentFile(segment.path)
}

function readCode(place: LmdbPlace): Promise<string> {
  return faultCode(() => readAll(place.reader))
}

describe('segments', () => {
  test('are closed at their size, and each begins with an opening block of the chain', async () => {
    const place = places()
    const head = await place.write(12, EACH, SMALL)
    const { blocks, events, chain } = await readAll(place.reader)
    const openings = blocks.filter(({ header }) => header.kind === OPENING)
    expect(openings.map(({ header }) => header.firstSeq)).toEqual(firstSeqs(place))
    expect(openings.length).toBeGreaterThan(2)
    expect(events).toEqual(Array.from({ length: 12 * EACH }, (_, index) => eventAt(index + 1)))
    expect(chain.head).toEqual(head)
  })

  test('that are closed are never written again', async () => {
    const place = places()
    await place.write(6, EACH, SMALL)
    const before = readFileSync(fileOf(place, 0))
    await place.write(6, EACH, SMALL)
    expect(readFileSync(fileOf(place, 0)).equals(before)).toBe(true)
  })

  test('are continued after reopening, even with another size', async () => {
    const place = places()
    await place.write(1, EACH)
    await place.write(1, EACH)
    expect(firstSeqs(place)).toEqual([1])
    await place.write(1, EACH, 1)
    expect(firstSeqs(place)).toEqual([1, 201])
    expect((await readAll(place.reader)).chain.head).toMatchObject({ seq: 300, epoch: 3 })
  })

  test('that are archived are not missed by who reads from later on', async () => {
    const place = places()
    await place.write(6, EACH, 1)
    rmSync(segmentPath(place.path, 1), { recursive: true })
    rmSync(segmentPath(place.path, 101), { recursive: true })
    const { events } = await readAll(place.reader, 201)
    expect(events.at(0)).toEqual(eventAt(201))
    expect(events).toHaveLength(400)
  })

  test('that a new owner closed cannot be written behind by an old one', async () => {
    const place = places()
    const head = await place.write(1, EACH)
    const old = await place.openForWriting(2, head)
    const young = await place.openForWriting(3, head, 1)
    await young.append(blockAt(EACH + 1, EACH))
    expect(firstSeqs(place)).toEqual([1, EACH + 1])
    expect(await faultCode(() => old.append(blockAt(EACH + 1, 1)))).toBe('commit_refused')
    expect((await readAll(place.reader)).chain.head).toEqual(young.head)
  })

  test('sort by seq, and anything else in the folder is left alone', async () => {
    const place = places()
    await place.write(1, 1)
    for (const name of ['segment-1', 'segment-0000000000000001.old', 'notes']) {
      mkdirSync(join(place.path, name))
    }
    expect(firstSeqs(place)).toEqual([1])
    expect(listSegments(join(place.path, 'nowhere'))).toEqual([])
    expect([0, 1, 2 ** 53 - 1].map((seq) => seqOfKey(blockKey(seq)))).toEqual([0, 1, 2 ** 53 - 1])
  })
})

describe('a journal with missing or misplaced parts', () => {
  test('in the middle has a gap', async () => {
    const place = places()
    await place.write(6, EACH, 1)
    rmSync(segmentPath(place.path, 201), { recursive: true })
    expect(await readCode(place)).toBe('journal_gap')
  })

  test('with the file of a closed segment gone or emptied is damaged, not shorter', async () => {
    const place = places()
    await place.write(6, EACH, 1)
    const file = fileOf(place, 2)
    rmSync(file)
    expect(await readCode(place)).toBe('journal_damaged')
    writeFileSync(file, '')
    expect(await readCode(place)).toBe('journal_damaged')
  })

  test('with two segments swapped is damaged', async () => {
    const place = places()
    await place.write(4, EACH, 1)
    const [left, right] = [segmentPath(place.path, 101), segmentPath(place.path, 201)]
    renameSync(left, `${left}.aside`)
    renameSync(right, left)
    renameSync(`${left}.aside`, right)
    expect(await readCode(place)).toBe('journal_damaged')
  })

  test('with a segment of another journal of the same cluster is damaged', async () => {
    const [place, other] = [places(), places()]
    await place.write(3, EACH, 1)
    const journal = await other.openForWriting(1, EMPTY_HEAD, 1)
    for (const seq of [1, 101, 201]) await journal.append(blockAt(seq, EACH, 'eve'))
    await journal.close()
    rmSync(segmentPath(place.path, 101), { recursive: true })
    renameSync(segmentPath(other.path, 101), segmentPath(place.path, 101))
    expect(await readCode(place)).toBe('journal_damaged')
  })

  const strangers: [string, object, string][] = [
    ['of another cluster', { clusterId: 'f'.repeat(32) }, 'journal_foreign'],
    ['of another partition', { partition: 3 }, 'journal_mispartitioned'],
    ['of another partition count', { partitionCount: 4 }, 'journal_mispartitioned'],
  ]
  test.each(strangers)('with a block %s is refused', async (_, change, code) => {
    const place = places()
    const head = await place.write(1, EACH)
    const stranger = await openLmdbJournal(place.path, {
      ...{ identity: { ...IDENTITY, ...change }, head, epoch: 2 },
      ...{ segmentBytes: 1e9, commitDeadlineMs: 30_000 },
    })
    await stranger.append(blockAt(EACH + 1, 1))
    await stranger.close()
    expect(await readCode(place)).toBe(code)
  })

  test('with a block under the key of another is damaged', async () => {
    const place = places()
    const head = await place.write(1, EACH)
    const environment = openEnvironment(segmentPath(place.path, 1))
    const position = { epoch: 1, firstSeq: EACH + 1, previousHash: head.hash }
    const { bytes } = encodeBlock(IDENTITY, position, blockAt(EACH + 1, 1).events)
    await environment.put(blockKey(EACH + 2), bytes, { noOverwrite: true })
    await environment.close()
    expect(await readCode(place)).toBe('journal_damaged')
  })

  test('with a key of another form is damaged', async () => {
    const place = places()
    await place.write(1, EACH)
    const environment = openEnvironment(segmentPath(place.path, 1))
    await environment.put(Buffer.from('x'), Buffer.from('y'), {})
    await environment.close()
    expect(await readCode(place)).toBe('journal_damaged')
  })
})

describe('a damaged file', () => {
  test('that was cut off is told, and does not take the process with it', async () => {
    const place = places()
    await place.write(4, EACH)
    const file = fileOf(place, 0)
    const whole = readFileSync(file)
    const lengths = [1, 100, 4_095, 4_096, 4_097, 8_191, 8_192, 12_288]
    for (const length of [...lengths, whole.length - 4_096, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length))
      expect(await readCode(place), `${length} of ${whole.length} bytes`).toBe('journal_damaged')
      expect(await faultCode(() => place.write(1, 1))).toBe('journal_damaged')
    }
    writeFileSync(file, whole)
    expect(await readCode(place)).toBe('no fault')
  })

  test('that was cut off stops an owner that does not read it first', async () => {
    const place = places()
    const head = await place.write(4, EACH)
    truncateSync(fileOf(place, 0), 20_000)
    expect(await faultCode(() => place.openForWriting(2, head))).toBe('journal_damaged')
  })

  const contents: [string, Buffer][] = [
    ['zeros', Buffer.alloc(65_536)],
    ['noise', Buffer.alloc(65_536, 7)],
    ['text', Buffer.from('not a journal\n'.repeat(5_000))],
  ]
  test.each(contents)('of %s is told, and does not take the process with it', async (_, bytes) => {
    const place = places()
    const head = await place.write(1, EACH)
    writeFileSync(fileOf(place, 0), bytes)
    expect(await readCode(place)).toBe('journal_damaged')
    expect(await faultCode(() => place.openForWriting(2, head))).toBe('journal_damaged')
  })

  test('with a wrong beginning is told', async () => {
    const place = places()
    await place.write(2, EACH)
    const file = fileOf(place, 0)
    const whole = readFileSync(file)
    for (const page of [0, 4_096]) {
      for (const offset of [24, 27, 28, 48, 50]) {
        const copy = Buffer.from(whole)
        copy[page + offset] = (copy[page + offset] ?? 0) ^ 1
        writeFileSync(file, copy)
        expect(await readCode(place), `byte ${page + offset}`).toBe('journal_damaged')
      }
    }
  })

  randomTest('with any bit of any block flipped is told', async (random) => {
    const place = places()
    await place.write(4, EACH, SMALL)
    const { blocks } = await readAll(place.reader)
    for (const { header, events } of blocks) {
      if (header.kind !== EVENTS) continue
      const { bytes } = encodeBlock(IDENTITY, header, events)
      const segment = listSegments(place.path).findLast(
        ({ firstSeq }) => firstSeq <= header.firstSeq,
      )
      const file = segmentFile(segment?.path ?? '')
      const whole = readFileSync(file)
      const start = whole.indexOf(bytes)
      expect(start, 'a block stands in the file as it was encoded').toBeGreaterThan(0)
      for (let flip = 0; flip < 25; flip++) {
        const copy = Buffer.from(whole)
        const byte = start + (flip < 17 ? flip * 4 : random.integer(0, bytes.length - 1))
        copy[byte] = (copy[byte] ?? 0) ^ (1 << random.integer(0, 7))
        writeFileSync(file, copy)
        // A version that is newer is said to be newer; nothing else gets through.
        expect(['journal_damaged', 'journal_newer'], `byte ${byte}`).toContain(
          await readCode(place),
        )
      }
      writeFileSync(file, whole)
    }
    expect(await readCode(place)).toBe('no fault')
  })

  test('is read up to the damage, and not beyond', async () => {
    const place = places()
    await place.write(3, EACH)
    const { blocks } = await readAll(place.reader)
    const last = blocks.at(-1)
    if (last === undefined) throw new Error('no blocks')
    const { bytes } = encodeBlock(IDENTITY, last.header, last.events)
    const file = fileOf(place, 0)
    const whole = readFileSync(file)
    const at = whole.indexOf(bytes) + bytes.length - 1
    whole[at] = (whole[at] ?? 0) ^ 1
    writeFileSync(file, whole)
    const seen: number[] = []
    const code = await faultCode(async () => {
      for await (const { header } of place.reader.read(0)) seen.push(header.firstSeq)
    })
    expect([code, seen]).toEqual(['journal_damaged', [1, 1, 101]])
  })
})

describe('an unreadable file', () => {
  test('is told by its name', async () => {
    const place = places()
    const head = await place.write(1, EACH)
    const file = fileOf(place, 0)
    rmSync(file)
    mkdirSync(file)
    await expect(readAll(place.reader)).rejects.toThrow(/data\.mdb cannot be read/)
    expect(await readCode(place)).toBe('journal_unreadable')
    expect(await faultCode(() => place.openForWriting(2, head))).toBe('journal_unreadable')
  })

  test('in the place of a folder is told', async () => {
    const place = places()
    await place.write(1, EACH)
    writeFileSync(segmentPath(place.path, EACH + 1), 'no folder')
    expect(await readCode(place)).toBe('journal_unreadable')
  })

  // The superuser may read everything, so there the mode changes nothing.
  test.skipIf(process.getuid?.() === 0)('by its mode is told', async () => {
    const place = places()
    await place.write(1, EACH)
    chmodSync(fileOf(place, 0), 0)
    expect(await readCode(place)).toBe('journal_unreadable')
  })
})

test('an owner has an epoch higher than any before', async () => {
  const place = places()
  const head = await place.write(1, EACH)
  await expect(place.openForWriting(1, head)).rejects.toThrow('a new owner has a new epoch')
})
