// When a start would refuse: the plan says the same without replaying the journal, and says nothing it cannot know.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeBlock, encodeBlock } from '../../journal/block-codec.ts'
import type { JournalIdentity } from '../../journal/block-header.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import type { JournalFaultCode } from '../../journal/errors.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { plan } from '../../replay/plan.ts'
import { rebuild } from '../../replay/rebuild.ts'
import { verify } from '../../replay/verify.ts'
import { blockAt, IDENTITY } from '../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../fixtures/data-directory.ts'
import { randomTest } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { openedEvent, reservedEvent, writeEvents } from '../fixtures/written-events.ts'

const newDirectory = tempDirectories()

const BLOCKS = 5
const OTHER = { ...IDENTITY, clusterId: 'ffeeddccbbaa99887766554433221100' }
const firstSeqOf = (block: number) => 1 + block * BLOCK_EVENTS

// Writing waits for the disk, so each journal is written once and copied for every test.
const originals = mkdtempSync(join(tmpdir(), 'holdfast-'))
const written = new Map<string, Promise<DataDirectory>>()
afterAll(() => rmSync(originals, { recursive: true, force: true }))

/** A copy, for one test, of the journal of `identity` with `blocks` blocks. */
async function journalOf(blocks = BLOCKS, identity = IDENTITY): Promise<DataDirectory> {
  const name = JSON.stringify([blocks, identity])
  const original =
    written.get(name) ??
    DataDirectory.write(join(originals, String(written.size)), blocks, identity)
  written.set(name, original)
  const copy = newDirectory()
  cpSync((await original).data, copy, { recursive: true })
  return new DataDirectory(copy)
}

/** What a start says when it replays everything: the truth that the plan is held against. */
async function refusalOfStart(paths: PartitionPaths) {
  const expected = { partition: 0, partitionCount: 1 }
  const { journal, snapshots } = paths
  try {
    const reader = lmdbReader(journal)
    await rebuild({ reader, snapshots, expected, seed: 1, onSkippedSnapshot: () => undefined })
    return undefined
  } catch (fault) {
    const { code, message } = fault as Error & { code: string }
    return { code, message }
  }
}

function flipped(bytes: Buffer): Buffer {
  bytes[80] = (bytes[80] ?? 0) ^ 1
  return bytes
}

/** Puts segment `index` of another journal in the place of its own. */
async function splice(directory: DataDirectory, index: number, identity: JournalIdentity) {
  const place = directory.segment(index)
  const other = await journalOf(BLOCKS, identity)
  rmSync(place, { recursive: true })
  cpSync(other.segment(index), place, { recursive: true })
}

type Damage = (directory: DataDirectory) => unknown

const REFUSED: readonly [name: string, JournalFaultCode, Damage][] = [
  [
    'the first segment missing',
    'journal_gap',
    (one) => rmSync(one.segment(0), { recursive: true }),
  ],
  ['a middle segment missing', 'journal_gap', (one) => rmSync(one.segment(2), { recursive: true })],
  [
    'the newest segment missing',
    'journal_gap',
    (one) => rmSync(one.segment(4), { recursive: true }),
  ],
  ['a middle segment emptied', 'journal_damaged', (one) => truncateSync(one.segmentFile(2), 0)],
  ['the newest segment emptied', 'journal_damaged', (one) => truncateSync(one.segmentFile(4), 0)],
  [
    'a middle segment cut off',
    'journal_damaged',
    (one) => truncateSync(one.segmentFile(2), statSync(one.segmentFile(2)).size - 4_096),
  ],
  [
    'a middle file that is none',
    'journal_damaged',
    (one) => writeFileSync(one.segmentFile(1), 'no'),
  ],
  [
    'a folder in the place of a file',
    'journal_unreadable',
    (one) => {
      rmSync(one.segmentFile(3))
      mkdirSync(one.segmentFile(3))
    },
  ],
  ['a bit of a middle block', 'journal_damaged', (one) => one.editBlock(2, firstSeqOf(2), flipped)],
  [
    'a bit of the newest block',
    'journal_damaged',
    (one) => one.editBlock(4, firstSeqOf(4), flipped),
  ],
  [
    'a block of a newer format',
    'journal_newer',
    (one) =>
      one.editBlock(3, firstSeqOf(3), (bytes) => {
        bytes.writeUInt16BE(9, 4)
        return bytes
      }),
  ],
  [
    'a block that was replaced',
    'journal_damaged',
    (one) =>
      one.editBlock(2, firstSeqOf(2), () => {
        const position = { epoch: 1, firstSeq: firstSeqOf(2), previousHash: Buffer.alloc(16) }
        return encodeBlock(IDENTITY, position, blockAt(firstSeqOf(2), BLOCK_EVENTS, 'eve').events)
          .bytes
      }),
  ],
  ['a segment of another cluster', 'journal_foreign', (one) => splice(one, 2, OTHER)],
  ['the newest segment of another cluster', 'journal_foreign', (one) => splice(one, 4, OTHER)],
  [
    'a segment of another partition',
    'journal_mispartitioned',
    (one) => splice(one, 3, { ...IDENTITY, partition: 1, partitionCount: 2 }),
  ],
  [
    'two segments swapped',
    'journal_damaged',
    (one) => {
      const [left, right] = [one.segment(1), one.segment(2)]
      renameSync(left, `${left}.aside`)
      renameSync(right, left)
      renameSync(`${left}.aside`, right)
    },
  ],
  [
    'a whole journal of another partition',
    'journal_mispartitioned',
    async (one) => {
      const other = await journalOf(BLOCKS, { ...IDENTITY, partition: 3 })
      rmSync(one.paths.journal, { recursive: true })
      cpSync(other.paths.journal, one.paths.journal, { recursive: true })
    },
  ],
  ['a snapshot of another cluster', 'journal_foreign', (one) => one.snapshot(OTHER)],
  [
    'a snapshot of another partition',
    'journal_mispartitioned',
    (one) => one.snapshot({ ...IDENTITY, partition: 1, partitionCount: 2 }),
  ],
  [
    'a snapshot of a newer format',
    'journal_newer',
    async (one) => {
      one.editFile(await one.snapshot(), (bytes) => {
        bytes.writeUInt16BE(9, 4)
        return bytes
      })
    },
  ],
  [
    'a snapshot that is ahead of the journal',
    'snapshot_ahead',
    async (one) => {
      await one.snapshot()
      const kept = await journalOf(BLOCKS - 1)
      rmSync(one.paths.journal, { recursive: true })
      cpSync(kept.paths.journal, one.paths.journal, { recursive: true })
    },
  ],
  [
    'a snapshot and no journal',
    'snapshot_ahead',
    async (one) => {
      await one.snapshot()
      rmSync(one.paths.journal, { recursive: true })
    },
  ],
]

/** Two segments of three blocks with one event each. */
async function segmentsOfThree(): Promise<DataDirectory> {
  const directory = new DataDirectory(newDirectory())
  // The second owner closes the first segment with its only block.
  for (const [epoch, blocks] of [
    [1, 3],
    [2, 1],
    [3, 2],
  ] as const) {
    const { head } = await directory.replay()
    const segmentBytes = epoch === 2 ? 1 : 2 ** 30
    const journal = await openLmdbJournal(directory.paths.journal, {
      ...{ identity: IDENTITY, head, epoch, segmentBytes, commitDeadlineMs: 60_000 },
    })
    for (let more = 0; more < blocks; more++) await journal.append(blockAt(journal.head.seq + 1, 1))
    await journal.close()
  }
  return directory
}

describe('a start that would be refused', () => {
  test.each(REFUSED)('for %s is told so: %s', async (_, code, damage) => {
    const directory = await journalOf()
    expect((await plan(directory.paths)).refusal).toBeUndefined()
    await damage(directory)
    const before = directory.fingerprint()
    const { refusal } = await plan(directory.paths)
    expect(refusal).toMatchObject({ code })
    expect(refusal).toEqual(await refusalOfStart(directory.paths))
    expect(directory.fingerprint(), 'nothing was changed').toEqual(before)
  })

  test.each([
    ['a closed', 3],
    ['the newest', 6],
  ])(
    'for the last block of %s segment being of another cluster is told so',
    async (_, firstSeq) => {
      const directory = await segmentsOfThree()
      await directory.editBlock(firstSeq === 3 ? 0 : 1, firstSeq, (bytes) => {
        const { header, events } = decodeBlock(bytes, 'test')
        const { epoch, previousHash } = header
        return encodeBlock(OTHER, { epoch, firstSeq, previousHash }, events).bytes
      })
      const { refusal } = await plan(directory.paths)
      expect(refusal).toMatchObject({ code: 'journal_foreign' })
      expect(refusal).toEqual(await refusalOfStart(directory.paths))
    },
  )

  // Every block lies at an end of its segment here, so the plan must know what a start would.
  randomTest(
    'is told what a start says, whatever is damaged and from where it begins',
    async (random) => {
      for (let round = 0; round < 12; round++) {
        const directory = await journalOf(random.integer(1, 3))
        if (random.oneIn(2)) await directory.snapshot()
        const whole = await journalOf()
        rmSync(directory.paths.journal, { recursive: true })
        cpSync(whole.paths.journal, directory.paths.journal, { recursive: true })
        const [name, , damage] = random.pick(REFUSED)
        await damage(directory)
        const { refusal } = await plan(directory.paths)
        expect(refusal, `round ${round}: ${name}`).toEqual(await refusalOfStart(directory.paths))
      }
    },
  )
})

describe('a start that would not be refused', () => {
  const FINE: readonly [string, Damage][] = [
    ['an empty directory', (one) => rmSync(one.paths.root, { recursive: true })],
    ['a snapshot', (one) => one.snapshot()],
    [
      'a damaged snapshot',
      async (one) => one.editFile(await one.snapshot(), (bytes) => bytes.subarray(0, 60)),
    ],
    [
      'older segments moved away and a snapshot that covers them',
      async (one) => {
        await one.snapshot()
        for (const index of [0, 0]) rmSync(one.segment(index), { recursive: true })
      },
    ],
    [
      'damage in segments that a snapshot covers',
      async (one) => {
        await one.snapshot()
        truncateSync(one.segmentFile(1), 0)
      },
    ],
  ]
  test.each(FINE)('for %s is not called so', async (_, change) => {
    const directory = await journalOf()
    await change(directory)
    expect(await refusalOfStart(directory.paths), 'a start agrees').toBeUndefined()
    expect((await plan(directory.paths)).refusal).toBeUndefined()
  })

  test('is judged by the folder of a copy, too, whatever its name', async () => {
    const { paths } = await journalOf(BLOCKS, { ...IDENTITY, partition: 3 })
    expect((await plan(paths)).refusal).toMatchObject({ code: 'journal_mispartitioned' })
    const copy = join(dirname(paths.root), 'copy')
    renameSync(paths.root, copy)
    const [journal, snapshots] = [join(copy, basename(paths.journal)), join(copy, 'snapshots')]
    expect((await plan({ root: copy, journal, snapshots })).refusal).toBeUndefined()
  })

  test('is for verify to find, where only the middle of a segment is damaged', async () => {
    const data = newDirectory()
    const blocks = [
      [openedEvent(9)],
      [reservedEvent('a')],
      [reservedEvent('b')],
      [reservedEvent('c')],
    ]
    const paths = await writeEvents(data, blocks)
    const directory = new DataDirectory(data)
    await directory.editBlock(0, 3, flipped)
    expect((await plan(paths)).refusal).toBeUndefined()
    expect((await verify(paths)).discrepancies).toMatchObject([{ broken: 'journal_damaged' }])
  })
})
