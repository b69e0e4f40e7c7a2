// Time travel: the walk stops at exactly the event that was asked for, by seq or by time; and what plan and diff say.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stateHash } from '../../core/state-hash.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { draftPath, segmentPath } from '../../journal/segments.ts'
import { diffJournals } from '../../replay/diff/diff-journals.ts'
import { partitionAt, partitionsAt } from '../../replay/partition-place.ts'
import { lastSeqAt, plan } from '../../replay/plan.ts'
import { stateReport } from '../../replay/state-report.ts'
import { TO_THE_END, type WalkEnd, walk } from '../../replay/walk.ts'
import { faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../fixtures/data-directory.ts'
import { randomTest } from '../fixtures/seed.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { replayed } from '../fixtures/test-partition.ts'
import { openedEvent, reservedEvent, writeEvents } from '../fixtures/written-events.ts'
import { randomEvents } from '../fixtures/written-journal.ts'

const newDirectory = tempDirectories()

describe('a walk', () => {
  randomTest('to a seq or a time gives the state right after that event', async (random) => {
    const events = randomEvents(random, 60)
    const blocks: (typeof events)[] = []
    for (let done = 0; done < events.length; done += 7) blocks.push(events.slice(done, done + 7))
    const paths = await writeEvents(newDirectory(), blocks)
    const hashAt = async (end: WalkEnd) => stateHash((await walk(paths, end, {})).state)
    for (let seq = 0; seq <= events.length; seq++) {
      const expected = stateHash(replayed(events.slice(0, seq)))
      expect(await hashAt({ seq, at: undefined }), `seq ${seq}`).toBe(expected)
    }
    for (const { at } of events.filter(() => random.oneIn(5))) {
      for (const time of [at - 1, at]) {
        const expected = replayed(events.filter((event) => event.at <= time))
        expect(await hashAt({ seq: undefined, at: time }), `at ${time}`).toBe(stateHash(expected))
      }
    }
  })

  test('tells whether the journal goes that far', async () => {
    const { paths } = await DataDirectory.write(newDirectory(), 2)
    const reaches = async (seq: number | undefined, at: number | undefined) =>
      (await walk(paths, { seq, at }, {})).hasReachedEnd
    expect(await reaches(6, undefined)).toBe(true)
    expect(await reaches(7, undefined)).toBe(false)
    expect(await reaches(undefined, Number.MAX_SAFE_INTEGER)).toBe(true)
  })

  test('says of an event that does not follow which one it is', async () => {
    const paths = await writeEvents(newDirectory(), [[openedEvent(1)], [reservedEvent('a', 2)]])
    expect(await faultCode(() => walk(paths, TO_THE_END, {}))).toBe('journal_damaged')
    await expect(walk(paths, TO_THE_END, {})).rejects.toThrow(/seq 2: event 2 \(reserved\) does/)
  })

  test('reports one SKU, or all', async () => {
    const paths = await writeEvents(newDirectory(), [
      [openedEvent(5), openedEvent(7, undefined, 'lamp'), reservedEvent('a', 2)],
    ])
    const { state } = await walk(paths, TO_THE_END, {})
    expect(stateReport(state).skus.map(({ sku }) => sku)).toEqual(['shoe', 'lamp'])
    expect(stateReport(state, 'lamp').skus).toMatchObject([{ sku: 'lamp', available: 7 }])
    expect(stateReport(state)).toMatchObject({ seq: 3, reservations: 1, holds: 1 })
  })
})

describe('a plan', () => {
  const BLOCKS = 4

  test('counts segments, snapshots and the tail that a start would take', async () => {
    const directory = await DataDirectory.write(newDirectory(), 2)
    const path = await directory.snapshot()
    const { head } = await directory.replay()
    const journal = await openLmdbJournal(directory.paths.journal, {
      ...{ identity: IDENTITY, head, epoch: 2, segmentBytes: 2 ** 30, commitDeadlineMs: 60_000 },
    })
    await journal.append({
      firstSeq: 7,
      events: [reservedEvent('late', 1, { at: head.seq + 2e12 })],
    })
    await journal.close()
    const found = await plan(directory.paths)
    expect(found).toMatchObject({ firstSeq: 1, lastSeq: 7, startSeq: 6, tailEvents: 1, epoch: 2 })
    expect(found).toMatchObject({ partition: '0/1', clusterId: IDENTITY.clusterId })
    expect(found).toMatchObject({ tailFault: undefined, lastAt: head.seq + 2e12 })
    expect(found.snapshots).toMatchObject([{ file: path, seq: 6, reservations: 5 }])
    expect(found.segments.map(({ firstSeq }) => firstSeq)).toEqual([1, 4])
  })

  test('takes the whole journal where the snapshot is damaged, and says why', async () => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    const path = await directory.snapshot()
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4
    writeFileSync(path, bytes)
    const found = await plan(directory.paths)
    expect(found).toMatchObject({ startSeq: 0, tailEvents: 12 })
    expect(found.snapshots).toMatchObject([{ fault: expect.stringMatching(/is damaged/) }])
  })

  test('trusts no snapshot that is ahead of the journal, or of another cluster', async () => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    await directory.snapshot({ ...IDENTITY, clusterId: 'e'.repeat(32) })
    const foreign = await plan(directory.paths)
    expect(foreign.snapshots).toMatchObject([
      { fault: expect.stringMatching(/belongs to cluster/) },
    ])
    await directory.snapshot()
    rmSync(directory.segment(BLOCKS - 1), { recursive: true })
    const ahead = await plan(directory.paths)
    expect(ahead.snapshots).toMatchObject([{ fault: expect.stringMatching(/covers events/) }])
    expect(ahead).toMatchObject({ startSeq: 0, lastSeq: 9 })
  })

  test('sees the last event before a segment that was begun and has no name yet', async () => {
    const { paths } = await DataDirectory.write(newDirectory(), 2)
    // A crash between closing a segment and naming the next one.
    const named = segmentPath(paths.journal, BLOCK_EVENTS + 1)
    renameSync(named, draftPath(paths.journal, BLOCK_EVENTS + 1, 1))
    const after = await plan(paths)
    expect([after.lastSeq, after.tailFault]).toEqual([BLOCK_EVENTS, undefined])
    expect(await lastSeqAt(paths)).toBe(BLOCK_EVENTS)
  })

  test('of a damaged tail says what is wrong with it', async () => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    await directory.editBlock(BLOCKS - 1, 10, (bytes) => bytes.subarray(0, 90))
    expect(await plan(directory.paths)).toMatchObject({
      tailFault: expect.stringMatching(/block at seq 10 is damaged/),
    })
  })

  test('of an empty journal is empty', async () => {
    const { paths } = new DataDirectory(newDirectory())
    expect(await plan(paths)).toMatchObject({ lastSeq: 0, segments: [], tailFault: undefined })
  })
})

describe('two journals', () => {
  const events = [openedEvent(9), reservedEvent('a', 2), reservedEvent('b', 1), reservedEvent('c')]
  const written = (...blocks: Parameters<typeof writeEvents>[1]) =>
    writeEvents(newDirectory(), blocks)

  test('with the same events are the same, however their blocks are cut', async () => {
    const [one, other] = [await written(events), await written(events.slice(0, 1), events.slice(1))]
    expect(await diffJournals(one, other)).toBeUndefined()
  })

  test('part where one of them ends', async () => {
    const [whole, short] = [await written(events), await written(events.slice(0, 3))]
    const presence = { seq: 4, field: 'presence' }
    expect(await diffJournals(whole, short)).toMatchObject({ ...presence, right: undefined })
    expect(await diffJournals(short, whole)).toMatchObject({ ...presence, left: undefined })
  })

  test.each([
    ['quantity', reservedEvent('b', 2)],
    ['id', reservedEvent('other', 1)],
    ['meta', reservedEvent('b', 1, { meta: 'gift' })],
    ['kind', openedEvent(9, 1, 'lamp')],
  ])('part at the event whose %s differs', async (field, changed) => {
    const other = events.map((event, index) => (index === 2 ? changed : event))
    const found = await diffJournals(await written(events), await written(other))
    expect(found).toMatchObject({ seq: 3, field })
  })

  test('of which one has a gap are not compared', async () => {
    const [whole, holed] = [
      await DataDirectory.write(newDirectory(), 4),
      await DataDirectory.write(newDirectory(), 4),
    ]
    rmSync(holed.segment(1), { recursive: true })
    expect(await faultCode(() => diffJournals(whole.paths, holed.paths))).toBe('journal_gap')
  })
})

describe('a place', () => {
  test('is a data directory, or one partition in it', async () => {
    const { data, paths } = await DataDirectory.write(newDirectory(), 1)
    expect(partitionsAt(data)).toEqual([paths])
    expect(partitionsAt(paths.root)).toEqual([paths])
    mkdirSync(join(data, 'partition-10'))
    mkdirSync(join(data, 'partition-2'))
    const roots = partitionsAt(data).map(({ root }) => root)
    expect(roots).toEqual(
      ['partition-0', 'partition-2', 'partition-10'].map((one) => join(data, one)),
    )
    expect(await faultCode(() => partitionAt(data))).toBe('not_a_journal')
  })

  test.each(['empty', 'missing', 'a file'])('that is %s is no journal', async (what) => {
    const path = join(newDirectory(), 'place')
    if (what === 'empty') mkdirSync(path)
    if (what === 'a file') writeFileSync(path, 'no journal')
    expect(await faultCode(() => partitionsAt(path))).toBe('not_a_journal')
  })
})
