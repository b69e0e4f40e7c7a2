// Backups: the same journal at another place, of one that stands still or is being written, or nothing at all.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EMPTY_HEAD } from '../../../journal/chain.ts'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { listSegments } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { backupData, type OnCopied, restoreData } from '../../../replay/keep/copy-data.ts'
import { verify } from '../../../replay/verify.ts'
import { TO_THE_END } from '../../../replay/walk.ts'
import { blockAt, faultCode, IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { endWritersAfterEach, JournalWriter } from '../../fixtures/journal-writer.ts'
import {
  eventsOf,
  goOn,
  hashAfter,
  SEGMENT_SIZES,
  snapshotOf,
  startOn,
  writeKept,
} from '../../fixtures/kept-journal.ts'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()
endWritersAfterEach()

const nothing: OnCopied = () => undefined
const backUp = (directory: DataDirectory, to: string) => backupData([directory.paths], to, nothing)

function flipped(bytes: Buffer): Buffer {
  bytes[80] = (bytes[80] ?? 0) ^ 1
  return bytes
}

describe('a backup', () => {
  test('of the golden journal is the golden journal, and so is what is restored from it', async () => {
    const directory = new DataDirectory(newDirectory())
    const expected = copyGolden(directory.data)
    const before = directory.fingerprint()
    const [backup, back] = [join(newDirectory(), 'backup'), join(newDirectory(), 'back')]
    const [copied] = await backUp(directory, backup)
    const [restored] = await restoreData(
      ...([[partitionPaths(backup, 0)], back, TO_THE_END, nothing] as const),
    )
    const { lastSeq, stateHash, chainHash, events, epoch } = expected
    const same = { lastSeq, stateHash, chainHash, events, epoch, segments: 4, snapshotsChecked: 1 }
    expect(copied).toMatchObject({ ...same, path: join(backup, 'partition-0') })
    expect(restored).toMatchObject({ ...same, path: join(back, 'partition-0') })
    expect(await verify(partitionPaths(back, 0))).toEqual(restored)
    expect(await eventsOf(partitionPaths(back, 0))).toEqual(await eventsOf(directory.paths))
    expect(directory.fingerprint(), 'the source is left alone').toEqual(before)
    const said = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8'))
    const entry = { partition: '0/1', lastSeq, chainHash, stateHash }
    expect(said).toEqual({ version: 1, partitions: [entry] })
  })

  randomTest('of any journal has its events and hashes, and can be started on', async (random) => {
    for (const segmentBytes of SEGMENT_SIZES) {
      const options = { count: 60, segmentBytes }
      const { directory, events, head } = await writeKept(random, newDirectory(), options)
      const target = join(newDirectory(), 'backup')
      const seqs = { copied: 0, verified: 0 }
      const onCopied: OnCopied = (what, seq) => {
        seqs[what] = seq
      }
      const [report] = await backupData([directory.paths], target, onCopied)
      const paths = partitionPaths(target, 0)
      expect(report).toMatchObject({
        ...{ lastSeq: events.length, stateHash: hashAfter(events, events.length) },
        ...{ chainHash: head.hash.toString('hex'), epoch: 2, discrepancies: [] },
        ...{ segments: listSegments(directory.paths.journal).length },
      })
      expect(seqs).toEqual({ copied: events.length, verified: events.length })
      expect(await eventsOf(paths)).toEqual(events)
      const { snapshotSeq, head: started } = await startOn(paths)
      expect([snapshotSeq, started]).toEqual([events.length >> 1, head])
      expect(await goOn(paths)).toMatchObject({ discrepancies: [] })
    }
  })

  test('takes the two newest snapshots along, and no other', async () => {
    const directory = await DataDirectory.write(newDirectory(), 1)
    const taken = [await snapshotOf(directory.paths)]
    for (let more = 0; more < 3; more++) {
      await goOn(directory.paths)
      taken.push((await directory.replay()).head.seq)
      await directory.snapshot()
    }
    expect(listSnapshots(directory.paths.snapshots)).toHaveLength(4)
    const target = join(newDirectory(), 'backup')
    await backUp(directory, target)
    const { snapshots } = partitionPaths(target, 0)
    expect(listSnapshots(snapshots).map(({ seq }) => seq)).toEqual([taken[3], taken[2]])
  })

  test('of several partitions holds them all, each under its number', async () => {
    const sources = []
    for (const partition of [0, 1]) {
      const identity = { ...IDENTITY, partition, partitionCount: 2 }
      sources.push((await DataDirectory.write(newDirectory(), 1 + partition, identity)).paths)
    }
    const target = join(newDirectory(), 'deep', 'backup')
    const reports = await backupData(sources, target, nothing)
    expect(reports.map(({ partition, lastSeq }) => [partition, lastSeq])).toEqual([
      ['0/2', BLOCK_EVENTS],
      ['1/2', 2 * BLOCK_EVENTS],
    ])
    expect(readdirSync(target).sort()).toEqual(['backup.json', 'partition-0', 'partition-1'])
    for (const [partition, report] of reports.entries()) {
      expect(await verify(partitionPaths(target, partition))).toEqual(report)
    }
  })
})

describe('a backup that cannot be', () => {
  test('for its place is taken changes nothing there, and leaves nothing', async () => {
    const directory = await DataDirectory.write(newDirectory(), 2)
    const parent = newDirectory()
    const target = join(parent, 'backup')
    mkdirSync(target)
    writeFileSync(join(target, 'note'), 'mine')
    expect(await faultCode(() => backUp(directory, target))).toBe('target_exists')
    expect([readdirSync(parent), readdirSync(target)]).toEqual([['backup'], ['note']])
    expect(readFileSync(join(target, 'note'), 'utf8')).toBe('mine')
  })

  test('but is where the folder is empty', async () => {
    const directory = await DataDirectory.write(newDirectory(), 2)
    const target = newDirectory()
    await backUp(directory, target)
    expect((await verify(partitionPaths(target, 0))).lastSeq).toBe(2 * BLOCK_EVENTS)
  })

  const damages: readonly [string, string, (one: DataDirectory) => unknown][] = [
    ['block', 'journal_damaged', (one) => one.editBlock(1, 1 + BLOCK_EVENTS, flipped)],
    [
      'file',
      'journal_damaged',
      (one) => one.editFile(one.segmentFile(2), (all) => all.subarray(1)),
    ],
    [
      'snapshot',
      'journal_damaged',
      async (one) => one.editFile(await one.snapshot(), (all) => flipped(all)),
    ],
  ]
  test.each(damages)('for a %s is damaged leaves nothing behind', async (_, code, damage) => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await damage(directory)
    const parent = newDirectory()
    expect(await faultCode(() => backUp(directory, join(parent, 'backup')))).toBe(code)
    expect(readdirSync(parent)).toEqual([])
  })
})

describe('a backup of a journal that is being written', () => {
  test('is whole up to what was durable when it began, or later', async () => {
    const { paths } = new DataDirectory(newDirectory())
    const writer = await JournalWriter.start(paths.journal, IDENTITY, 13_128)
    const lastSeqs: number[] = []
    while (lastSeqs.length < 6 || listSegments(paths.journal).length < 4) {
      const durable = writer.seq
      const target = join(newDirectory(), 'backup')
      const [report] = await backupData([paths], target, nothing)
      expect(report).toMatchObject({ discrepancies: [], partition: '0/1', epoch: 1 })
      expect(report?.lastSeq).toBeGreaterThanOrEqual(durable)
      expect(await verify(partitionPaths(target, 0))).toEqual(report)
      lastSeqs.push(report?.lastSeq ?? 0)
    }
    expect(new Set(lastSeqs).size, 'it grew meanwhile').toBeGreaterThan(1)
    const lastSeq = await writer.stop()
    expect(await verify(paths), 'the writer noticed nothing').toMatchObject({
      lastSeq,
      discrepancies: [],
    })
  })

  test('is read to the end of a segment that is closed meanwhile', async () => {
    const { paths } = new DataDirectory(newDirectory())
    const journal = await openLmdbJournal(paths.journal, {
      ...{ identity: IDENTITY, head: EMPTY_HEAD, epoch: 1 },
      ...{ segmentBytes: 13_128, commitDeadlineMs: 60_000 },
    })
    const isOneSegment = () => listSegments(paths.journal).length === 1
    const append = () => journal.append(blockAt(journal.head.seq + 1, 2))
    await append()
    const firstSeqs: number[] = []
    for await (const { header } of lmdbReader(paths.journal).read(0)) {
      if (header.count > 0) firstSeqs.push(header.firstSeq)
      // Right before the reader asks for more: the rest of this segment, and the beginning of the next.
      if (header.count > 0 && isOneSegment()) while (isOneSegment()) await append()
    }
    await journal.close()
    const { seq } = journal.head
    expect(firstSeqs).toEqual(Array.from({ length: seq / 2 }, (_, block) => 1 + 2 * block))
  })

  test('is served by a server, which goes on from there', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(1_000_000)
    let isOver = false
    const sell = async () => {
      for (let key = 0; !isOver; key++)
        expect((await server.reserve(`key-${key}`)).status).toBe(201)
    }
    const selling = sell()
    const target = join(newDirectory(), 'backup')
    const told = await runHoldfast(['replay', 'backup', data, target, '--json'])
    isOver = true
    await selling
    expect([told.status, told.stderr]).toEqual([0, ''])
    const report = JSON.parse(told.stdout)
    expect(report).toMatchObject({ discrepancies: [], path: join(target, 'partition-0') })
    const hash = await server.hash()
    expect((await server.end('SIGTERM')).status).toBe(0)
    const original = await verify(partitionPaths(data, 0))
    expect(original, 'nothing was noticed').toMatchObject({ stateHash: hash, discrepancies: [] })
    const copied = await eventsOf(partitionPaths(target, 0))
    expect(copied).toEqual((await eventsOf(partitionPaths(data, 0))).slice(0, copied.length))
    const second = await RealServer.start(target)
    expect(await second.hash()).toBe(report.stateHash)
    expect((await second.reserve('after')).status).toBe(201)
    const after = await second.hash()
    await second.end('SIGTERM')
    const gone = await verify(partitionPaths(target, 0))
    expect(gone).toMatchObject({
      stateHash: after,
      discrepancies: [],
      clusterId: original.clusterId,
    })
    expect(gone.epoch).toBeGreaterThan(report.epoch)
  })
})
