// What is damaged, what can be saved, and the two ways to give up the rest; the original is always kept.
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { takeOwnership } from '../../../journal/owner.ts'
import { draftPath, listDrafts } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { diagnose } from '../../../replay/keep/diagnose.ts'
import { dropTornTail, truncateAt } from '../../../replay/keep/repair.ts'
import { trimSegments } from '../../../replay/keep/retire-segments.ts'
import { verify } from '../../../replay/verify.ts'
import { blockAt, eventAt, faultCode } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { copiesOf, eventsOf, goOn, hashAfter, snapshotOf } from '../../fixtures/kept-journal.ts'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

const SEGMENTS = 4
const LAST = SEGMENTS * BLOCK_EVENTS
const firstSeqOf = (index: number) => 1 + index * BLOCK_EVENTS
const copyTo = copiesOf((data) => DataDirectory.write(data, SEGMENTS))
const whole = () => copyTo(newDirectory())
const history = blockAt(1, LAST).events
const look = ({ paths }: DataDirectory) => diagnose(paths, () => undefined)

/** Damages the first block of segment `index`. */
async function damage(
  directory: DataDirectory,
  index: number,
  firstSeq = firstSeqOf(index),
): Promise<void> {
  await directory.editBlock(index, firstSeq, (bytes) => {
    bytes[85] = (bytes[85] ?? 0) ^ 2
    return bytes
  })
}

async function damaged(index: number): Promise<DataDirectory> {
  const directory = whole()
  await damage(directory, index)
  return directory
}

describe('a diagnosis', () => {
  test('of a whole journal finds nothing, and changes nothing', async () => {
    const directory = whole()
    const before = directory.fingerprint()
    expect(await look(directory)).toEqual({
      ...{ path: directory.paths.root, fault: undefined, startFault: undefined, torn: [] },
      ...{ goodSeq: LAST, goodAt: eventAt(LAST).at, knownSeq: LAST },
    })
    expect(directory.fingerprint()).toEqual(before)
  })

  test.each([0, 1, 3])(
    'of a damaged block in segment %i tells what is before and behind',
    async (index) => {
      const directory = await damaged(index)
      const before = directory.fingerprint()
      const goodSeq = firstSeqOf(index) - 1
      const goodAt = index === 0 ? undefined : eventAt(goodSeq).at
      const fault = { code: 'journal_damaged', message: expect.stringContaining('checksum') }
      const found = { fault, startFault: fault, goodSeq, goodAt, knownSeq: LAST, torn: [] }
      expect(await look(directory)).toMatchObject(found)
      expect(directory.fingerprint()).toEqual(before)
    },
  )

  test('knows of a start that would work, where a snapshot covers the damage', async () => {
    const directory = whole()
    await directory.snapshot()
    await damage(directory, 1)
    const found = { fault: { code: 'journal_damaged' }, startFault: undefined, knownSeq: LAST }
    expect(await look(directory)).toMatchObject({ ...found, goodSeq: firstSeqOf(1) - 1 })
  })

  test('knows of events that only a snapshot bears witness of', async () => {
    const directory = whole()
    await directory.snapshot()
    const shorter = await DataDirectory.write(newDirectory(), 2)
    rmSync(directory.paths.journal, { recursive: true })
    cpSync(shorter.paths.journal, directory.paths.journal, { recursive: true })
    const found = { fault: { code: 'snapshot_ahead' }, startFault: { code: 'snapshot_ahead' } }
    expect(await look(directory)).toMatchObject({
      ...found,
      ...{ goodSeq: 2 * BLOCK_EVENTS, knownSeq: LAST },
    })
  })

  test('knows of events behind a missing segment by the names of the others', async () => {
    const directory = whole()
    rmSync(directory.segment(1), { recursive: true })
    directory.editFile(directory.segmentFile(2), (bytes) => bytes.subarray(0, 50))
    const found = { fault: { code: 'journal_gap' }, goodSeq: BLOCK_EVENTS }
    expect(await look(directory)).toMatchObject({ ...found, knownSeq: firstSeqOf(3) - 1 })
  })

  test('of a trimmed journal goes from its base', async () => {
    const directory = whole()
    await snapshotOf(directory.paths)
    await trimSegments(directory.paths, firstSeqOf(3))
    const goodSeq = firstSeqOf(3) - 1
    expect(await look(directory)).toMatchObject({ fault: undefined, goodSeq: LAST })
    await damage(directory, 0, firstSeqOf(3))
    const found = { fault: { code: 'journal_damaged' }, goodSeq, goodAt: eventAt(goodSeq).at }
    expect(await look(directory)).toMatchObject({ ...found, knownSeq: LAST })
  })
})

describe('a journal that is cut off', () => {
  test('ends in the state of that seq, goes on, and the original lies beside as it was', async () => {
    const directory = await damaged(2)
    const before = directory.fingerprint()
    const seq = 2 * BLOCK_EVENTS
    const { aside, report } = await truncateAt(
      ...([directory.paths, await look(directory), seq, LAST - seq] as const),
    )
    const expected = { lastSeq: seq, stateHash: hashAfter(history, seq), discrepancies: [] }
    expect(report).toMatchObject({ ...expected, path: directory.paths.root })
    expect(await verify(directory.paths)).toEqual(report)
    expect(await eventsOf(directory.paths)).toEqual(history.slice(0, seq))
    expect(basename(aside)).toMatch(/^partition-0\.damaged-\d{4}-\d\d-\d\dT[\dZ-]+$/)
    expect(
      readdirSync(directory.data)
        .filter((name) => !name.startsWith('owner'))
        .sort(),
    ).toEqual(['partition-0', basename(aside)])
    const kept = Object.entries(directory.fingerprint()).filter(([name]) =>
      name.includes('damaged'),
    )
    const original = kept.map(([name, hash]) => [
      name.replace(basename(aside), 'partition-0'),
      hash,
    ])
    expect(Object.fromEntries(original)).toEqual(before)
    expect(await goOn(directory.paths)).toMatchObject({ discrepancies: [] })
  })

  test('may be cut off earlier, within a block, when that is said', async () => {
    const directory = await damaged(2)
    const { report } = await truncateAt(directory.paths, await look(directory), 2, LAST - 2)
    expect(report).toMatchObject({ lastSeq: 2, stateHash: hashAfter(history, 2) })
    expect(await goOn(directory.paths)).toMatchObject({ discrepancies: [] })
  })

  test('may be cut off at nothing, and at its base', async () => {
    const first = await damaged(0)
    const { report } = await truncateAt(first.paths, await look(first), 0, LAST)
    expect(report).toMatchObject({ lastSeq: 0, discrepancies: [] })
    const trimmed = whole()
    await snapshotOf(trimmed.paths)
    await trimSegments(trimmed.paths, firstSeqOf(3))
    await damage(trimmed, 0, firstSeqOf(3))
    const seq = firstSeqOf(3) - 1
    const cut = await truncateAt(trimmed.paths, await look(trimmed), seq, BLOCK_EVENTS)
    expect(cut.report).toMatchObject({ baseSeq: seq, lastSeq: seq, discrepancies: [] })
    expect(cut.report.stateHash).toBe(hashAfter(history, seq))
    expect(await goOn(trimmed.paths)).toMatchObject({ baseSeq: seq, discrepancies: [] })
  })

  test('drops the snapshots of what it gave up', async () => {
    const directory = whole()
    await directory.snapshot()
    await damage(directory, 2)
    const seq = 2 * BLOCK_EVENTS
    await truncateAt(directory.paths, await look(directory), seq, LAST - seq)
    expect(listSnapshots(directory.paths.snapshots)).toEqual([])
    expect(await verify(directory.paths)).toMatchObject({ lastSeq: seq, discrepancies: [] })
  })

  const SEQ = 2 * BLOCK_EVENTS
  test.each([
    ['fewer are accepted than are lost', SEQ, LAST - SEQ - 1],
    ['more are accepted than are lost', SEQ, LAST - SEQ + 1],
    ['the seq is behind the damage', SEQ + 1, LAST - SEQ - 1],
    ['the seq is far away', 1_000, 0],
  ])('is not, when %s: nothing changes', async (_, seq, accepted) => {
    const directory = await damaged(2)
    const found = await look(directory)
    const before = directory.fingerprint()
    const cut = () => truncateAt(directory.paths, found, seq, accepted)
    expect(await faultCode(cut)).toBe('not_repairable')
    expect(directory.fingerprint()).toEqual(before)
    expect(readdirSync(directory.data)).toEqual(['partition-0'])
  })

  test('is not while its owner lives: nothing changes', async () => {
    const directory = await damaged(2)
    const found = await look(directory)
    takeOwnership(directory.paths.root)
    const before = directory.fingerprint()
    const cut = () => truncateAt(directory.paths, found, SEQ, LAST - SEQ)
    expect(await faultCode(cut)).toBe('journal_owned')
    expect(directory.fingerprint()).toEqual(before)
  })
})

describe('a torn tail', () => {
  const tear = ({ paths }: DataDirectory, epoch: number): string => {
    const draft = draftPath(paths.journal, LAST + 1, epoch)
    mkdirSync(draft)
    writeFileSync(join(draft, 'data.mdb'), '')
    return draft
  }

  test('is found and dropped, and lies beside afterwards', async () => {
    const directory = whole()
    const drafts = [tear(directory, 1), tear(directory, 7)]
    const found = await look(directory)
    expect(found.fault).toBeUndefined()
    expect([...found.torn].sort()).toEqual(drafts)
    const { aside, report } = await dropTornTail(directory.paths, found)
    expect(report).toMatchObject({ lastSeq: LAST, discrepancies: [] })
    expect(readdirSync(aside).sort()).toEqual(drafts.map((path) => basename(path)))
    expect(dirname(aside)).toBe(directory.data)
    expect(listDrafts(directory.paths.journal)).toEqual([])
  })

  test('is not the draft that a closed segment needs for a witness', async () => {
    const directory = whole()
    const witness = draftPath(directory.paths.journal, firstSeqOf(3), 1)
    renameSync(directory.segment(3), witness)
    const found = await look(directory)
    expect(found).toMatchObject({ fault: undefined, goodSeq: firstSeqOf(3) - 1, torn: [] })
    const drop = () => dropTornTail(directory.paths, found)
    expect(await faultCode(drop)).toBe('not_repairable')
    const draft = tear(directory, 7)
    const { report } = await dropTornTail(directory.paths, await look(directory))
    expect(report.discrepancies).toEqual([])
    expect(listDrafts(directory.paths.journal)).toEqual([witness])
    expect(draft).not.toBe(witness)
  })

  const untorn: readonly [string, (one: DataDirectory) => unknown][] = [
    ['whole', () => undefined],
    ['damaged in the middle', (one) => damage(one, 1)],
    [
      'damaged in the middle, with a draft beside',
      (one) => {
        tear(one, 1)
        return damage(one, 1)
      },
    ],
  ]
  test.each(untorn)('is none in a journal that is %s: nothing changes', async (_, change) => {
    const directory = whole()
    await change(directory)
    const found = await look(directory)
    const before = directory.fingerprint()
    expect(await faultCode(() => dropTornTail(directory.paths, found))).toBe('not_repairable')
    expect(directory.fingerprint()).toEqual(before)
  })

  test('is left alone while an owner lives', async () => {
    const directory = whole()
    const draft = tear(directory, 1)
    takeOwnership(directory.paths.root)
    const found = await look(directory)
    expect(await faultCode(() => dropTornTail(directory.paths, found))).toBe('journal_owned')
    expect(listDrafts(directory.paths.journal)).toEqual([draft])
  })
})

test('the command that a diagnosis ends with repairs, and a server starts on what is left', async () => {
  const directory = await damaged(2)
  expect((await RealServer.refuse(directory.data)).status).toBe(1)
  const told = await runHoldfast(['replay', 'repair', directory.data])
  expect([told.status, told.stderr]).toEqual([3, ''])
  expect(told.stdout).toMatch(/^verdict +damaged \[journal_damaged\]$/m)
  expect(told.stdout).toMatch(/^can be replayed +up to seq 6, /m)
  expect(told.stdout).toMatch(/^known to exist +up to seq 12, at least$/m)
  expect(told.stdout).toMatch(/^a start +refuses \[journal_damaged\]$/m)
  const [, command = ''] = /^last resort +holdfast (.*)$/m.exec(told.stdout) ?? []
  expect(command).toBe(`replay repair ${directory.data} --truncate-at 6 --i-accept-losing 6`)
  const repaired = await runHoldfast(command.split(' '))
  expect([repaired.status, repaired.stderr]).toEqual([0, ''])
  expect(repaired.stdout).toMatch(/^last seq +6$/m)
  expect(repaired.stdout).toContain(hashAfter(history, 6))
  const server = await RealServer.start(directory.data)
  expect((await server.reserve('after')).status).toBe(201)
  const hash = await server.hash()
  await server.end('SIGTERM')
  const report = await verify(partitionPaths(directory.data, 0))
  expect(report).toMatchObject({ stateHash: hash, discrepancies: [] })
})
