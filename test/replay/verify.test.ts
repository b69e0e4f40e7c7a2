// The whole truth: a whole journal is called whole, and everything else by its name, its place and its promise.
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../core/event.ts'
import { invariant } from '../../core/invariant.ts'
import { STOCK_MAX } from '../../core/limits.ts'
import { decodeBlock, encodeBlock } from '../../journal/block-codec.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import { blockKey } from '../../journal/lmdb-environment.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { writeSnapshot } from '../../journal/snapshot-file.ts'
import { verify } from '../../replay/verify.ts'
import { blockAt, IDENTITY } from '../fixtures/blocks.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { BLOCK_EVENTS, DataDirectory } from '../fixtures/data-directory.ts'
import { randomTest } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { replayed } from '../fixtures/test-partition.ts'
import { laterEvent, openedEvent, reservedEvent, writeEvents } from '../fixtures/written-events.ts'
import { appendAll, randomEvents } from '../fixtures/written-journal.ts'

const newDirectory = tempDirectories()
const BLOCKS = 4
const MIDDLE = 1 + 2 * BLOCK_EVENTS
const { confirmed, cancelled, expired, extended, returned } = laterEvent

describe('a whole journal', () => {
  randomTest('is found whole, with its counts and hashes', async (random) => {
    const directory = new DataDirectory(newDirectory())
    const events = randomEvents(random, 300)
    const journal = await openLmdbJournal(directory.paths.journal, {
      ...{ identity: IDENTITY, head: EMPTY_HEAD, epoch: 3 },
      ...{ segmentBytes: 20_000, commitDeadlineMs: 60_000 },
    })
    const stateHash = await appendAll(journal, events, random, 30)
    await journal.close()
    await directory.snapshot()
    const seqs: number[] = []
    const report = await verify(directory.paths, { onProgress: (seq) => seqs.push(seq) })
    expect(report.discrepancies).toEqual([])
    expect(report).toMatchObject({ lastSeq: events.length, epoch: 3, stateHash, partition: '0/1' })
    expect(report).toMatchObject({ chainHash: journal.head.hash.toString('hex') })
    expect(report).toMatchObject({ firstAt: events[0]?.at, lastAt: events.at(-1)?.at })
    expect(Object.values(report.events).reduce((sum, one) => sum + one, 0)).toBe(events.length)
    expect([report.snapshotsChecked, seqs.at(-1)]).toEqual([1, events.length])
  })

  test('that is still empty is whole, too', async () => {
    const report = await verify(new DataDirectory(newDirectory()).paths)
    expect(report).toMatchObject({ lastSeq: 0, blocks: 0, discrepancies: [] })
  })
})

interface Damage {
  readonly name: string
  readonly broken: string
  readonly words: RegExp
  /** Events that are still read. */
  readonly lastSeq: number
  readonly doing: (directory: DataDirectory) => unknown
}

const flip = (bytes: Buffer, offset: number): Buffer => {
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
  return bytes
}

const DAMAGES: readonly Damage[] = [
  {
    ...{ name: 'a bit flipped in a payload', broken: 'journal_damaged', lastSeq: 6 },
    words: /segment-0000000000000007\/data\.mdb, block at seq 7 .*checksum/,
    doing: (directory) => directory.editBlock(2, MIDDLE, (bytes) => flip(bytes, 80)),
  },
  {
    ...{ name: 'a bit flipped in a header', broken: 'journal_damaged', lastSeq: 6 },
    words: /segment-0000000000000007\/data\.mdb, block at seq 7 .*checksum/,
    doing: (directory) => directory.editBlock(2, MIDDLE, (bytes) => flip(bytes, 30)),
  },
  {
    ...{ name: 'a block replaced by a sound one', broken: 'journal_damaged', lastSeq: 9 },
    words: /segment-0000000000000007\/data\.mdb, block at seq 10 does not chain/,
    doing: (directory) =>
      directory.editBlock(2, MIDDLE, (bytes) => {
        const { header } = decodeBlock(bytes, 'the block')
        return encodeBlock(IDENTITY, header, blockAt(MIDDLE, BLOCK_EVENTS, 'eve').events).bytes
      }),
  },
  {
    ...{ name: 'a missing segment', broken: 'journal_gap', lastSeq: 3 },
    words: /segment-0000000000000007\/data\.mdb, block at seq 7 begins at seq 7, but seq 4 comes/,
    doing: (directory) => rmSync(directory.segment(1), { recursive: true }),
  },
  {
    ...{ name: 'the first segment missing', broken: 'journal_gap', lastSeq: 0 },
    words: /journal begins at seq 4, and no valid snapshot of seq 3 or later stands in/,
    doing: (directory) => rmSync(directory.segment(0), { recursive: true }),
  },
  {
    ...{ name: 'two segments swapped', broken: 'journal_damaged', lastSeq: 3 },
    words: /segment-0000000000000004\/data\.mdb, block at seq 4 says that it begins at seq 7/,
    doing: (directory) => {
      const [one, other] = [directory.segment(1), directory.segment(2)]
      renameSync(one, `${one}.aside`)
      renameSync(other, one)
      renameSync(`${one}.aside`, other)
    },
  },
  {
    ...{ name: 'the segment of another cluster', broken: 'journal_foreign', lastSeq: 6 },
    words: /segment-0000000000000007\/data\.mdb, block at seq 7 belongs to cluster ffff/,
    doing: async (directory) => {
      const other = await DataDirectory.write(newDirectory(), BLOCKS, {
        ...IDENTITY,
        clusterId: 'f'.repeat(32),
      })
      rmSync(directory.segment(2), { recursive: true })
      cpSync(other.segment(2), join(directory.paths.journal, 'segment-0000000000000007'), {
        recursive: true,
      })
    },
  },
  {
    ...{ name: 'a file cut off', broken: 'journal_damaged', lastSeq: 9 },
    words: /segment-0000000000000010\/data\.mdb is damaged: it is shorter than it says/,
    doing: (directory) => truncateSync(directory.segmentFile(3), 12_288),
  },
  {
    ...{ name: 'a block with a hole before it', broken: 'journal_damaged', lastSeq: 6 },
    words: /segment-0000000000000007\/data\.mdb/,
    doing: (directory) => directory.edit(2, (environment) => environment.remove(blockKey(0))),
  },
  {
    ...{ name: 'a newer format', broken: 'journal_newer', lastSeq: 6 },
    words: /block at seq 7 was written in format 2; this version reads up to 1/,
    doing: (directory) =>
      directory.editBlock(2, MIDDLE, (bytes) => {
        bytes.writeUInt16BE(2, 4)
        return bytes
      }),
  },
]

describe('damage', () => {
  test.each(DAMAGES)('$name is named by file and seq', async (damage) => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    await damage.doing(directory)
    const before = directory.fingerprint()
    const report = await verify(directory.paths)
    expect(report.discrepancies).toHaveLength(1)
    const [found] = report.discrepancies
    expect(found?.what).toMatch(damage.words)
    expect(found?.what.startsWith(found.where), 'one fault has one place').toBe(true)
    expect([found?.broken, report.lastSeq]).toEqual([damage.broken, damage.lastSeq])
    expect(directory.fingerprint(), 'nothing is changed').toEqual(before)
  })
})

describe('what says nothing about the journal', () => {
  const written = () => DataDirectory.write(newDirectory(), BLOCKS)

  test('is a file that the system does not open: thrown, not a discrepancy', async () => {
    const directory = await written()
    const file = directory.segmentFile(2)
    rmSync(file)
    symlinkSync(file, file)
    const message = expect.stringMatching(/segment-0000000000000007\/data\.mdb cannot be read: /)
    const fault = { name: 'JournalError', code: 'journal_unreadable', message }
    await expect(verify(directory.paths)).rejects.toMatchObject(fault)
  })

  test('is a folder that the system does not list: thrown as it is', async () => {
    const { paths } = await written()
    writeFileSync(paths.snapshots, '')
    const fault = { code: 'ENOTDIR', syscall: 'scandir', path: paths.snapshots }
    await expect(verify(paths)).rejects.toMatchObject(fault)
  })

  test('is a snapshot that the system does not read: thrown as it is', async () => {
    const directory = await written()
    const path = await directory.snapshot()
    rmSync(path)
    mkdirSync(path)
    await expect(verify(directory.paths)).rejects.toMatchObject({ code: 'EISDIR', syscall: 'read' })
  })

  test('is a bug of any kind but a broken invariant, which is I1 after the block before', async () => {
    const { paths } = await written()
    const bug = new TypeError('a bug')
    const onProgress = () => {
      throw bug
    }
    await expect(verify(paths, { onProgress })).rejects.toBe(bug)
    const units = await verify(paths, { onProgress: () => invariant(false, 'units add up') })
    const where = expect.stringMatching(/^after .*data\.mdb, block at seq 1$/)
    expect(units.discrepancies).toMatchObject([{ broken: 'I1', where, what: 'bug: units add up' }])
  })
})

describe('a snapshot', () => {
  const written = async () => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    return { directory, path: await directory.snapshot() }
  }
  const found = async ({ paths }: DataDirectory) => {
    const { discrepancies, lastSeq } = await verify(paths)
    expect(lastSeq, 'the journal is read to its end').toBe(BLOCKS * BLOCK_EVENTS)
    return discrepancies
  }

  test('that reads back otherwise is named', async () => {
    const { directory, path } = await written()
    writeFileSync(path, flip(readFileSync(path), 200))
    expect(await found(directory)).toMatchObject([{ where: path, broken: 'snapshot_damaged' }])
  })

  test('of another state with a sound hash of its own is named', async () => {
    const { directory } = await written()
    const { head } = await directory.replay()
    const events = blockAt(1, BLOCKS * BLOCK_EVENTS, 'eve').events
    const { path } = await writeSnapshot(
      directory.paths.snapshots,
      IDENTITY,
      head,
      replayed(events),
    )
    expect(await found(directory)).toMatchObject([
      { where: path, broken: 'snapshot_mismatch', what: expect.stringMatching(/seq 12$/) },
    ])
  })

  test('at a seq where no block ends is named', async () => {
    const { directory } = await written()
    const { head } = await directory.replay()
    const state = replayed(blockAt(1, 5).events)
    const { path } = await writeSnapshot(directory.paths.snapshots, IDENTITY, head, state)
    expect(await found(directory)).toMatchObject([
      { where: path, broken: 'snapshot_mismatch', what: expect.stringMatching(/no block ends/) },
    ])
  })

  test('that is ahead of the journal is named', async () => {
    const { directory, path } = await written()
    const shorter = await DataDirectory.write(newDirectory(), BLOCKS - 1)
    rmSync(directory.paths.journal, { recursive: true })
    cpSync(shorter.paths.journal, directory.paths.journal, { recursive: true })
    const { discrepancies } = await verify(directory.paths)
    expect(discrepancies).toMatchObject([{ where: path, broken: 'snapshot_ahead' }])
  })

  test('of another cluster is named', async () => {
    const { directory } = await written()
    const path = await directory.snapshot({ ...IDENTITY, clusterId: 'e'.repeat(32) })
    expect(await found(directory)).toMatchObject([{ where: path, broken: 'journal_foreign' }])
  })
})

const opened = openedEvent(10, 4)
const reserved = reservedEvent('a', 2)
const adjusted = (delta: number, key = 'k'): Event => ({
  ...{ kind: 'adjusted', at: START, sku: 'shoe', key, delta, reason: 'count' },
  by: undefined,
})

/** Events that break a promise, after those that lead there: the last one is found. */
const BREACHES: readonly (readonly [string, string, RegExp, readonly Event[]])[] = [
  ['oversell', 'I1', /11 units are reserved of 10/, [openedEvent(10), reservedEvent('a', 11)]],
  ['a sale of nothing', 'I1', /0 units are reserved/, [opened, reservedEvent('a', 0)]],
  ['a SKU that never was', 'I1', /SKU shoe was never opened/, [reserved]],
  ['stock taken that is held', 'I1', /9 units are taken of 8/, [opened, reserved, adjusted(-9)]],
  [
    'more sold than held',
    'I1',
    /3 units are sold of 2 held/,
    [opened, reserved, confirmed('a', 3)],
  ],
  ['a negative stock', 'I1', /opened with -1/, [openedEvent(-1)]],
  [
    'more back than sold',
    'I1',
    /3 units are back of 2 sold/,
    [...[opened, reserved, confirmed('a', 2), returned('a', 3)]],
  ],
  ['an id reserved twice', 'I3', /reserved again/, [opened, reserved, reserved]],
  [
    'an id of another SKU',
    'I3',
    /not one of SKU shoe/,
    [...[opened, reservedEvent('a', 1, { id: idOf('a', 'lamp') })]],
  ],
  ['a SKU opened twice', 'I3', /opened again/, [opened, opened]],
  ['an adjustment made twice', 'I3', /adjusts again/, [opened, adjusted(1), adjusted(1)]],
  ['a confirm of nothing', 'I3', /never reserved/, [opened, confirmed('b', 1)]],
  [
    'a return told twice',
    'I3',
    /had come back already/,
    [...[opened, reserved, confirmed('a', 2), returned('a', 1), returned('a', 1)]],
  ],
  ['time that falls', 'I5', /is before/, [opened, reservedEvent('a', 1, { at: START - 1 })]],
  [
    'a cancel of the sold',
    'I7',
    /held no more/,
    [...[opened, reserved, confirmed('a', 2), cancelled('a')]],
  ],
  [
    'an expiry of the cancelled',
    'I7',
    /held no more/,
    [...[opened, reserved, cancelled('a'), expired('a')]],
  ],
  [
    'an extension of the expired',
    'I7',
    /held no more/,
    [...[opened, reserved, expired('a'), extended('a')]],
  ],
  ['a return of the held', 'I7', /sold no more/, [opened, reserved, returned('a', 1)]],
  [
    'a buyer over the limit',
    'I8',
    /ada gets 5 units of at most 4/,
    [...[opened, reserved, reservedEvent('b', 3)]],
  ],
  ['stock beyond all bounds', 'I9', /opened with/, [openedEvent(STOCK_MAX + 1)]],
]

describe('a journal that was written whole, but of events that break a promise', () => {
  test.each(BREACHES)('%s breaks %s', async (_, broken, what, events) => {
    const paths = await writeEvents(
      newDirectory(),
      events.map((event) => [event]),
    )
    const { discrepancies } = await verify(paths)
    const seq = events.length
    expect(discrepancies).toMatchObject([{ broken, seq, what: expect.stringMatching(what) }])
    const [found] = discrepancies
    expect(found?.where).toMatch(new RegExp(`data\\.mdb, block at seq ${seq}$`))
    // Of a reservation that never was nobody knows the SKU.
    expect(found?.sku).toBe(/never reserved/.test(found?.what ?? '') ? undefined : 'shoe')
  })

  test('is read on behind a buyer over the limit, and no further behind anything else', async () => {
    const over = [opened, reserved, reservedEvent('b', 3), reservedEvent('c', 1)]
    const beyond = await writeEvents(newDirectory(), [over])
    expect(await verify(beyond)).toMatchObject({
      ...{
        lastSeq: 4,
        discrepancies: [
          { broken: 'I8', seq: 3 },
          { broken: 'I8', seq: 4 },
        ],
      },
    })
    const twice = await writeEvents(newDirectory(), [[opened, reserved, reserved, expired('a')]])
    expect(await verify(twice)).toMatchObject({ lastSeq: 2, discrepancies: [{ seq: 3 }] })
  })
})
