// Old segments that go: only what a snapshot stands in for, and the journal and the archive are whole afterwards.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { stateHash } from '../../../core/state-hash.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { continuationMark, listSegments } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { restoreData } from '../../../replay/keep/copy-data.ts'
import {
  archiveSegments,
  segmentsBefore,
  trimSegments,
} from '../../../replay/keep/retire-segments.ts'
import { verify } from '../../../replay/verify.ts'
import { TO_THE_END, walk } from '../../../replay/walk.ts'
import { faultCode, IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import {
  copiesOf,
  eventsOf,
  goOn,
  hashAfter,
  snapshotOf,
  startOn,
  writeKept,
} from '../../fixtures/kept-journal.ts'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

const ALL = Number.MAX_SAFE_INTEGER
const SEGMENTS = 5
/** The seq that segment `index` of a `DataDirectory` begins with. */
const firstSeqOf = (index: number) => 1 + index * BLOCK_EVENTS
const firstSeqs = ({ journal }: PartitionPaths) => listSegments(journal).map((one) => one.firstSeq)

/** A journal of five segments, with a snapshot of its end. */
const copyTo = copiesOf(async (data) => {
  const { paths } = await DataDirectory.write(data, SEGMENTS)
  await snapshotOf(paths)
})
const covered = () => copyTo(newDirectory())

type Retire = (paths: PartitionPaths, beforeSeq: number) => Promise<{ readonly firstSeq: number }>

const WAYS: readonly [string, Retire][] = [
  ['archived', (paths, beforeSeq) => archiveSegments(paths, newDirectory(), beforeSeq)],
  ['trimmed', trimSegments],
]

describe.each(WAYS)('segments that are %s', (_, retire) => {
  test.each([
    ['the first event', 1, 0],
    ['an event of the first segment', firstSeqOf(1) - 1, 0],
    ['the first event of another segment', firstSeqOf(2), 2],
    ['the event after that', firstSeqOf(2) + 1, 2],
    ['the event before', firstSeqOf(2) - 1, 1],
    ['the last event', SEGMENTS * BLOCK_EVENTS, SEGMENTS - 1],
    ['everything that will ever be', ALL, SEGMENTS - 1],
  ])('end before %s: seq %i, %i of them', async (_words, beforeSeq, gone) => {
    const { paths } = covered()
    const all = firstSeqs(paths)
    expect(segmentsBefore(paths, beforeSeq)).toHaveLength(gone)
    expect(await retire(paths, beforeSeq)).toMatchObject({ firstSeq: all[gone] })
    expect(firstSeqs(paths)).toEqual(all.slice(gone))
  })

  test('leave a journal that is whole, starts and goes on as before', async () => {
    const { paths } = covered()
    const before = await verify(paths)
    const started = await startOn(paths)
    await retire(paths, firstSeqOf(3))
    const after = await verify(paths)
    expect(after).toMatchObject({ discrepancies: [], baseSeq: firstSeqOf(3) - 1, segments: 2 })
    const { stateHash: hash, chainHash, lastSeq, epoch } = before
    expect(after).toMatchObject({ stateHash: hash, chainHash, lastSeq, epoch })
    const again = await startOn(paths)
    expect([stateHash(again.state), again.head]).toEqual([hash, started.head])
    const { baseSeq, state } = await walk(paths, TO_THE_END, {})
    expect([baseSeq, stateHash(state)]).toEqual([firstSeqOf(3) - 1, hash])
    const early = { seq: firstSeqOf(3) - 2, at: undefined }
    expect(await faultCode(() => walk(paths, early, {}))).toBe('journal_archived')
    expect(await goOn(paths)).toMatchObject({ baseSeq, discrepancies: [] })
  })

  const uncovered: readonly [string, (one: DataDirectory) => unknown][] = [
    ['none', (one) => rmSync(one.paths.snapshots, { recursive: true })],
    [
      'only a damaged one',
      (one) => {
        const [place] = listSnapshots(one.paths.snapshots)
        one.editFile(place?.path ?? '', (bytes) => bytes.subarray(0, bytes.length - 1))
      },
    ],
    [
      'only one of another cluster',
      async (one) => {
        rmSync(one.paths.snapshots, { recursive: true })
        await one.snapshot({ ...IDENTITY, clusterId: 'e'.repeat(32) })
      },
    ],
    [
      'only one of an earlier seq',
      async (one) => {
        rmSync(one.paths.snapshots, { recursive: true })
        const shorter = await DataDirectory.write(newDirectory(), 2)
        await shorter.snapshot()
        cpSync(shorter.paths.snapshots, one.paths.snapshots, { recursive: true })
      },
    ],
  ]
  test.each(uncovered)(
    'need a valid snapshot, and there is %s: nothing changes',
    async (_, undo) => {
      const directory = covered()
      await undo(directory)
      const before = directory.fingerprint()
      const gone = () => retire(directory.paths, firstSeqOf(3))
      expect(await faultCode(gone)).toBe('snapshot_needed')
      expect(directory.fingerprint()).toEqual(before)
    },
  )

  randomTest('change no state, whatever the journal and wherever it is cut', async (random) => {
    for (let round = 0; round < 3; round++) {
      const options = { count: 60, segmentBytes: random.pick([200, 13_128]) }
      const { directory, events } = await writeKept(random, newDirectory(), options)
      const { paths } = directory
      if (random.oneIn(2)) await snapshotOf(paths)
      // The snapshot in the middle covers half of it.
      for (const top of [events.length >> 2, events.length >> 1]) {
        const { firstSeq } = await retire(paths, random.integer(1, top))
        expect(await eventsOf(paths)).toEqual(events.slice(firstSeq - 1))
        const expected = { baseSeq: firstSeq - 1, stateHash: hashAfter(events, events.length) }
        expect(await verify(paths)).toMatchObject({ ...expected, discrepancies: [] })
        expect(stateHash((await startOn(paths)).state)).toBe(expected.stateHash)
        const seq = random.integer(firstSeq - 1, events.length)
        const { state } = await walk(paths, { seq, at: undefined }, {})
        expect(stateHash(state), `at ${seq}`).toBe(hashAfter(events, seq))
      }
    }
  })

  test('leave no snapshot that nothing follows any more', async () => {
    const { paths } = covered()
    for (const segment of [1, 3]) {
      await retire(paths, firstSeqOf(segment))
      const kept = listSnapshots(paths.snapshots).map(({ seq }) => seq)
      expect(kept).toEqual([SEGMENTS * BLOCK_EVENTS, firstSeqOf(segment) - 1])
    }
  })

  test('leave a base that outlives any number of snapshots', async () => {
    const { paths } = covered()
    await retire(paths, firstSeqOf(2))
    for (let more = 0; more < 4; more++) {
      await goOn(paths)
      await snapshotOf(paths)
    }
    const kept = listSnapshots(paths.snapshots).map(({ seq }) => seq)
    expect(kept).toHaveLength(3)
    expect(kept.at(-1)).toBe(firstSeqOf(2) - 1)
    expect(await verify(paths)).toMatchObject({ discrepancies: [], snapshotsChecked: 3 })
  })
})

describe('an archive', () => {
  test('is the older part of the journal: whole, for questions, and for no server', async () => {
    const { paths } = covered()
    const events = await eventsOf(paths)
    const archive = newDirectory()
    await archiveSegments(paths, archive, firstSeqOf(3))
    const target = partitionPaths(archive, 0)
    expect(await eventsOf(target)).toEqual(events.slice(0, firstSeqOf(3) - 1))
    const lastSeq = firstSeqOf(3) - 1
    const expected = { lastSeq, stateHash: hashAfter(events, lastSeq), discrepancies: [] }
    expect(await verify(target)).toMatchObject(expected)
    const { head, identity = IDENTITY } = await startOn(target)
    const write = async () => {
      const options = { identity, head, epoch: 9, segmentBytes: 2 ** 30, commitDeadlineMs: 60_000 }
      await (await openLmdbJournal(target.journal, options)).close()
    }
    expect(await faultCode(write)).toBe('journal_archived')
    expect(firstSeqs(target)).toEqual([1, firstSeqOf(1), firstSeqOf(2)])
    const back = join(newDirectory(), 'back')
    const [restored] = await restoreData([target], back, TO_THE_END, () => undefined)
    expect(restored).toMatchObject(expected)
    expect(await goOn(partitionPaths(back, 0)), 'a copy of it may sell').toMatchObject({
      discrepancies: [],
    })
  })

  test('that lost its mark or its newest segment is told from a whole one', async () => {
    const { paths } = covered()
    const archive = newDirectory()
    await archiveSegments(paths, archive, firstSeqOf(3))
    const target = partitionPaths(archive, 0)
    const copy = newDirectory()
    cpSync(archive, copy, { recursive: true })
    rmSync(continuationMark(target.journal, firstSeqOf(3)))
    expect((await verify(target)).discrepancies).toMatchObject([{ broken: 'journal_gap' }])
    const other = partitionPaths(copy, 0)
    rmSync(listSegments(other.journal).at(-1)?.path ?? '', { recursive: true })
    expect((await verify(other)).discrepancies).toMatchObject([{ broken: 'journal_gap' }])
  })

  test('takes what follows later, and stays whole', async () => {
    const { paths } = covered()
    const events = await eventsOf(paths)
    const archive = newDirectory()
    const target = partitionPaths(archive, 0)
    for (const segment of [1, 3, 3, 4]) {
      await archiveSegments(paths, archive, firstSeqOf(segment))
      const lastSeq = firstSeqOf(segment) - 1
      const stateHashThen = hashAfter(events, lastSeq)
      const expected = { lastSeq, stateHash: stateHashThen, discrepancies: [] }
      expect(await verify(target), `segment ${segment}`).toMatchObject(expected)
      expect((await verify(paths)).discrepancies).toEqual([])
      const marks = readdirSync(target.journal).filter((name) => name.startsWith('continued'))
      expect(marks).toHaveLength(1)
    }
    expect([...(await eventsOf(target)), ...(await eventsOf(paths))]).toEqual(events)
  })

  test('of a journal that was trimmed begins with its base', async () => {
    const { paths } = covered()
    const before = await verify(paths)
    await trimSegments(paths, firstSeqOf(2))
    const archive = newDirectory()
    await archiveSegments(paths, archive, firstSeqOf(4))
    const base = { baseSeq: firstSeqOf(2) - 1, lastSeq: firstSeqOf(4) - 1, discrepancies: [] }
    expect(await verify(partitionPaths(archive, 0))).toMatchObject(base)
    const { stateHash: hash } = before
    expect(await verify(paths)).toMatchObject({ stateHash: hash, discrepancies: [] })
  })

  const strangers: readonly [string, (archive: string) => unknown][] = [
    ['another journal', (archive) => DataDirectory.write(archive, 2)],
    [
      'the archive of another cluster',
      async (archive) => {
        const identity = { ...IDENTITY, clusterId: 'e'.repeat(32) }
        const { paths } = await DataDirectory.write(newDirectory(), 2, identity)
        await restoreData([paths], join(archive, 'x'), TO_THE_END, () => undefined)
        await goOn(paths)
        await snapshotOf(paths)
        await archiveSegments(paths, archive, ALL)
      },
    ],
    [
      'an archive that ends earlier',
      async (archive) => archiveSegments(covered().paths, archive, firstSeqOf(1)),
    ],
  ]
  test.each(strangers)('is not made where there is %s: nothing changes', async (_, fill) => {
    const directory = covered()
    await archiveSegments(directory.paths, newDirectory(), firstSeqOf(2))
    const archive = newDirectory()
    await fill(archive)
    const before = [directory.fingerprint(), new DataDirectory(archive).fingerprint()]
    const move = () => archiveSegments(directory.paths, archive, firstSeqOf(4))
    expect(await faultCode(move)).toBe('target_exists')
    expect([directory.fingerprint(), new DataDirectory(archive).fingerprint()]).toEqual(before)
  })
})

const SHARED_MEMORY = '/dev/shm'
const isOtherDisk =
  existsSync(SHARED_MEMORY) && statSync(SHARED_MEMORY).dev !== statSync(tmpdir()).dev
const onOtherDisk: string[] = []
afterEach(() => {
  for (const path of onOtherDisk.splice(0)) rmSync(path, { recursive: true, force: true })
})

test.skipIf(!isOtherDisk)('segments move to another disk by copying', async () => {
  const { paths } = covered()
  const before = new DataDirectory(join(paths.root, '..')).fingerprint()
  const archive = mkdtempSync(join(SHARED_MEMORY, 'holdfast-'))
  onOtherDisk.push(archive)
  await archiveSegments(paths, archive, firstSeqOf(3))
  const target = partitionPaths(archive, 0)
  expect(firstSeqs(paths)).toEqual([firstSeqOf(3), firstSeqOf(4)])
  expect(firstSeqs(target)).toEqual([1, firstSeqOf(1), firstSeqOf(2)])
  const moved = Object.entries(new DataDirectory(archive).fingerprint())
  const segments = moved.filter(([name]) => name.endsWith('data.mdb'))
  expect(segments).toHaveLength(3)
  for (const [name, hash] of segments) expect(before[name], name).toBe(hash)
  expect((await verify(target)).discrepancies).toEqual([])
  expect((await verify(paths)).discrepancies).toEqual([])
  expect(readdirSync(target.journal).filter((name) => name.includes('moving'))).toEqual([])
})

test('beside a server segments go, and it sells on and starts again', async () => {
  const { data, paths } = covered()
  const archive = newDirectory()
  const server = await RealServer.start(data)
  let isOver = false
  const sell = async () => {
    for (let key = 0; !isOver; key++) expect((await server.reserve(`key-${key}`)).status).toBe(201)
  }
  const selling = sell()
  const moved = await runHoldfast(['replay', 'archive', data, '--to', archive, '--json'])
  const trimmed = await runHoldfast(['replay', 'trim', data, '--before', '999', '--json'])
  isOver = true
  await selling
  expect([moved.status, moved.stderr, trimmed.status]).toEqual([0, '', 0])
  const { segments, firstSeq } = JSON.parse(moved.stdout)
  expect([segments.length, firstSeq]).toEqual([SEGMENTS - 1, firstSeqOf(SEGMENTS - 1)])
  expect(JSON.parse(trimmed.stdout)).toMatchObject({ segments: [] })
  const hash = await server.hash()
  expect((await server.end('SIGKILL')).signal).toBe('SIGKILL')
  const again = await RealServer.start(data)
  expect(await again.hash()).toBe(hash)
  expect((await again.reserve('after')).status).toBe(201)
  const after = await again.hash()
  await again.end('SIGTERM')
  const report = await verify(paths)
  expect(report).toMatchObject({ stateHash: after, discrepancies: [], baseSeq: firstSeq - 1 })
  expect((await verify(partitionPaths(archive, 0))).discrepancies).toEqual([])
})
