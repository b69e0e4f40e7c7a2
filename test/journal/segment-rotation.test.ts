// From one segment to the next: what a crash may leave at any moment, and what nobody may lose without a word.
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openEnvironment } from '../../journal/lmdb-environment.ts'
import {
  continuationMark,
  draftPath,
  listDrafts,
  listSegments,
  segmentFile,
  segmentPath,
} from '../../journal/segments.ts'
import { blockAt, faultCode, readAll } from '../fixtures/blocks.ts'
import { type LmdbPlace, lmdbPlaces } from '../fixtures/lmdb-place.ts'

const places = lmdbPlaces()
const EACH = 100

function firstSeqs(place: LmdbPlace): number[] {
  return listSegments(place.path).map(({ firstSeq }) => firstSeq)
}

describe('a crash while a segment is begun', () => {
  test('before the one before was closed leaves a draft, which nobody minds', async () => {
    const place = places()
    const head = await place.write(1, EACH)
    cpSync(segmentPath(place.path, 1), draftPath(place.path, EACH + 1, 1), { recursive: true })
    expect((await readAll(place.reader)).chain.head).toEqual(head)
    await place.write(2, EACH, 1)
    expect((await readAll(place.reader)).events).toHaveLength(3 * EACH)
    expect(listDrafts(place.path), 'gone with the next segment').toEqual([])
  })

  test('right after the one before was closed begins it at the next start', async () => {
    const place = places()
    await place.write(2, EACH, 1)
    const next = segmentPath(place.path, EACH + 1)
    rmSync(draftPath(place.path, EACH + 1, 1), { recursive: true, force: true })
    renameSync(next, draftPath(place.path, EACH + 1, 1))
    expect((await readAll(place.reader)).chain.head.seq).toBe(EACH)
    await place.write(1, EACH)
    expect(firstSeqs(place)).toEqual([1, EACH + 1])
    expect((await readAll(place.reader)).events).toHaveLength(2 * EACH)
    expect(listDrafts(place.path)).toEqual([])
  })

  test('cannot lose the one that follows: it is missed', async () => {
    const place = places()
    await place.write(2, EACH, 1)
    rmSync(segmentPath(place.path, EACH + 1), { recursive: true })
    expect(await faultCode(() => readAll(place.reader))).toBe('journal_gap')
  })

  test('is told from an archive, which goes on elsewhere', async () => {
    const place = places()
    await place.write(2, EACH, 1)
    rmSync(segmentPath(place.path, EACH + 1), { recursive: true })
    writeFileSync(continuationMark(place.path, EACH + 1), '')
    expect((await readAll(place.reader)).chain.head.seq).toBe(EACH)
  })

  const leftovers: [string, string, (folder: string) => Promise<void>][] = [
    ['an empty folder', 'journal_damaged', async (folder) => void mkdirSync(folder)],
    [
      'an empty file',
      'journal_damaged',
      async (folder) => {
        mkdirSync(folder)
        writeFileSync(segmentFile(folder), '')
      },
    ],
    [
      'an environment without its opening block',
      'journal_damaged',
      async (folder) => {
        mkdirSync(folder)
        await openEnvironment(folder).close()
      },
    ],
  ]
  test.each(leftovers)('never leaves %s under its name: %s', async (_, code, leave) => {
    const place = places()
    await place.write(2, EACH)
    await leave(segmentPath(place.path, 201))
    expect(await faultCode(() => readAll(place.reader))).toBe(code)
  })

  test('by an owner that was overtaken leaves the journal of the other whole', async () => {
    const place = places()
    const head = await place.write(1, EACH)
    const old = await place.openForWriting(2, head, 1)
    const young = await place.openForWriting(3, head)
    await young.append(blockAt(EACH + 1, EACH))
    expect(await faultCode(() => old.append(blockAt(EACH + 1, 1)))).toBe('commit_refused')
    expect(firstSeqs(place)).toEqual([1])
    await young.append(blockAt(2 * EACH + 1, EACH))
    expect((await readAll(place.reader)).chain.head).toEqual(young.head)
  })
})
