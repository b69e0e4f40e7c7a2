// Every kind of damage is one: it changes a file and says which, is the same for the same seed, and stays in scope.
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAMAGE_KINDS, damageDirectory } from '../../../../gateway/drill/damage/damage.ts'
import type { DamageKind, Hit } from '../../../../gateway/drill/damage/damage-kind.ts'
import { Dice } from '../../../../gateway/drill/damage/dice.ts'
import { writeHealthyDirectory } from '../../../../gateway/drill/damage/healthy-directory.ts'
import {
  blocksOf,
  entriesOf,
  leafEntriesOf,
  pageCountOf,
  treePages,
} from '../../../../gateway/drill/damage/page-places.ts'
import { SHAPES } from '../../../../gateway/drill/damage/shapes.ts'
import { partitionPaths } from '../../../../journal/data-directory.ts'
import { lmdbReader } from '../../../../journal/read-blocks.ts'
import { listSegments, segmentFile } from '../../../../journal/segments.ts'
import { listSnapshots } from '../../../../journal/snapshot-file.ts'
import { runSeed } from '../../../fixtures/seed.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const seed = runSeed()
const place = mkdtempSync(join(tmpdir(), 'holdfast-'))
const healthy = SHAPES.filter(({ name }) =>
  ['large-blocks', 'one-segment', 'just-begun'].includes(name),
).map((shape) => ({ shape, data: join(place, shape.name) }))

beforeAll(async () => {
  for (const { shape, data } of healthy) await writeHealthyDirectory(data, shape, seed)
})
afterAll(() => rmSync(place, { recursive: true }))

function copyOf(name: string): string {
  const data = join(newDirectory(), 'data')
  cpSync(join(place, name), data, { recursive: true })
  return data
}

/** Every file by the hash of its bytes; LMDB's lock files only where `withLocks`, since reading changes them. */
function filesOf(data: string, withLocks: boolean): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('lock.mdb') && !withLocks) continue
    const isFolder = statSync(join(data, name)).isDirectory()
    const bytes = isFolder ? 'a folder' : readFileSync(join(data, name))
    found[name] = createHash('sha256').update(bytes).digest('hex')
  }
  return found
}

function kindOf(wanted: string): DamageKind {
  const kind = DAMAGE_KINDS.find(({ name }) => name === wanted)
  if (kind === undefined) throw new Error(`there is no kind ${wanted}`)
  return kind
}

/** Does the damage `kind` until it applies. */
async function hit(kind: DamageKind, data: string, dice: Dice): Promise<Hit> {
  const paths = partitionPaths(data, 0)
  for (let draw = 0; draw < 100; draw++) {
    const segments = listSegments(paths.journal)
    const snapshots = listSnapshots(paths.snapshots)
    const done = await kind.hit({ paths, segments, snapshots }, dice)
    if (done !== undefined) return done
  }
  throw new Error(`${kind.name} never applies`)
}

describe('damage', () => {
  test.each(DAMAGE_KINDS)('of kind $name changes something, and says what', async (kind) => {
    const data = copyOf('large-blocks')
    const isOfLock = kind.name === 'lock-garbage'
    const before = filesOf(data, isOfLock)
    const { file, what } = await hit(kind, data, new Dice(seed, kind.name))
    expect(filesOf(data, isOfLock), `HOLDFAST_SEED=${seed}`).not.toEqual(before)
    expect(relative(data, file)).toMatch(/^partition-0\/(journal|snapshots)\//)
    expect(what.length).toBeGreaterThan(5)
    expect(what).not.toContain(data)
  })

  test('has kinds with names of their own', () => {
    expect(new Set(DAMAGE_KINDS.map(({ name }) => name)).size).toBe(DAMAGE_KINDS.length)
  })

  test('is the same for the same seed and case, and another for another case', async () => {
    const drawn = async (purpose: string) => {
      const data = copyOf('one-segment')
      const { kind, file, what } = await damageDirectory(data, new Dice(seed, purpose))
      return `${kind} ${file} ${what}`
    }
    const of = (purpose: string) =>
      Promise.all(Array.from({ length: 12 }, (_, index) => drawn(`${purpose} ${index}`)))
    const once = await of('case')
    expect(await of('case'), `HOLDFAST_SEED=${seed}`).toEqual(once)
    expect(await of('another'), `HOLDFAST_SEED=${seed}`).not.toEqual(once)
  })

  test('never takes the only segment away', async () => {
    const data = copyOf('one-segment')
    const removing = hit(kindOf('segment-removed'), data, new Dice(seed, 'scope'))
    await expect(removing).rejects.toThrow('segment-removed never applies')
  })

  // A journal that has lost its last block alone is whole, only older: nobody could tell.
  test('never takes the last block of the newest segment away through LMDB', async () => {
    const dice = new Dice(seed, 'last block')
    const removed = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const paths = partitionPaths(copyOf('just-begun'), 0)
      // Of opening block and last block, which are all that it has.
      const site = { paths, segments: listSegments(paths.journal).slice(-1), snapshots: [] }
      removed.add((await kindOf('block-removed').hit(site, dice))?.what ?? 'nothing')
    }
    expect([...removed].sort()).toEqual(['block at seq 0 removed', 'nothing'])
  })
})

describe('the places in a file', () => {
  test.each(healthy)('of $shape.name are where the reader finds its blocks', async ({ data }) => {
    const { journal } = partitionPaths(data, 0)
    const read = new Map<string, number[]>()
    for await (const { where, header } of lmdbReader(journal).read(0)) {
      const file = where.split(', ')[0] as string
      read.set(file, [...(read.get(file) ?? []), header.firstSeq])
    }
    for (const { path } of listSegments(journal)) {
      const bytes = readFileSync(segmentFile(path))
      const found = blocksOf(bytes).map(({ header }) => header.firstSeq)
      expect(found, `HOLDFAST_SEED=${seed}`).toEqual(read.get(segmentFile(path)))
      for (const page of [...treePages(bytes, 'main'), ...treePages(bytes, 'free')]) {
        expect(page).toBeLessThan(pageCountOf(bytes))
        expect(entriesOf(bytes, page).length).toBeGreaterThan(0)
      }
      // A list of free pages is a count, then as many page numbers.
      for (const { valueOffset, valueBytes } of leafEntriesOf(bytes, 'free')) {
        expect(Number(bytes.readBigUInt64LE(valueOffset))).toBe(valueBytes / 8 - 1)
      }
    }
  })
})
