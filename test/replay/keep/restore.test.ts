// What comes back from a backup, whole or up to any event, and what a restore refuses.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { backupData, requireAllPartitions, restoreData } from '../../../replay/keep/copy-data.ts'
import { trimSegments } from '../../../replay/keep/retire-segments.ts'
import { verify } from '../../../replay/verify.ts'
import { TO_THE_END, type WalkEnd } from '../../../replay/walk.ts'
import { eventAt, faultCode } from '../../fixtures/blocks.ts'
import { START } from '../../fixtures/commands.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import {
  copiesOf,
  eventsOf,
  goOn,
  hashAfter,
  SEGMENT_SIZES,
  snapshotOf,
  startOn,
  writeKept,
} from '../../fixtures/kept-journal.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const atSeq = (seq: number): WalkEnd => ({ seq, at: undefined })
const atTime = (at: number): WalkEnd => ({ seq: undefined, at })

/** Restores the partition of `data` to a new place. */
async function restored(data: string, end: WalkEnd) {
  const to = join(newDirectory(), 'back')
  const [report] = await restoreData([partitionPaths(data, 0)], to, end, () => undefined)
  return { report, paths: partitionPaths(to, 0) }
}

describe('a restore up to a point', () => {
  randomTest('ends exactly at every seq, and goes on from there', async (random) => {
    for (const segmentBytes of SEGMENT_SIZES.slice(0, 2)) {
      const options = { count: 14, segmentBytes, most: 4 }
      const { directory, events } = await writeKept(random, newDirectory(), options)
      for (let seq = 0; seq <= events.length; seq++) {
        const { report, paths } = await restored(directory.data, atSeq(seq))
        const stateHash = hashAfter(events, seq)
        expect(report, `at ${seq}`).toMatchObject({ lastSeq: seq, stateHash, discrepancies: [] })
        expect(await eventsOf(paths)).toEqual(events.slice(0, seq))
        const { snapshotSeq, head } = await startOn(paths)
        const half = events.length >> 1
        expect([snapshotSeq, head.seq]).toEqual([seq >= half ? half : 0, seq])
        if (seq % 4 > 0) continue
        expect(await goOn(paths)).toMatchObject({ discrepancies: [] })
      }
    }
  })

  randomTest('in time ends with the last event of that time', async (random) => {
    const { directory, events } = await writeKept(random, newDirectory(), { count: 60 })
    const times = [...new Set(events.map(({ at }) => at))]
    const asked = [times[0], times.at(-1), random.pick(times), random.pick(times)] as number[]
    for (const at of asked.flatMap((time) => [time - 1, time, time + 1])) {
      const seq = events.filter((event) => event.at <= at).length
      const { report, paths } = await restored(directory.data, atTime(at))
      expect(report).toMatchObject({ lastSeq: seq, stateHash: hashAfter(events, seq) })
      expect(await eventsOf(paths)).toEqual(events.slice(0, seq))
    }
  })

  test('leaves later snapshots behind, and looks at nothing that comes later', async () => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await directory.snapshot()
    const file = directory.segmentFile(2)
    directory.editFile(file, (bytes) => bytes.subarray(0, 100))
    const { report, paths } = await restored(directory.data, atSeq(2 * BLOCK_EVENTS))
    expect(report).toMatchObject({ lastSeq: 2 * BLOCK_EVENTS, snapshotsChecked: 0 })
    expect(listSnapshots(paths.snapshots)).toEqual([])
  })

  test.each([
    ['a seq beyond the end', 'seq_unreached', atSeq(3 * BLOCK_EVENTS + 1)],
    ['a seq before what was trimmed', 'journal_archived', atSeq(BLOCK_EVENTS - 1)],
    ['a time before what was trimmed', 'journal_archived', atTime(START + 2)],
  ])('is refused for %s, and leaves nothing', async (_, code, end) => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await snapshotOf(directory.paths)
    await trimSegments(directory.paths, 1 + BLOCK_EVENTS)
    const parent = newDirectory()
    const restore = () =>
      restoreData([directory.paths], join(parent, 'deep', 'back'), end, () => undefined)
    expect(await faultCode(restore)).toBe(code)
    expect(readdirSync(join(parent, 'deep'))).toEqual([])
  })

  test('can be the very base of a trimmed journal', async () => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await snapshotOf(directory.paths)
    await trimSegments(directory.paths, 1 + BLOCK_EVENTS)
    const { at } = eventAt(BLOCK_EVENTS)
    const events = Array.from({ length: BLOCK_EVENTS }, (_, index) => eventAt(index + 1))
    for (const end of [atSeq(BLOCK_EVENTS), atTime(at)]) {
      const { report, paths } = await restored(directory.data, end)
      const stateHash = hashAfter(events, BLOCK_EVENTS)
      expect(report).toMatchObject({ baseSeq: BLOCK_EVENTS, lastSeq: BLOCK_EVENTS, stateHash })
      expect(await goOn(paths)).toMatchObject({ baseSeq: BLOCK_EVENTS, discrepancies: [] })
    }
  })
})

describe('a backup that was changed', () => {
  let backup: DataDirectory
  const manifest = () => join(backup.data, 'backup.json')
  const rewrite = (change: (said: { partitions: Record<string, unknown>[] }) => unknown) => {
    const said = JSON.parse(readFileSync(manifest(), 'utf8'))
    writeFileSync(manifest(), JSON.stringify(change(said)))
  }
  const entry = (change: object) =>
    rewrite((said) => ({ ...said, partitions: [{ ...said.partitions[0], ...change }] }))

  const copyTo = copiesOf(async (data) => {
    const { paths } = await DataDirectory.write(newDirectory(), 3)
    await backupData([paths], data, () => undefined)
  })
  beforeEach(() => {
    backup = copyTo(newDirectory())
  })

  const changes: readonly [string, string, () => unknown][] = [
    ['another last seq', 'backup_differs', () => entry({ lastSeq: 8 })],
    ['another state hash', 'backup_differs', () => entry({ stateHash: '0'.repeat(32) })],
    ['another chain hash', 'backup_differs', () => entry({ chainHash: '0'.repeat(32) })],
    ['another partition', 'backup_differs', () => entry({ partition: '1/2' })],
    ['no partitions', 'backup_differs', () => rewrite(() => ({ version: 1 }))],
    ['partitions that are none', 'backup_differs', () => rewrite(() => ({ partitions: [null] }))],
    ['nothing', 'backup_differs', () => rewrite(() => null)],
    ['no JSON', 'backup_differs', () => writeFileSync(manifest(), '{"version')],
    [
      'a changed block',
      'journal_damaged',
      () =>
        backup.editBlock(1, 1 + BLOCK_EVENTS, (bytes) => {
          bytes[90] = (bytes[90] ?? 0) ^ 4
          return bytes
        }),
    ],
    [
      'the journal of another day',
      'backup_differs',
      async () => {
        const shorter = await DataDirectory.write(newDirectory(), 2)
        rmSync(backup.paths.journal, { recursive: true })
        cpSync(shorter.paths.journal, backup.paths.journal, { recursive: true })
      },
    ],
  ]
  test.each(changes)('with %s is refused: %s', async (_, code, change) => {
    await change()
    const parent = newDirectory()
    const restore = () =>
      restoreData([backup.paths], join(parent, 'back'), TO_THE_END, () => undefined)
    expect(await faultCode(restore)).toBe(code)
    expect(readdirSync(parent), 'nothing is left').toEqual([])
  })

  test('in nothing but its form comes back', async () => {
    rewrite((said) => said)
    const { report, paths } = await restored(backup.data, TO_THE_END)
    expect(report).toMatchObject({ lastSeq: 3 * BLOCK_EVENTS, discrepancies: [] })
    expect(await verify(paths)).toEqual(report)
  })

  test('is no matter to a place that is taken', async () => {
    const to = newDirectory()
    mkdirSync(join(to, 'partition-0'))
    const restore = () => restoreData([backup.paths], to, TO_THE_END, () => undefined)
    expect(await faultCode(restore)).toBe('target_exists')
    expect(readdirSync(join(to, 'partition-0'))).toEqual([])
  })
})

test('a backup that lost a whole partition is refused, and one folder of it can be restored alone', () => {
  const from = newDirectory()
  const entry = (partition: string) => ({ partition, lastSeq: 1, chainHash: '', stateHash: '' })
  writeFileSync(
    join(from, 'backup.json'),
    JSON.stringify({ version: 1, partitions: [entry('0/2'), entry('1/2')] }),
  )
  const both = [partitionPaths(from, 0), partitionPaths(from, 1)]
  expect(() => requireAllPartitions(from, both)).not.toThrow()
  expect(() => requireAllPartitions(from, both.slice(0, 1))).toThrow(
    /partition 1\/2, which is miss/,
  )
  expect(() => requireAllPartitions(join(from, 'partition-0'), both.slice(0, 1))).not.toThrow()
})
