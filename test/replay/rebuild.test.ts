// From files to state: however it is cut, a snapshot and its tail give what the whole journal gives, or a reason.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkState } from '../../core/check-state.ts'
import { evolve } from '../../core/evolve.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import { encodeBlock } from '../../journal/block-codec.ts'
import { OPENING } from '../../journal/block-header.ts'
import { Chain, EMPTY_HEAD, type JournalHead } from '../../journal/chain.ts'
import type { JournalReader } from '../../journal/journal.ts'
import { MemoryDisk, MemoryJournal } from '../../journal/memory-journal.ts'
import { listSegments } from '../../journal/segments.ts'
import { listSnapshots, type SnapshotPlace, writeSnapshot } from '../../journal/snapshot-file.ts'
import { type RebuildOptions, type Rebuilt, rebuild } from '../../replay/rebuild.ts'
import { blockAt, eventAt, faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { lmdbPlaces } from '../fixtures/lmdb-place.ts'
import { Random, randomTest } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { appendAll, randomEvents } from '../fixtures/written-journal.ts'

const newDirectory = tempDirectories()
const places = lmdbPlaces()
const SEGMENT_BYTES = 14_000

/** Rebuilds; what comes out is checked before anyone sees it. */
async function rebuilt(
  reader: JournalReader,
  snapshots?: string,
  more: Partial<RebuildOptions> = {},
): Promise<Rebuilt & { skipped: [SnapshotPlace, Error][] }> {
  const skipped: [SnapshotPlace, Error][] = []
  const result = await rebuild({
    ...{ reader, snapshots, expected: undefined, seed: 77 },
    onSkippedSnapshot: (place, reason) => skipped.push([place, reason]),
    ...more,
  })
  checkState(result.state)
  expect(result.state.lastSeq).toBe(result.head.seq)
  expect(result.snapshotSeq + result.replayed).toBe(result.head.seq)
  return { ...result, skipped }
}

function rebuildCode(
  reader: JournalReader,
  snapshots?: string,
  more: Partial<RebuildOptions> = {},
) {
  return faultCode(() => rebuilt(reader, snapshots, more))
}

/** Where a snapshot may be taken: after every block, opening ones included. */
async function cutPoints(
  reader: JournalReader,
  take: (head: JournalHead, state: PartitionState, isOpening: boolean) => Promise<void>,
): Promise<void> {
  const state = new PartitionState(1)
  const chain = new Chain(undefined, EMPTY_HEAD)
  for await (const block of reader.read(0)) {
    chain.advance(block, block.where)
    for (const event of block.events) evolve(state, event)
    await take(chain.head, state, block.header.kind === OPENING)
  }
}

/** A journal in memory with a random history, and the hash of its state. */
async function remembered(random: Random, count = 100, most = 5) {
  const disk = new MemoryDisk()
  const events = randomEvents(random, count)
  const hash = await appendAll(new MemoryJournal(disk, IDENTITY), events, random, most)
  return { disk, events, hash }
}

/** A reader of the first `blocks` blocks only: a journal that lost its tail. */
function shortened(disk: MemoryDisk, blocks: number): MemoryDisk {
  const short = new MemoryDisk()
  short.blocks.push(...disk.blocks.slice(0, blocks))
  return short
}

/** Snapshots of a memory journal after the blocks numbered `after`. */
async function snapshotsAfter(disk: MemoryDisk, ...after: number[]): Promise<string> {
  const directory = newDirectory()
  let block = 0
  await cutPoints(disk, async (head, state) => {
    if (after.includes(block++)) await writeSnapshot(directory, IDENTITY, head, state)
  })
  expect(listSnapshots(directory)).toHaveLength(after.length)
  return directory
}

describe('rebuilding', () => {
  randomTest('from a whole journal gives the live state', async (random) => {
    const { disk, events, hash } = await remembered(random)
    const progress: number[] = []
    const { state, head, identity, snapshotSeq, replayed } = await rebuilt(disk, undefined, {
      onProgress: (seq) => progress.push(seq),
    })
    expect(stateHash(state)).toBe(hash)
    expect([head.seq, snapshotSeq, replayed]).toEqual([events.length, 0, events.length])
    expect(identity).toMatchObject(IDENTITY)
    expect(progress.at(-1)).toBe(events.length)
    expect(progress).toHaveLength(disk.blocks.length)
  })

  randomTest('from a snapshot at any cut and the tail gives the same', async (random) => {
    const { disk, events, hash } = await remembered(random, 80)
    await cutPoints(disk, async (head, state) => {
      const directory = newDirectory()
      await writeSnapshot(directory, IDENTITY, head, state)
      const result = await rebuilt(disk, directory)
      expect(stateHash(result.state), `cut at seq ${head.seq}`).toBe(hash)
      expect([result.snapshotSeq, result.replayed]).toEqual([head.seq, events.length - head.seq])
      expect(result.head.seq).toBe(events.length)
      expect(result.skipped).toEqual([])
    })
  })

  randomTest(
    'gives the same snapshot, byte for byte, by replay and by snapshot and tail',
    async (random) => {
      const { disk } = await remembered(random)
      const directory = await snapshotsAfter(disk, disk.blocks.length >> 1)
      const files = await Promise.all(
        [undefined, directory].map(async (snapshots) => {
          const { state, head } = await rebuilt(disk, snapshots)
          const { path } = await writeSnapshot(newDirectory(), IDENTITY, head, state)
          return readFileSync(path)
        }),
      )
      expect(files[0]?.equals(files[1] ?? Buffer.alloc(0))).toBe(true)
    },
  )

  randomTest(
    'on disk, over segments, from a snapshot at any cut gives the same',
    async (random) => {
      const place = places()
      const events = randomEvents(random, 300)
      const journal = await place.openForWriting(1, EMPTY_HEAD, SEGMENT_BYTES)
      const hash = await appendAll(journal, events, random, 40)
      expect(listSegments(place.path).length).toBeGreaterThan(2)
      let openings = 0
      await cutPoints(place.reader, async (head, state, isOpening) => {
        if (isOpening) openings++
        const directory = newDirectory()
        await writeSnapshot(directory, IDENTITY, head, state)
        const result = await rebuilt(place.reader, directory)
        const label = `cut at seq ${head.seq}${isOpening ? ', an opening' : ''}`
        expect(stateHash(result.state), label).toBe(hash)
        expect(result.head, label).toEqual(journal.head)
      })
      expect(openings).toBe(listSegments(place.path).length)
    },
  )

  test('of an empty directory gives an empty state', async () => {
    for (const reader of [new MemoryDisk(), places().reader]) {
      const result = await rebuilt(reader, join(newDirectory(), 'snapshots'))
      expect(result.state.lastSeq).toBe(0)
      expect(result).toMatchObject({ head: EMPTY_HEAD, identity: undefined, replayed: 0 })
    }
  })

  test('of a journal that was only opened gives an empty state with a head, from a snapshot too', async () => {
    const disk = new MemoryDisk()
    const journal = new MemoryJournal(disk, IDENTITY)
    expect(await rebuilt(disk)).toMatchObject({ head: journal.head, identity: IDENTITY })
    const directory = await snapshotsAfter(disk, 0)
    expect(await rebuilt(disk, directory)).toMatchObject({ head: journal.head, identity: IDENTITY })
    await journal.append(blockAt(1, 3))
    expect(await rebuilt(disk, directory)).toMatchObject({ head: journal.head, replayed: 3 })
  })
})

describe('rebuilding after older segments were archived', () => {
  async function archived(snapshotAt: 'last block' | 'opening' | 'inside') {
    const place = places()
    await place.write(4, 100, 1)
    const directory = newDirectory()
    await cutPoints(place.reader, async (head, state, isOpening) => {
      const isWanted =
        snapshotAt === 'inside'
          ? head.seq === 300
          : head.seq === 200 && isOpening === (snapshotAt === 'opening')
      if (isWanted) await writeSnapshot(directory, IDENTITY, head, state)
    })
    const full = await rebuilt(place.reader)
    for (const segment of listSegments(place.path)) {
      if (segment.firstSeq <= 200) rmSync(segment.path, { recursive: true })
    }
    return { place, directory, full }
  }

  test.each(['last block', 'opening', 'inside'] as const)(
    'goes on from a snapshot at the boundary: %s',
    async (snapshotAt) => {
      const { place, directory, full } = await archived(snapshotAt)
      const result = await rebuilt(place.reader, directory)
      expect(stateHash(result.state)).toBe(stateHash(full.state))
      expect(result.head).toEqual(full.head)
    },
  )

  test('without a snapshot has a gap', async () => {
    const { place } = await archived('opening')
    expect(await rebuildCode(place.reader)).toBe('journal_gap')
  })

  test('beyond what the snapshot covers has a gap', async () => {
    const { place, directory } = await archived('opening')
    const [oldest] = listSegments(place.path)
    rmSync(oldest?.path ?? '', { recursive: true })
    expect(await rebuildCode(place.reader, directory)).toBe('journal_gap')
  })
})

describe('a damaged snapshot', () => {
  function damage(place: SnapshotPlace | undefined): void {
    const bytes = readFileSync(place?.path ?? '')
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4
    writeFileSync(place?.path ?? '', bytes)
  }

  randomTest(
    'is passed over for the one before it, and for the whole journal at last',
    async (random) => {
      const { disk, hash } = await remembered(random)
      const directory = await snapshotsAfter(disk, 3, 8)
      const [newest, older] = listSnapshots(directory)
      damage(newest)
      const second = await rebuilt(disk, directory)
      expect([second.snapshotSeq, stateHash(second.state)]).toEqual([older?.seq, hash])
      expect(second.skipped).toMatchObject([[newest, { code: 'snapshot_damaged' }]])
      damage(older)
      const none = await rebuilt(disk, directory)
      expect([none.snapshotSeq, stateHash(none.state)]).toEqual([0, hash])
      expect(none.skipped.map(([place]) => place)).toEqual([newest, older])
    },
  )

  randomTest('left half written under a draft name is not seen', async (random) => {
    const { disk, hash } = await remembered(random)
    const directory = await snapshotsAfter(disk, 5)
    const [place] = listSnapshots(directory)
    renameSync(place?.path ?? '', `${place?.path}.draft-123`)
    const result = await rebuilt(disk, directory)
    expect([result.snapshotSeq, result.skipped.length, stateHash(result.state)]).toEqual([
      0,
      0,
      hash,
    ])
  })
})

describe('a snapshot that does not belong to the journal', () => {
  randomTest('because the journal lost its tail is told, never taken', async (random) => {
    const { disk } = await remembered(random)
    const last = disk.blocks.length - 1
    const directory = await snapshotsAfter(disk, last)
    for (let blocks = 0; blocks < disk.blocks.length; blocks++) {
      expect(await rebuildCode(shortened(disk, blocks), directory), `${blocks} blocks`).toBe(
        'snapshot_ahead',
      )
    }
    expect(await rebuildCode(disk, directory)).toBe('no fault')
  })

  test('because the journal went another way is refused', async () => {
    const [disk, other] = [new MemoryDisk(), new MemoryDisk()]
    const [journal, otherJournal] = [
      new MemoryJournal(disk, IDENTITY),
      new MemoryJournal(other, IDENTITY),
    ]
    for (const seq of [1, 3, 5]) {
      await journal.append(blockAt(seq, 2, seq === 1 ? 'ada' : 'bob'))
      await otherJournal.append(blockAt(seq, 2, 'ada'))
    }
    const directory = await snapshotsAfter(other, 2)
    expect(await rebuildCode(disk, directory)).toBe('journal_damaged')
    expect(await rebuildCode(shortened(disk, 3), directory)).toBe('snapshot_ahead')
  })

  test('because it is of another cluster or partition is refused', async () => {
    const { disk } = await remembered(new Random(1))
    const directory = newDirectory()
    await cutPoints(disk, async (head, state) => {
      if (head.seq === 0)
        await writeSnapshot(directory, { ...IDENTITY, clusterId: 'f'.repeat(32) }, head, state)
    })
    expect(await rebuildCode(disk, directory, { expected: { ...IDENTITY } })).toBe(
      'journal_foreign',
    )
    expect(
      await rebuildCode(disk, directory, { expected: { partition: 1, partitionCount: 1 } }),
    ).toBe('journal_mispartitioned')
    await new MemoryJournal(disk, IDENTITY, 2, (await rebuilt(disk)).head).close()
    expect(await rebuildCode(disk, directory), 'nobody knows whose it should be').toBe(
      'journal_foreign',
    )
  })
})

describe('a journal that is not the expected one', () => {
  const expectations: [string, RebuildOptions['expected'], string][] = [
    ['nothing is expected', undefined, 'no fault'],
    ['it is expected', IDENTITY, 'no fault'],
    ['any cluster is expected', { partition: 0, partitionCount: 1 }, 'no fault'],
    ['another cluster is expected', { ...IDENTITY, clusterId: 'f'.repeat(32) }, 'journal_foreign'],
    [
      'another partition is expected',
      { partition: 1, partitionCount: 2 },
      'journal_mispartitioned',
    ],
    ['another count is expected', { ...IDENTITY, partitionCount: 2 }, 'journal_mispartitioned'],
  ]
  test.each(expectations)('is told when %s', async (_, expected, code) => {
    const disk = new MemoryDisk()
    await new MemoryJournal(disk, IDENTITY).append(blockAt(1, 2))
    expect(await rebuildCode(disk, undefined, { expected })).toBe(code)
  })
})

describe('a journal with damage', () => {
  randomTest('in any block is refused, never read as something else', async (random) => {
    const { disk } = await remembered(random, 80, 6)
    for (let round = 0; round < 60; round++) {
      const copy = shortened(disk, disk.blocks.length)
      const index = random.integer(0, copy.blocks.length - 1)
      const bytes = Buffer.from(copy.blocks[index] ?? [])
      const at = random.integer(0, bytes.length - 1)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7))
      copy.blocks[index] = bytes
      expect(['journal_damaged', 'journal_newer'], `block ${index}, byte ${at}`).toContain(
        await rebuildCode(copy),
      )
    }
  })

  randomTest(
    'by blocks left out, doubled, swapped or taken from another is refused',
    async (random) => {
      const { disk } = await remembered(random, 80, 6)
      const { disk: other } = await remembered(random, 80, 6)
      // Two random histories may begin with the same blocks, to the byte (seed 94892340).
      const isForeign = (block: Buffer) => !disk.blocks.some((own) => own.equals(block))
      const foreign = other.blocks.find(isForeign) ?? Buffer.alloc(0)
      const last = disk.blocks.length - 1
      const index = random.integer(1, last - 1)
      const spoils: [string, (blocks: Buffer[]) => void][] = [
        ['left out', (blocks) => blocks.splice(index, 1)],
        ['doubled', (blocks) => blocks.splice(index, 0, blocks[index] ?? Buffer.alloc(0))],
        [
          'swapped',
          (blocks) => blocks.splice(index, 2, ...blocks.slice(index, index + 2).reverse()),
        ],
        ['replaced', (blocks) => blocks.splice(index, 1, foreign)],
        ['without its first', (blocks) => blocks.splice(0, 1)],
      ]
      for (const [name, spoil] of spoils) {
        const copy = shortened(disk, disk.blocks.length)
        spoil(copy.blocks)
        expect(['journal_damaged', 'journal_gap'], `${name} at ${index}`).toContain(
          await rebuildCode(copy),
        )
      }
    },
  )

  test('whose events do not follow from each other says which one', async () => {
    const disk = new MemoryDisk()
    const journal = new MemoryJournal(disk, IDENTITY)
    await journal.append(blockAt(1, 2))
    const position = { epoch: 1, firstSeq: 3, previousHash: journal.head.hash }
    const impossible = { ...eventAt(3), kind: 'reserved', quantity: 5_000_000 }
    disk.blocks.push(
      encodeBlock(IDENTITY, position, [impossible as ReturnType<typeof eventAt>]).bytes,
    )
    expect(await rebuildCode(disk)).toBe('journal_damaged')
    await expect(rebuilt(disk)).rejects.toThrow(/event 3 \(reserved\) does not follow/)
  })
})
