// `replay audit`: every action of an operator, by whom, and what it changed; from the journal alone.
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../core/event.ts'
import { EMPTY_HEAD } from '../../../journal/chain.ts'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { adjust, amend, confirm, idOf, open, reserve, START } from '../../fixtures/commands.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { TestPartition } from '../../fixtures/test-partition.ts'
import { askReplay, type Told } from './ask-replay.ts'

const newDirectory = tempDirectories()

/** A data directory with the journals of partitions that a test made. */
async function written(...journals: readonly (readonly Event[])[]): Promise<string> {
  const data = newDirectory()
  for (const [partition, events] of journals.entries()) {
    const identity = { ...IDENTITY, partition, partitionCount: journals.length }
    const journal = await openLmdbJournal(partitionPaths(data, partition).journal, {
      ...{ identity, head: EMPTY_HEAD, epoch: 1, segmentBytes: 2 ** 30, commitDeadlineMs: 60_000 },
    })
    await journal.append({ firstSeq: 1, events })
    await journal.close()
  }
  return data
}

/** A sale in which Eve and the night shift do what operators do, a second after each other. */
function steered(sku = 'shoe', startsAt = START): readonly Event[] {
  const shop = new TestPartition()
  shop.now = startsAt
  const steps = [
    { ...open(40, { perBuyer: 6, unitPrice: 4_990, currency: 'EUR' }, sku), by: 'eve' },
    reserve('a', 2, { sku }),
    { ...amend({ paused: true, perBuyer: null }, sku), by: 'night-shift' },
    { ...amend({ paused: true }, sku), by: 'eve' },
    { ...adjust(25, 'k1', 'found, "behind" the shelf', sku), by: 'eve' },
    { ...confirm('a'), id: idOf('a', sku) },
    adjust(-1, 'k2', 'broken', sku),
    { ...amend({ paused: false, closesAt: START + 60_000, holdMs: 60_000 }, sku), by: 'eve' },
  ]
  for (const step of steps) {
    shop.ask(step)
    shop.now += 1_000
  }
  return shop.journal
}

const lines = ({ stdout }: Told) => stdout.trimEnd().split('\n')
const parsed = (told: Told) =>
  told.stdout === '' ? [] : lines(told).map((line) => JSON.parse(line))

describe('an audit', () => {
  test('tells every action in words: when, who, what', async () => {
    const told = await askReplay('audit', await written(steered()))
    expect([told.status, told.stderr]).toEqual([0, ''])
    const second = (number: number) => new Date(START + number * 1_000).toISOString()
    const gap = '  '
    expect(lines(told).map((line) => line.split(/ {2,}/).join(gap))).toEqual([
      ['time', 'seq', 'who', 'sku', 'action'].join(gap),
      [
        ...[second(0), '1', 'eve', 'shoe'],
        'opened with 40 units, unitPrice 4,990, currency EUR, perBuyer 6',
      ].join(gap),
      [second(2), '3', 'night-shift', 'shoe', 'perBuyer 6 → none, paused no → yes'].join(gap),
      [second(4), '4', 'eve', 'shoe', '+25 units: found, "behind" the shelf'].join(gap),
      [second(6), '6', '–', 'shoe', '-1 unit: broken'].join(gap),
      [
        ...[second(7), '7', 'eve', 'shoe'],
        `holdMs 900,000 ms → 60,000 ms, closesAt none → ${second(60)}, paused yes → no`,
      ].join(gap),
    ])
  })

  test('as JSON tells one action a line, with what it was before', async () => {
    const told = await askReplay('audit', await written(steered()), '--json')
    const [opened, paused, found, broken] = parsed(told)
    const common = { partition: 0, sku: 'shoe' }
    const time = new Date(START).toISOString()
    expect(opened).toMatchObject({ ...common, seq: 1, at: START, time, by: 'eve', type: 'opened' })
    expect(opened).toMatchObject({ stock: 40, rules: { perBuyer: 6, paused: false } })
    expect(paused).toEqual({
      ...{ ...common, seq: 3, at: START + 2_000, time: new Date(START + 2_000).toISOString() },
      ...{ by: 'night-shift', type: 'changed' },
      changes: [
        { rule: 'perBuyer', from: 6, to: null },
        { rule: 'paused', from: false, to: true },
      ],
    })
    expect(found).toMatchObject({ type: 'adjusted', delta: 25, key: 'k1', by: 'eve' })
    expect(found).toMatchObject({ reason: 'found, "behind" the shelf' })
    expect(Object.hasOwn(broken, 'by'), 'nobody had to say').toBe(false)
  })

  test('of several partitions is one, in the order of time', async () => {
    const data = await written(steered('shoe', START + 500), steered('hat'))
    const actions = parsed(await askReplay('audit', data, '--json'))
    expect(actions.map(({ at }) => at)).toEqual(actions.map(({ at }) => at).sort())
    expect(actions.map(({ sku }) => sku).slice(0, 4)).toEqual(['hat', 'shoe', 'hat', 'shoe'])
    expect(actions[0]).toMatchObject({ partition: 1, seq: 1 })
    const words = await askReplay('audit', data)
    expect(lines(words)[0]).toMatch(/^time +partition +seq +who +sku +action$/)
    expect(lines(words)[1]).toMatch(/ +1 +1 +eve +hat +opened/)
    const one = await askReplay('audit', `${data}/partition-0`, '--json')
    expect(new Set(parsed(one).map(({ sku }) => sku))).toEqual(new Set(['shoe']))
  })

  test.each([
    [
      ['--by', 'eve'],
      [1, 4, 7],
    ],
    [['--by', 'night-shift'], [3]],
    [
      ['--since', new Date(START + 4_000).toISOString()],
      [4, 6, 7],
    ],
    [
      ['--until', new Date(START + 4_000).toISOString()],
      [1, 3, 4],
    ],
    [['--since', '2030-01-01'], []],
    [
      ['--sku', 'shoe', '--by', 'eve', '--since', new Date(START + 1).toISOString()],
      [4, 7],
    ],
  ])('may be asked for a part: %j', async (words, seqs) => {
    const told = await askReplay('audit', await written(steered()), '--json', ...words)
    expect([told.status, told.stderr]).toEqual([0, ''])
    expect(parsed(told).map(({ seq }) => seq)).toEqual(seqs)
  })

  test.each([
    [['--sku', 'sofa'], 'replay audit: SKU sofa was never opened\n'],
    [['--by', 'max'], 'replay audit: nothing was done by max\n'],
    [['--by', 'max', '--json'], 'replay audit: nothing was done by max\n'],
  ])('for a name that never occurs says so: %j', async (words, stderr) => {
    const told = await askReplay('audit', await written(steered()), ...words)
    expect(told).toEqual({ status: 1, stdout: '', stderr })
  })

  test.each(['4711', 'noon', '2026-11-31', ''])('takes no %j for a time', async (text) => {
    const told = await askReplay('audit', newDirectory(), '--since', text)
    expect(told.status).toBe(2)
  })

  test('of a journal from before there were names tells what was done', async () => {
    const data = newDirectory()
    const { events } = copyGolden(data)
    const actions = parsed(await askReplay('audit', data, '--json'))
    const { opened = 0, changed = 0, adjusted = 0 } = events
    expect(actions).toHaveLength(opened + changed + adjusted)
    expect(actions.some(({ by }) => by !== undefined)).toBe(false)
  })
})

describe('the names of operators', () => {
  test('stand in dump and history', async () => {
    const data = await written(steered())
    const dumped = parsed(await askReplay('dump', data))
    expect(dumped.map(({ by = '' }) => by)).toEqual([
      ...['eve', '', 'night-shift', 'eve', '', '', 'eve'],
    ])
    const csv = lines(await askReplay('dump', data, '--format', 'csv', '--type', 'changed'))
    expect(csv[0]).toMatch(/,by$/)
    expect(csv[1]).toMatch(/,night-shift$/)
    const history = lines(await askReplay('history', data, '--sku', 'shoe'))
    expect(history[0]).toMatch(/ sold +by$/)
    expect(history[3]).toMatch(/ changed .* night-shift$/)
  })
})
