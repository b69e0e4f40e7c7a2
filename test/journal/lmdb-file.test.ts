// The file as LMDB wrote it, read without LMDB: the same entries, found from anywhere, and nothing touched.
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockKey, type Environment, openEnvironment } from '../../journal/lmdb-environment.ts'
import { LmdbFile } from '../../journal/lmdb-file.ts'
import { highestSeqIn, lmdbReader } from '../../journal/read-blocks.ts'
import { listSegments, segmentFile } from '../../journal/segments.ts'
import { readAll } from '../fixtures/blocks.ts'
import { copyGolden } from '../fixtures/golden-journal.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

/** Around the sizes at which a value moves to pages of its own, and at which it takes one more of them. */
const VALUE_BYTES = [0, 1, 68, 900, 1_990, 2_040, 4_071, 4_072, 4_073, 8_168, 8_169, 20_000]

const bytesFor = (key: number, bytes: number) => Buffer.alloc(bytes, key % 251)

async function written(entries: readonly (readonly [number, number])[]): Promise<string> {
  const path = join(newDirectory(), 'segment')
  const environment = openEnvironment(path)
  for (let at = 0; at < entries.length; at += 50) putAll(environment, entries.slice(at, at + 50))
  await environment.close()
  return segmentFile(path)
}

function putAll(environment: Environment, entries: readonly (readonly [number, number])[]): void {
  environment.transactionSync(() => {
    for (const [key, bytes] of entries) environment.putSync(blockKey(key), bytesFor(key, bytes))
  })
}

function withFile<Found>(path: string, read: (file: LmdbFile) => Found): Found {
  const file = new LmdbFile(path)
  try {
    return read(file)
  } finally {
    file.close()
  }
}

function keysFrom(file: LmdbFile, start: number): number[] {
  const keys: number[] = []
  let entries = file.entriesFrom(start)
  while (entries.length > 0) {
    keys.push(...entries.map(({ key }) => key))
    entries = file.entriesFrom((keys.at(-1) as number) + 1)
  }
  return keys
}

describe('a file that LMDB wrote', () => {
  test('has every value under its key, small ones and those on pages of their own', async () => {
    const entries = VALUE_BYTES.flatMap((bytes, at) => [at, at + 100].map((key) => [key, bytes]))
    const sorted = (entries as [number, number][]).sort(([left], [right]) => left - right)
    const path = await written(sorted)
    withFile(path, (file) => {
      for (const [key, bytes] of sorted) {
        const entry = file.entriesFrom(key)[0]
        expect(entry?.key).toBe(key)
        expect(entry?.readValue().equals(bytesFor(key, bytes)), `${bytes} bytes`).toBe(true)
      }
    })
  })

  test('is found its way in from any key, forwards and backwards, over three levels', async () => {
    const keys = Array.from({ length: 9_000 }, (_, at) => 3 * at + 1)
    const path = await written(keys.map((key) => [key, key % 5 === 0 ? 300 : 20]))
    const last = keys.at(-1) as number
    withFile(path, (file) => {
      expect(keysFrom(file, 0)).toEqual(keys)
      fc.assert(
        fc.property(fc.integer({ min: 0, max: last + 5 }), (asked) => {
          const next = keys.find((key) => key >= asked)
          expect(file.entriesFrom(asked)[0]?.key).toBe(next)
          expect(file.lastEntryUpTo(asked)?.key).toBe(keys.findLast((key) => key <= asked))
        }),
        { numRuns: 200 },
      )
      expect(file.lastEntryUpTo(Number.MAX_SAFE_INTEGER)?.key).toBe(last)
    })
  })

  test('whose leaves lost their first keys is still searched to both sides', async () => {
    const keys = Array.from({ length: 600 }, (_, at) => at + 1)
    const path = await written(keys.map((key) => [key, 100]))
    const left = keys.filter((key) => key < 100 || key > 400)
    const environment = openEnvironment(join(path, '..'))
    for (const key of keys) if (!left.includes(key)) environment.removeSync(blockKey(key))
    // A last commit that takes entries away is damage; ones that add hide it.
    for (const key of [601, 602]) putAll(environment, [[key, 1]])
    await environment.close()
    withFile(path, (file) => {
      for (const asked of [50, 99, 100, 250, 400, 401, 600]) {
        expect(file.entriesFrom(asked)[0]?.key).toBe(left.find((key) => key >= asked))
        expect(file.lastEntryUpTo(asked)?.key).toBe(left.findLast((key) => key <= asked))
      }
    })
  })

  test('without entries has none', async () => {
    const path = await written([])
    withFile(path, (file) => {
      expect(file.entriesFrom(0)).toEqual([])
      expect(file.lastEntryUpTo(9)).toBeUndefined()
    })
  })

  // What LMDB leaves where the disk refused a meta page: it puts number and last page back, and keeps the failed trees.
  test('after a commit that failed is what it was before it', async () => {
    const path = await written([])
    const environment = openEnvironment(join(path, '..'))
    for (let key = 0; key < 9; key++) putAll(environment, [[key, 5_000]])
    const before = readFileSync(path)
    putAll(environment, [[9, 5_000]])
    await environment.close()
    const after = readFileSync(path)
    const slot = after.readBigUInt64LE(152) > after.readBigUInt64LE(4_096 + 152) ? 0 : 4_096
    before.copy(after, slot + 144, slot + 144, slot + 160)
    writeFileSync(path, after)
    withFile(path, (file) => expect(file.lastEntryUpTo(1_000)?.key).toBe(8))
    const again = openEnvironment(join(path, '..'))
    putAll(again, [[9, 20]])
    await again.close()
    withFile(path, (file) => expect(keysFrom(file, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
  })

  test('that was cut off inside a value says so', async () => {
    const path = await written([[1, 50_000]])
    truncateSync(path, statSync(path).size - 20_000)
    withFile(path, (file) => {
      expect(() => file.entriesFrom(1)[0]?.readValue()).toThrow(/cut off|is not/)
    })
  })

  test('shows what is written on while it is open', async () => {
    const path = await written([[1, 10]])
    const environment = openEnvironment(join(path, '..'))
    withFile(path, (file) => {
      for (let key = 2; key < 300; key++) {
        putAll(environment, [[key, 500]])
        expect(file.lastEntryUpTo(1_000)?.key).toBe(key)
        expect(file.entriesFrom(key)).toHaveLength(1)
      }
    })
    await environment.close()
  })
})

// LMDB writes to it for whoever opens an environment, and so takes back what a running server commits meanwhile.
test('reading a journal needs no lock file and leaves none', async () => {
  const data = newDirectory()
  copyGolden(data)
  const journal = join(data, 'partition-0/journal')
  const segments = listSegments(journal)
  for (const { path } of segments) rmSync(join(path, 'lock.mdb'), { force: true })
  const before = segments.map(({ path }) => readFileSync(segmentFile(path)))
  expect((await readAll(lmdbReader(journal))).blocks.length).toBeGreaterThan(1)
  expect(Math.max(...segments.map(highestSeqIn))).toBeGreaterThan(1)
  for (const { path } of segments) expect(readdirSync(path)).toEqual(['data.mdb'])
  expect(segments.map(({ path }) => readFileSync(segmentFile(path)))).toEqual(before)
})
