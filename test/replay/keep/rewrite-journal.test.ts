// A fresh journal from an old one: the same events and state, in fewer blocks.
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BLOCK_EVENTS_MAX } from '../../../core/limits.ts'
import { EMPTY_HEAD } from '../../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { listSegments } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import type { OnCopied } from '../../../replay/keep/copy-data.ts'
import { trimSegments } from '../../../replay/keep/retire-segments.ts'
import { rewriteData } from '../../../replay/keep/rewrite-journal.ts'
import { verify } from '../../../replay/verify.ts'
import { blockAt, faultCode, IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import {
  appendTo,
  eventsOf,
  goOn,
  SEGMENT_SIZES,
  snapshotOf,
  startOn,
  writeKept,
} from '../../fixtures/kept-journal.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const nothing: OnCopied = () => undefined

async function rewritten(source: PartitionPaths, segmentBytes = 2 ** 30) {
  const to = join(newDirectory(), 'fresh')
  const [report] = await rewriteData([source], to, segmentBytes, nothing)
  return { report, paths: partitionPaths(to, 0) }
}

describe('a journal that is written anew', () => {
  test('from the golden one has its events, in one block of the next epoch', async () => {
    const directory = new DataDirectory(newDirectory())
    const { stateHash, events, lastSeq, epoch } = copyGolden(directory.data)
    const before = directory.fingerprint()
    const { report, paths } = await rewritten(directory.paths)
    expect(report).toMatchObject({
      ...{ stateHash, events, lastSeq, epoch: epoch + 1, partition: '0/1', discrepancies: [] },
      ...{ blocks: 1, segments: 1, snapshotsChecked: 1, clusterId: IDENTITY.clusterId },
    })
    expect(await verify(paths)).toEqual(report)
    expect(await eventsOf(paths)).toEqual(await eventsOf(directory.paths))
    expect(directory.fingerprint(), 'the old one is left alone').toEqual(before)
  })

  randomTest('from any one comes to the same state, and can be started on', async (random) => {
    for (const segmentBytes of SEGMENT_SIZES) {
      const options = { count: 60, segmentBytes }
      const { directory, events } = await writeKept(random, newDirectory(), options)
      const old = await verify(directory.paths)
      const { report, paths } = await rewritten(directory.paths)
      expect(report?.stateHash).toBe(old.stateHash)
      expect([report?.blocks, report?.epoch, report?.lastSeq]).toEqual([1, 3, events.length])
      expect(old.blocks).toBeGreaterThan(1)
      expect(await eventsOf(paths)).toEqual(events)
      expect((await startOn(paths)).snapshotSeq).toBe(events.length)
      expect(await goOn(paths)).toMatchObject({ epoch: 4, discrepancies: [] })
    }
  })

  test('closes segments at the size that was asked for', async () => {
    const { paths: source } = new DataDirectory(newDirectory())
    const count = 2 * BLOCK_EVENTS_MAX + 10
    const thirds = [blockAt(1, 3_000), blockAt(3_001, 3_000), blockAt(6_001, count - 6_000)]
    const head = { identity: IDENTITY, head: EMPTY_HEAD }
    await appendTo(
      source,
      head,
      thirds.map(({ events }) => events),
    )
    for (const [segmentBytes, firstSeqs] of [
      [1, [1, BLOCK_EVENTS_MAX + 1, 2 * BLOCK_EVENTS_MAX + 1]],
      [2 ** 30, [1]],
    ] as const) {
      const { report, paths } = await rewritten(source, segmentBytes)
      expect(report).toMatchObject({ lastSeq: count, blocks: 3, discrepancies: [] })
      expect(listSegments(paths.journal).map(({ firstSeq }) => firstSeq)).toEqual(firstSeqs)
      expect(listSnapshots(paths.snapshots).map(({ seq }) => seq)).toEqual([count])
    }
  })

  test('from a trimmed one begins with the same base', async () => {
    const { paths: source } = await DataDirectory.write(newDirectory(), 4)
    await snapshotOf(source)
    const old = await verify(source)
    await trimSegments(source, 1 + 2 * BLOCK_EVENTS)
    const { report, paths } = await rewritten(source)
    const { stateHash, lastSeq } = old
    expect(report).toMatchObject({ baseSeq: 2 * BLOCK_EVENTS, stateHash, lastSeq, blocks: 1 })
    expect(report?.discrepancies).toEqual([])
    expect(await eventsOf(paths)).toEqual(await eventsOf(source))
    expect(await goOn(paths)).toMatchObject({ baseSeq: 2 * BLOCK_EVENTS, discrepancies: [] })
  })
})

describe('a journal that cannot be written anew', () => {
  test('for it is damaged leaves nothing', async () => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await directory.editBlock(2, 1 + 2 * BLOCK_EVENTS, (bytes) => bytes.subarray(1))
    const parent = newDirectory()
    const rewrite = () => rewriteData([directory.paths], join(parent, 'fresh'), 1, nothing)
    expect(await faultCode(rewrite)).toBe('journal_damaged')
    expect(readdirSync(parent)).toEqual([])
  })

  test('for the place is taken changes nothing there', async () => {
    const { paths } = await DataDirectory.write(newDirectory(), 1)
    const to = newDirectory()
    mkdirSync(join(to, 'mine'))
    expect(await faultCode(() => rewriteData([paths], to, 1, nothing))).toBe('target_exists')
    expect(readdirSync(to)).toEqual(['mine'])
  })
})
