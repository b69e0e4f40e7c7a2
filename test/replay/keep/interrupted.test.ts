// Keeping a journal, cut off half-way, beside a reader, or on top of another's: nothing is lost, nobody is misled.
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { partitionPaths, requireNoCutRepair } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { listRetired, listSegments, retiredPath } from '../../../journal/segments.ts'
import { backupData } from '../../../replay/keep/copy-data.ts'
import { diagnose } from '../../../replay/keep/diagnose.ts'
import { archiveSegments, trimSegments } from '../../../replay/keep/retire-segments.ts'
import { verify } from '../../../replay/verify.ts'
import { blockAt, faultCode, IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const BLOCKS = 5
const ALL = Number.MAX_SAFE_INTEGER
const quiet = () => undefined

async function withSnapshot(): Promise<DataDirectory> {
  const directory = await DataDirectory.write(newDirectory(), BLOCKS)
  await directory.snapshot()
  return directory
}

test('a repair cut off between its two renames is told: nobody begins anew', () => {
  const data = newDirectory()
  const paths = partitionPaths(data, 0)
  expect(() => requireNoCutRepair(paths), 'a first start').not.toThrow()
  mkdirSync(`${paths.root}.damaged-2026`)
  mkdirSync(`${paths.root}.repaired-7`)
  expect(() => requireNoCutRepair(paths)).toThrow(
    /partition-0 is missing, but .*repaired-7.*cut off/,
  )
  mkdirSync(paths.root)
  expect(() => requireNoCutRepair(paths)).not.toThrow()
})

test('a file that LMDB cannot read still bears witness of its blocks', async () => {
  const directory = await DataDirectory.write(newDirectory(), BLOCKS)
  directory.editFile(directory.segmentFile(BLOCKS - 1), (bytes) => {
    bytes.fill(0, 24, 28)
    return bytes
  })
  const found = await diagnose(directory.paths, quiet)
  expect(found.fault?.code).toBe('journal_damaged')
  expect(found.goodSeq).toBe((BLOCKS - 1) * BLOCK_EVENTS)
  expect(found.knownSeq).toBe(BLOCKS * BLOCK_EVENTS)
})

test('a segment that was being deleted is none any more, and goes with the next ones', async () => {
  const directory = await withSnapshot()
  await trimSegments(directory.paths, BLOCK_EVENTS + 1)
  const [oldest] = listSegments(directory.paths.journal)
  mkdirSync(retiredPath(join(directory.paths.journal, 'segment-0000000000000001')))
  expect((await verify(directory.paths)).discrepancies).toEqual([])
  expect(oldest?.firstSeq).toBe(BLOCK_EVENTS + 1)
  await trimSegments(directory.paths, ALL)
  expect(listRetired(directory.paths.journal)).toEqual([])
})

test('an archive takes no segment in the place of another', async () => {
  const directory = await withSnapshot()
  const archive = newDirectory()
  await archiveSegments(directory.paths, archive, 2 * BLOCK_EVENTS + 1)
  const before = new DataDirectory(archive).fingerprint()
  // A fork of the same journal, which has its own second segment.
  const fork = await DataDirectory.write(newDirectory(), 1, IDENTITY)
  const { head } = await fork.replay()
  const journal = await openLmdbJournal(fork.paths.journal, {
    ...{ identity: IDENTITY, head, epoch: 2, segmentBytes: 200, commitDeadlineMs: 60_000 },
  })
  for (const seq of [4, 7, 10]) await journal.append(blockAt(seq, BLOCK_EVENTS, 'eve'))
  await journal.close()
  await fork.snapshot()
  expect(await faultCode(() => archiveSegments(fork.paths, archive, ALL))).toBe('target_exists')
  expect(new DataDirectory(archive).fingerprint()).toEqual(before)
})

test('an archive on another disk goes on where it was cut off before deleting', async () => {
  const directory = await withSnapshot()
  const archive = newDirectory()
  const [first] = listSegments(directory.paths.journal)
  const kept = newDirectory()
  cpSync(first?.path ?? '', join(kept, 'segment'), { recursive: true })
  await archiveSegments(directory.paths, archive, BLOCK_EVENTS + 1)
  renameSync(join(kept, 'segment'), first?.path ?? '')
  await archiveSegments(directory.paths, archive, 2 * BLOCK_EVENTS + 1)
  expect((await verify(partitionPaths(archive, 0))).discrepancies).toEqual([])
  expect(listSegments(directory.paths.journal)[0]?.firstSeq).toBe(2 * BLOCK_EVENTS + 1)
})

test('a reader whose segments are archived under it says so, and calls nothing damaged', async () => {
  const directory = await withSnapshot()
  const seen: number[] = []
  const reading = (async () => {
    for await (const { header } of lmdbReader(directory.paths.journal).read(0)) {
      seen.push(header.firstSeq)
      if (seen.length === 1) await trimSegments(directory.paths, 2 * BLOCK_EVENTS + 1)
    }
  })()
  expect(await faultCode(() => reading)).toBe('journal_archived')
  expect(seen.length).toBeGreaterThan(0)
})

test('a target that is a file is refused by name', async () => {
  const directory = await withSnapshot()
  const file = join(newDirectory(), 'sale.html')
  writeFileSync(file, 'hello')
  for (const target of [file, join(file, 'below')]) {
    expect(await faultCode(() => backupData([directory.paths], target, quiet))).toBe(
      'target_exists',
    )
  }
  expect(readFileSync(file, 'utf8')).toBe('hello')
})
