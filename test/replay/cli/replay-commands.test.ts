// `holdfast replay …` as operators run it: what it prints, and how it ends.
import { execFile } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { START } from '../../fixtures/commands.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { type Ending, runHoldfast } from '../../fixtures/real-server.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { openedEvent, reservedEvent, writeEvents } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()

const replay = (...words: string[]): Promise<Ending> => runHoldfast(['replay', ...words])

/** The JSON lines of a run that must go well. */
async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  const { status, stdout, stderr } = await replay(...words)
  expect([status, stderr]).toEqual([0, ''])
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function golden() {
  const data = newDirectory()
  return { data, expected: copyGolden(data) }
}

const META = 'gift, "blue"\nsecond line ✓'

describe('verify', () => {
  test('of a whole journal says so, and exits with 0', async () => {
    const { data, expected } = golden()
    const [words, [report]] = await Promise.all([
      replay('verify', data),
      json('verify', data, '--json'),
    ])
    expect([words.status, words.stderr]).toEqual([0, ''])
    expect(words.stdout).toMatch(/verdict\s+whole\n/)
    expect(words.stdout).toContain(expected.stateHash)
    const { lastSeq, events, stateHash, chainHash } = expected
    expect(report).toMatchObject({ lastSeq, events, stateHash, chainHash, discrepancies: [] })
  })

  test('of a broken promise names it with file, seq and SKU, and exits with 3', async () => {
    const data = newDirectory()
    await writeEvents(data, [[openedEvent(1)], [reservedEvent('a', 2)]])
    const { status, stdout } = await replay('verify', data)
    expect(status).toBe(3)
    expect(stdout).toMatch(/verdict\s+1 discrepancy\nI1 seq 2, shoe .*data\.mdb, block at seq 2\n/)
  })

  test('of a file with wild page numbers names it, where LMDB alone would kill the process', async () => {
    const { data } = golden()
    const file = join(data, 'partition-0/journal/segment-0000000000000001/data.mdb')
    writeFileSync(file, wildPointers(readFileSync(file)))
    const { status, stdout } = await replay('verify', data)
    expect(status).toBe(3)
    expect(stdout).toMatch(/segment-0000000000000001\/data\.mdb is damaged: page \d+ has an entry/)
  })
})

// Every entry of every page begins in its last bytes, and so goes on beyond it; behind the last page is nothing.
function wildPointers(bytes: Buffer): Buffer {
  const page = 4_096
  for (let at = 2 * page; at < bytes.length; at += page) {
    const entries = bytes.readUInt16LE(at + 20) / 2
    for (let entry = 0; entry < entries; entry++)
      bytes.writeUInt16LE(page - 16, at + 24 + 2 * entry)
  }
  return bytes
}

describe('state', () => {
  test('is exact to the event, by seq and by time, for all SKUs or one', async () => {
    const { data, expected } = golden()
    const told = expected.states[1]
    const [[at], [oneSku], [time], words] = await Promise.all([
      json('state', data, '--at', String(told?.seq), '--json'),
      json('state', data, '--sku', 'lamp', '--json'),
      json('state', join(data, 'partition-0'), '--at', '2023-11-14T22:13:20.083Z', '--json'),
      replay('state', data),
    ])
    expect(at).toMatchObject({ seq: told?.seq, stateHash: told?.stateHash })
    expect(oneSku).toMatchObject({ stateHash: expected.stateHash, skus: [{ sku: 'lamp' }] })
    expect(time, 'the event after it came a millisecond later').toMatchObject({ seq: 17 })
    expect(words.stdout).toMatch(/^sku +stock +available +held +sold +seq$/m)
    expect(words.stdout).toMatch(/^shoe +\d+/m)
  })

  test('beyond the end is a fault that says where the end is', async () => {
    const { status, stdout, stderr } = await replay('state', golden().data, '--at', '62')
    expect([status, stdout, stderr]).toEqual([1, '', 'replay state: the journal ends at seq 61\n'])
  })
})

describe('history', () => {
  test('tells what became of a reservation, a buyer and a SKU', async () => {
    const { data } = golden()
    const [ofBuyer, ofSku, words] = await Promise.all([
      json('history', data, '--buyer', 'bob', '--json'),
      json('history', data, '--sku', '85123A', '--json'),
      replay('history', data, '--buyer', 'ada'),
    ])
    const told = ofBuyer.map(({ type }) => type)
    expect(told).toEqual(['reserved', 'cancelled', 'reserved', 'confirmed'])
    expect(ofBuyer[1]).toMatchObject({ seq: 20, sku: 'shoe', available: 26, held: 12 })
    expect(ofSku.map(({ type, stock }) => [type, stock])).toEqual([['opened', 0]])
    expect(words.stdout).toMatch(/ returned +shoe +ada +1 /)
    const { reservation = '' } = ofBuyer[0] ?? {}
    const id = String(reservation)
    const ofReservation = await json('history', data, '--reservation', id, '--json')
    expect(ofReservation, 'the id was forgotten, and used again').toEqual(ofBuyer)
  })
})

describe('dump', () => {
  test('as CSV keeps every character, in quotes where they are needed', async () => {
    const { data, expected } = golden()
    const { stdout } = await replay('dump', data, '--format', 'csv')
    const rows = parse(stdout, { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(expected.lastSeq)
    expect(rows[4]).toMatchObject({ seq: '5', type: 'reserved', buyer: 'ada', meta: META })
    const { rules = '' } = rows[1] ?? {}
    const { reason } = rows.find(({ key }) => key === 'count-1') ?? {}
    expect(reason).toBe('found, "behind" the shelf')
    expect(JSON.parse(rules)).toMatchObject({
      unitPrice: 4_990,
      currency: 'EUR',
    })
    expect(stdout).toContain('"gift, ""blue""\nsecond line ✓"')
  })

  test('as NDJSON gives every event, or those that were asked for', async () => {
    const { data, expected } = golden()
    const [all, some] = await Promise.all([
      json('dump', data),
      json('dump', data, '--from', '8', '--to', '18', '--type', 'reserved', '--sku', 'lamp'),
    ])
    expect(all.map(({ seq }) => seq)).toEqual(
      Array.from({ length: expected.lastSeq }, (_, at) => at + 1),
    )
    expect(all[4]).toMatchObject({ meta: META, at: START, time: '2023-11-14T22:13:20.000Z' })
    const wanted = all.filter(({ seq, type, sku }) => {
      return Number(seq) >= 8 && Number(seq) <= 18 && type === 'reserved' && sku === 'lamp'
    })
    expect(wanted.length).toBeGreaterThan(2)
    expect(some).toEqual(wanted)
  })

  test('into a pipe that is closed early ends without a word', async () => {
    const data = newDirectory()
    // More than a pipe holds.
    const many = Array.from({ length: 3_000 }, (_, number) => reservedEvent(`key-${number}`))
    await writeEvents(data, [[openedEvent(3_000), ...many]])
    const script = 'set -o pipefail; "$0" bin/holdfast.js replay dump "$1" | head -n 2'
    const words = ['-c', script, process.execPath, data]
    const { error, out, said } = await new Promise<{ error: unknown; out: string; said: string }>(
      (resolve) => {
        execFile('bash', words, { cwd: ROOT }, (failed, stdout, stderr) => {
          resolve({ error: failed, out: stdout, said: stderr })
        })
      },
    )
    expect([error, said, out.split('\n').length]).toEqual([null, '', 3])
  })
})

describe('diff', () => {
  test('exits with 0 on the same events, and with 3 on the first that differs', async () => {
    const [one, other] = [newDirectory(), newDirectory()]
    await writeEvents(one, [[openedEvent(9), reservedEvent('a', 1)]])
    await writeEvents(other, [[openedEvent(9)], [reservedEvent('a', 2)]])
    const [same, apart, words] = await Promise.all([
      replay('diff', one, one, '--json'),
      replay('diff', one, other, '--json'),
      replay('diff', one, other),
    ])
    expect([same.status, JSON.parse(same.stdout)]).toEqual([0, { same: true }])
    expect(apart.status).toBe(3)
    expect(JSON.parse(apart.stdout)).toMatchObject({ same: false, seq: 2, field: 'quantity' })
    expect(words.stdout).toMatch(/^first difference +seq 2, field quantity$/m)
  })
})

describe('snapshot and plan', () => {
  test('write one where it is needed, and count on it', async () => {
    const { data, expected } = golden()
    const [before] = await json('plan', data, '--json')
    expect(before).toMatchObject({ startSeq: expected.snapshotSeq, lastSeq: 61, tailEvents: 31 })
    const [taken] = await json('snapshot', data, '--json')
    expect(taken).toMatchObject({ kind: 'written', seq: 61, stateHash: expected.stateHash })
    const [again, words] = [await json('snapshot', data, '--json'), await replay('plan', data)]
    expect(again).toEqual([{ kind: 'unneeded', seq: 61 }])
    expect(words.stdout).toMatch(/a start takes +the snapshot of seq 61, then 0 events/)
    expect(readdirSync(join(data, 'partition-0/snapshots'))).toHaveLength(2)
  })
})

describe('a place with several partitions', () => {
  test('is verified whole, and asked about one by one', async () => {
    const { data } = golden()
    cpSync(join(data, 'partition-0'), join(data, 'partition-1'), { recursive: true })
    const [reports, { status, stderr }] = await Promise.all([
      json('verify', data, '--json'),
      replay('state', data),
    ])
    expect(reports.map(({ lastSeq }) => lastSeq)).toEqual([61, 61])
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /holds 2 partitions: name one of them, like .*partition-0\. \[not_a_journal\]/,
    )
  })
})

describe('what cannot be asked', () => {
  test.each([
    [2, 'an option that is not known', /unknown option '--what'/, ['plan', '--what']],
    [2, 'a seq that is none', /expected a seq like 4711 or a time/, ['state', '--at', 'noon']],
    [
      2,
      'a kind of event that is not known',
      /Allowed choices are .*reserved/,
      ['dump', '--type', 'x'],
    ],
    [2, 'a history of nothing', /name one of --reservation, --buyer and --sku/, ['history', '.']],
    [1, 'a folder without a journal', /holds no journal: expected a data dir/, ['verify', 'docs']],
  ])('ends with %i: %s', async (status, _, words, asked) => {
    const ending = await replay(...asked)
    expect([ending.status, ending.stdout]).toEqual([status, ''])
    expect(ending.stderr).toMatch(words)
  })
})
