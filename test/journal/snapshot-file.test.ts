// Snapshots as files: they give back the state, byte for byte the same file, or say that they are damaged.
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { checkState } from '../../core/check-state.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { completeRules } from '../../core/rules.ts'
import { stateHash } from '../../core/state-hash.ts'
import type { JournalHead } from '../../journal/chain.ts'
import {
  listSnapshots,
  pruneSnapshots,
  readSnapshot,
  removeDrafts,
  writeSnapshot,
} from '../../journal/snapshot-file.ts'
import { faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { Random, randomTest, runSeed } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { replayed, restored } from '../fixtures/test-partition.ts'
import { randomEvents } from '../fixtures/written-journal.ts'

const newDirectory = tempDirectories()
const packr = new Packr({ useRecords: false, moreTypes: false, structuredClone: false })
/** "HFSN" and a version. */
const PREFIX_BYTES = 6

function headOf(state: PartitionState): JournalHead {
  return { seq: state.lastSeq, epoch: 3, hash: Buffer.alloc(16, 5) }
}

/** A snapshot of a random history, in a directory of its own. */
async function written(random = new Random(runSeed()), count = 200) {
  const state = replayed(randomEvents(random, count))
  const directory = join(newDirectory(), 'snapshots')
  const place = await writeSnapshot(directory, IDENTITY, headOf(state), state)
  return { state, directory, place, bytes: readFileSync(place.path) }
}

/** A state whose snapshot is as long as the name of its only SKU, and some bytes more. */
function longNamed(length: number): [JournalHead, PartitionState] {
  const state = new PartitionState(1)
  state.addActor('s'.repeat(length), 1, completeRules({}), 1)
  return [headOf(state), state]
}

function readCode(path: string): Promise<string> {
  return faultCode(() => readSnapshot(path, IDENTITY, 1))
}

/** A file with its frames' payloads replaced by `change`, and checksums that fit. */
function reframed(bytes: Buffer, change: (payload: Buffer, index: number) => Buffer): Buffer {
  const parts = [bytes.subarray(0, PREFIX_BYTES)]
  let offset = PREFIX_BYTES
  for (let index = 0; offset < bytes.length; index++) {
    const length = bytes.readUInt32BE(offset)
    const payload = change(bytes.subarray(offset + 8, offset + 8 + length), index)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(payload.length, 0)
    head.writeUInt32BE(crc32(payload), 4)
    parts.push(head, payload)
    offset += 8 + length
  }
  return Buffer.concat(parts)
}

describe('a snapshot', () => {
  randomTest(
    'gives back the state that it was made of, with all that belongs to it',
    async (random) => {
      const { state, place } = await written(random)
      expect(place).toMatchObject({ seq: state.lastSeq, stateHash: stateHash(state) })
      const read = await readSnapshot(place.path, IDENTITY, random.word())
      checkState(read.state)
      expect(stateHash(read.state)).toBe(stateHash(state))
      expect(read.header).toEqual({
        ...{
          identity: IDENTITY,
          head: headOf(state),
          lastSeq: state.lastSeq,
          lastAt: state.lastAt,
        },
        ...{ retentionMs: state.retentionMs, stateHash: place.stateHash },
      })
    },
  )

  randomTest('is byte for byte the same, whatever way led to the state', async (random) => {
    const { state, place, bytes } = await written(random)
    const { state: read } = await readSnapshot(place.path, undefined, 9)
    for (const other of [read, restored(state), restored(read)]) {
      const again = await writeSnapshot(newDirectory(), IDENTITY, headOf(state), other)
      expect(readFileSync(again.path).equals(bytes)).toBe(true)
    }
  })

  test('of just two times what is read at once comes back whole, and with a byte more not at all', async () => {
    const size = 2 * 4 * 2 ** 20
    const draft = await writeSnapshot(newDirectory(), IDENTITY, ...longNamed(size / 2))
    const [head, state] = longNamed(size / 2 + size - statSync(draft.path).size)
    const { path } = await writeSnapshot(newDirectory(), IDENTITY, head, state)
    expect(statSync(path).size).toBe(size)
    expect(stateHash((await readSnapshot(path, IDENTITY, 2)).state)).toBe(stateHash(state))
    appendFileSync(path, 'x')
    expect(await readCode(path)).toBe('snapshot_damaged')
  })

  test('of nothing is one, too', async () => {
    const state = new PartitionState(1)
    const { path } = await writeSnapshot(newDirectory(), IDENTITY, headOf(state), state)
    const read = await readSnapshot(path, IDENTITY, 2)
    expect([read.state.lastSeq, stateHash(read.state)]).toEqual([0, stateHash(state)])
  })

  test('of more records than one chunk holds is one, too', async () => {
    const state = new PartitionState(1)
    const { rules } = replayedRules()
    for (let sku = 0; sku < 9_000; sku++) state.addActor(`sku-${sku}`, sku, rules, 0)
    const { path } = await writeSnapshot(newDirectory(), IDENTITY, headOf(state), state)
    expect(stateHash((await readSnapshot(path, IDENTITY, 2)).state)).toBe(stateHash(state))
  })

  const strangers: [string, object, string][] = [
    ['another cluster', { clusterId: 'f'.repeat(32) }, 'journal_foreign'],
    ['another partition', { partition: 2 }, 'journal_mispartitioned'],
    ['another partition count', { partitionCount: 2 }, 'journal_mispartitioned'],
  ]
  test.each(strangers)('of %s is refused', async (_, change, code) => {
    const { place } = await written()
    expect(await faultCode(() => readSnapshot(place.path, { ...IDENTITY, ...change }, 1))).toBe(
      code,
    )
    expect(await faultCode(() => readSnapshot(place.path, undefined, 1))).toBe('no fault')
  })
})

describe('damage to a snapshot', () => {
  randomTest('of any byte is found', async (random) => {
    const { place, bytes } = await written(random, 60)
    const offsets = Array.from({ length: 80 }, (_, index) => index).filter(
      (at) => at !== 4 && at !== 5,
    )
    for (let round = 0; round < 150; round++) offsets.push(random.integer(80, bytes.length - 1))
    for (const offset of offsets) {
      const copy = Buffer.from(bytes)
      copy[offset] = (copy[offset] ?? 0) ^ (1 << random.integer(0, 7))
      writeFileSync(place.path, copy)
      expect(await readCode(place.path), `byte ${offset} of ${bytes.length}`).toBe(
        'snapshot_damaged',
      )
    }
  })

  randomTest('by cutting it off or adding to it is found', async (random) => {
    const { place, bytes } = await written(random, 60)
    const lengths = [0, 1, 5, 6, 13, 14, 100, bytes.length - 8, bytes.length - 1]
    for (let round = 0; round < 30; round++) lengths.push(random.integer(0, bytes.length - 1))
    for (const length of lengths) {
      writeFileSync(place.path, bytes.subarray(0, length))
      expect(await readCode(place.path), `${length} of ${bytes.length} bytes`).toBe(
        'snapshot_damaged',
      )
    }
    writeFileSync(place.path, Buffer.concat([bytes, Buffer.alloc(1)]))
    expect(await readCode(place.path)).toBe('snapshot_damaged')
  })

  test('by leaving a chunk out is found', async () => {
    const { place, bytes } = await written()
    const frames: Buffer[] = []
    reframed(bytes, (payload) => {
      frames.push(payload)
      return payload
    })
    expect(frames.length).toBeGreaterThan(3)
    let isFirst = true
    const shorter = reframed(bytes, (payload, index) => {
      if (index !== 1 || !isFirst) return payload
      isFirst = false
      return packr.pack([1])
    })
    writeFileSync(place.path, shorter)
    expect(await readCode(place.path)).toBe('snapshot_damaged')
  })

  const forgeries: [string, (payload: Buffer, index: number) => Buffer][] = [
    ['another hash', (payload, index) => changeHeader(payload, index, 9, '0'.repeat(32))],
    ['another seq', (payload, index) => changeHeader(payload, index, 6, 1)],
    ['another retention', (payload, index) => changeHeader(payload, index, 8, 61_000)],
    ['a header of nonsense', (payload, index) => changeHeader(payload, index, 0, 5)],
    ['an unknown section', (payload, index) => (index === 1 ? packr.pack([9, []]) : payload)],
    ['a chunk of nonsense', (payload, index) => (index === 1 ? packr.pack('chunk') : payload)],
    ['no MessagePack', (payload, index) => (index === 1 ? Buffer.from([0xc1]) : payload)],
  ]
  test.each(forgeries)('with checksums that fit is found: %s', async (_, change) => {
    const { place, bytes } = await written()
    writeFileSync(
      place.path,
      reframed(bytes, (payload) => payload),
    )
    expect(await readCode(place.path), 'this test frames as the writer does').toBe('no fault')
    writeFileSync(place.path, reframed(bytes, change))
    expect(await readCode(place.path)).toBe('snapshot_damaged')
  })

  test('of its version is a newer version', async () => {
    const { place, bytes } = await written()
    bytes.writeUInt16BE(2, 4)
    writeFileSync(place.path, bytes)
    expect(await readCode(place.path)).toBe('journal_newer')
  })

  test('that keeps it from being opened at all is damage, too', async () => {
    const { place } = await written()
    rmSync(place.path)
    expect(await readCode(place.path)).toBe('snapshot_damaged')
    mkdirSync(place.path)
    expect(await readCode(place.path)).toBe('snapshot_damaged')
  })

  function changeHeader(payload: Buffer, index: number, field: number, value: unknown): Buffer {
    if (index !== 0) return payload
    const fields = packr.unpack(payload) as unknown[]
    expect(fields).toHaveLength(10)
    fields[field] = value
    return packr.pack(fields)
  }
})

describe('a directory of snapshots', () => {
  function filled(...names: string[]): string {
    const directory = newDirectory()
    for (const name of names) writeFileSync(join(directory, name), '')
    return directory
  }
  const nameOf = (seq: number): string => `snapshot-${String(seq).padStart(16, '0')}.hfs`

  test('lists the newest first, and nothing that is none', () => {
    const draft = `${nameOf(40)}.draft-${process.pid}`
    const directory = filled(nameOf(5), nameOf(30), nameOf(7), draft, 'snapshot-1.hfs', 'notes')
    expect(listSnapshots(directory).map(({ seq }) => seq)).toEqual([30, 7, 5])
    expect(listSnapshots(directory).map(({ path }) => basename(path))[0]).toBe(nameOf(30))
    expect(listSnapshots(join(directory, 'nowhere'))).toEqual([])
  })

  test('is pruned to the newest, and of what a crashed writer left', () => {
    const left = [`${nameOf(40)}.draft-4711`, `${nameOf(41)}.draft-${randomUUID()}`]
    const directory = filled(nameOf(5), nameOf(30), nameOf(7), ...left, 'notes')
    pruneSnapshots(directory, 2, new Set([5]))
    expect(readdirSync(directory), 'a segment begins after it').toContain(nameOf(5))
    pruneSnapshots(directory, 2, new Set())
    const kept = ['notes', nameOf(7), nameOf(30)]
    expect(readdirSync(directory).sort()).toEqual([...kept, ...left].sort())
    removeDrafts(directory)
    removeDrafts(join(directory, 'nowhere'))
    expect(readdirSync(directory).sort()).toEqual(kept.sort())
    pruneSnapshots(directory, 2, new Set())
    expect(listSnapshots(directory)).toHaveLength(2)
  })

  test('never shows a snapshot that is only half written', async () => {
    const { state, directory, place } = await written()
    const broken = restored(state)
    Object.defineProperty(broken.adjustments, 'values', {
      value: () => {
        throw new Error('the disk is full')
      },
    })
    broken.lastSeq += 1
    await expect(writeSnapshot(directory, IDENTITY, headOf(broken), broken)).rejects.toThrow('full')
    expect(readdirSync(directory)).toEqual([basename(place.path)])
    expect(existsSync(place.path)).toBe(true)
  })
})

function replayedRules() {
  const state = replayed(randomEvents(new Random(1), 5))
  const rules = state.actors[0]?.rules
  if (rules === undefined) throw new Error('no SKU')
  return { rules }
}
