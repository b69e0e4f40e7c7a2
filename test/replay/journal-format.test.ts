// The page about the format against the code, and its reader of 100 lines against ours, on the golden journal.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpack } from 'msgpackr'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../core/event.ts'
import { formatReservationId } from '../../core/reservation-id.ts'
import type { SaleRules } from '../../core/rules.ts'
import { encodeBlock, NO_HASH } from '../../journal/block-codec.ts'
import { HEADER_BYTES, readHeader } from '../../journal/block-header.ts'
import { encodeEvent, encodeRules } from '../../journal/event-codec.ts'
import { blockKey } from '../../journal/lmdb-environment.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { listSnapshots } from '../../journal/snapshot-file.ts'
import { EVENT_KINDS, type EventRecord, eventRecord } from '../../replay/event-record.ts'
import { TO_THE_END, walk } from '../../replay/walk.ts'
import { blockAt, IDENTITY } from '../fixtures/blocks.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { BLOCK_EVENTS, DataDirectory } from '../fixtures/data-directory.ts'
import { copyGolden, type Expected, unitsOf } from '../fixtures/golden-journal.ts'
import { ROOT } from '../fixtures/source-files.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const READER = join(ROOT, 'docs/read-journal.js')
const page = readFileSync(join(ROOT, 'docs/journal-format.md'), 'utf8')

/** The part of the page between two marks. */
function part(name: string): string {
  return page.split(`<!-- ${name}: begin -->`)[1]?.split(`<!-- ${name}: end -->`)[0] ?? ''
}

/** Rows of a table as cells, head and rule left out. */
function rows(name: string): string[][] {
  const lines = part(name).trim().split('\n').slice(2)
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const names = (text = ''): string[] => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
const hex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0')

const RULES: SaleRules = {
  ...{ unitPrice: 1, currency: 'EUR', holdMs: 2, maxHoldMs: 3, perBuyer: 4, opensAt: 5 },
  ...{ closesAt: 6, paused: true },
}

/** An event of every kind, every field with a value of its own. */
function sampleOf(kind: Event['kind']): Event {
  const common = { at: START + 9, id: idOf('a'), sku: 'shoe', buyer: 'ada', key: 'k', reason: 'r' }
  const units = { stock: 11, delta: -12, quantity: 13, returnedTotal: 14 }
  const rest = { holdMs: 15, retentionMs: 16, meta: 'm', paymentId: 'p', rules: RULES, by: 'eve' }
  return { kind, ...common, ...units, ...rest } as unknown as Event
}

describe('the page about the format', () => {
  test('gives every field of a header its true place', () => {
    const position = { epoch: 3, firstSeq: 77, previousHash: Buffer.alloc(16, 0xab) }
    const identity = { ...IDENTITY, partition: 2, partitionCount: 5 }
    const { bytes } = encodeBlock(identity, position, blockAt(1, 4).events)
    const header = readHeader(bytes)
    let end = 0
    for (const [offset, length, field = ''] of rows('header')) {
      const [at, size] = [Number(offset), Number(length)]
      expect(at, `${field} follows the field before`).toBe(end)
      end += size
      const value: unknown = { magic: 0x48464a42, ...header }[names(field)[0] ?? '']
      const bare = Buffer.isBuffer(value) ? value.toString('hex') : String(value)
      const expected = typeof value === 'number' ? hex(value, size) : bare
      expect(bytes.toString('hex', at, end), field).toBe(expected)
    }
    expect(end).toBe(HEADER_BYTES)
    expect(header).toMatchObject({ ...identity, ...position, kind: 0, count: 4, version: 1 })
  })

  test('gives every event its true type and fields', () => {
    const table = rows('events')
    expect(table.map(([, kind]) => names(kind)[0]).sort()).toEqual([...EVENT_KINDS].sort())
    for (const [type, kind, fields] of table) {
      const event = sampleOf(names(kind)[0] as Event['kind'])
      const { skuHash, high, middle, low } = idOf('a')
      const expected = names(fields).flatMap((field): unknown[] => {
        if (field === 'id') return [skuHash, high, middle, low]
        return field === 'rules' ? [encodeRules(RULES)] : [{ ...event }[field as 'at']]
      })
      expect(encodeEvent(event, START), kind).toEqual([Number(type), 9, ...expected])
    }
  })

  test('gives the rules in their true order', () => {
    const values = names(part('rules')).map((name) => RULES[name as keyof SaleRules])
    expect(encodeRules(RULES)).toEqual(values)
  })

  test('gives its example of an id truly', () => {
    const text = formatReservationId({ skuHash: 1, high: 0, middle: 0, low: -1 })
    expect(/`\[1, 0, 0, -1\]` is\s`(\w+)`/.exec(page)?.[1]).toBe(text)
  })

  test('gives every record of a snapshot its true length, and the sections their order', () => {
    const data = newDirectory()
    copyGolden(data)
    const [place] = listSnapshots(join(data, 'partition-0/snapshots'))
    const [header, ...chunks] = framesOf(readFileSync(place?.path ?? ''))
    expect(header).toHaveLength(names(part('snapshot header')).length)
    const lengths = new Map(
      rows('sections').map(([section, , fields]) => {
        const places = names(fields).map((name) => (name === 'id' ? 4 : 1))
        return [Number(section), places.reduce((sum, one) => sum + one, 0)]
      }),
    )
    const sections = chunks.map(([section]) => section)
    expect(sections).toEqual([...sections].sort())
    for (const [section, ...records] of chunks) {
      for (const record of records) expect(record).toHaveLength(lengths.get(Number(section)) ?? 0)
    }
  })
})

function framesOf(bytes: Buffer): unknown[][] {
  const frames: unknown[][] = []
  let at = 6
  for (let length = bytes.readUInt32BE(at); length > 0; length = bytes.readUInt32BE(at)) {
    frames.push(unpack(bytes.subarray(at + 8, at + 8 + length)))
    at += 8 + length
  }
  return frames
}

/** Runs the reader of the page; it needs nothing of ours. */
function readJournal(...words: string[]): Promise<{ status: number; out: string; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [READER, ...words], (error, out, said) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, said })
    })
  })
}

/** A record as the reader says it: what is absent left out. */
function plain(record: Record<string, unknown>): Record<string, unknown> {
  const { id, rules, ...rest } = record
  const all = { reservation: id, ...rest, ...(rules ? { rules: plain({ ...rules }) } : {}) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => (value ?? null) !== null))
}

describe('the reader of the page', () => {
  let expected: Expected
  let partition = ''
  let records: EventRecord[] = []

  beforeAll(() => {
    expect(readFileSync(READER, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(100)
    const imports = [...readFileSync(READER, 'utf8').matchAll(/from '([^']+)'/g)]
    const packages = imports.flatMap(([, name = '']) => (name.startsWith('node:') ? [] : [name]))
    expect(packages).toEqual(['lmdb', 'msgpackr'])
  })

  const golden = async () => {
    const data = newDirectory()
    expected = copyGolden(data)
    partition = join(data, 'partition-0')
    records = []
    const paths = new DataDirectory(data).paths
    const onEvent = (event: Event, state: Parameters<typeof eventRecord>[1]) => {
      records.push(eventRecord(event, state))
    }
    await walk(paths, TO_THE_END, { onEvent })
    return paths
  }

  test('tells of the golden journal what dump tells, event for event', async () => {
    await golden()
    const { status, out, said } = await readJournal(partition)
    expect([status, said]).toEqual([0, ''])
    const told = out.trimEnd().split('\n')
    expect(told).toHaveLength(expected.lastSeq)
    for (const [index, line] of told.entries()) {
      const record = plain(JSON.parse(line))
      expect(plain({ ...records[index] })).toMatchObject(record)
    }
  })

  test('has the same units at every end of a block and in between', async () => {
    const paths = await golden()
    const seqs = new Set(expected.states.map(({ seq }) => seq))
    for await (const { header } of lmdbReader(paths.journal).read(0)) {
      if (header.count > 0) seqs.add(header.firstSeq + header.count - 1)
    }
    expect(seqs.size).toBeGreaterThan(20)
    const asked = [...seqs]
    // Two at a time: as many as there are cores.
    for (let next = 0; next < asked.length; next += 2) {
      await Promise.all(
        asked.slice(next, next + 2).map(async (seq) => {
          const { out } = await readJournal(partition, '--state', '--at', String(seq))
          const { state } = await walk(paths, { seq, at: undefined }, {})
          expect(JSON.parse(out), `seq ${seq}`).toEqual(unitsOf(state))
        }),
      )
    }
  })

  test('says where a journal ends before what was asked for', async () => {
    await golden()
    const { status, out, said } = await readJournal(partition, '--state', '--at', '4711')
    expect([status, out]).toEqual([1, ''])
    expect(said).toBe(`read-journal: the journal ends at seq ${expected.lastSeq}\n`)
  })

  const MIDDLE = 1 + 2 * BLOCK_EVENTS
  const DAMAGES: [string, RegExp, (bytes: Buffer) => Buffer][] = [
    ['checksum', /block at seq 7: its checksum does not match/, (bytes) => flipped(bytes, 80)],
    ['length', /block at seq 7: its length/, (bytes) => bytes.subarray(0, 90)],
    ['magic', /block at seq 7: this is no block/, (bytes) => flipped(bytes, 0)],
    ['version', /block at seq 7: its format 2/, (bytes) => flipped(bytes, 5, 3)],
    [
      'chain',
      /block at seq 7: it does not chain/,
      () =>
        encodeBlock(
          IDENTITY,
          { epoch: 1, firstSeq: MIDDLE, previousHash: NO_HASH },
          blockAt(MIDDLE, BLOCK_EVENTS).events,
        ).bytes,
    ],
  ]
  test.each(DAMAGES)('refuses a block with a wrong %s', async (_, words, change) => {
    const directory = await DataDirectory.write(newDirectory(), 4)
    await directory.editBlock(2, MIDDLE, change)
    const { status, said } = await readJournal(directory.paths.root)
    expect([status, said]).toEqual([1, expect.stringMatching(words)])
  })

  test('refuses a gap', async () => {
    const directory = await DataDirectory.write(newDirectory(), 4)
    await directory.edit(2, (environment) => environment.remove(blockKey(MIDDLE)))
    const { status, said } = await readJournal(directory.paths.root)
    expect([status, said]).toEqual([1, expect.stringMatching(/seq 7 is next/)])
  })
})

function flipped(bytes: Buffer, offset: number, mask = 1): Buffer {
  bytes[offset] = (bytes[offset] ?? 0) ^ mask
  return bytes
}
