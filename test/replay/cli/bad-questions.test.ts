// Questions that have no answer: a place that holds no journal, a name that was never seen, a seq beyond the end.
import { chmodSync, cpSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { PartitionState } from '../../../core/partition-state.ts'
import { formatReservationId } from '../../../core/reservation-id.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { EVENT_COLUMNS } from '../../../replay/event-record.ts'
import { eventAt } from '../../fixtures/blocks.ts'
import { idOf } from '../../fixtures/commands.ts'
import { DataDirectory } from '../../fixtures/data-directory.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { writeEvents } from '../../fixtures/written-events.ts'
import { askReplay } from './ask-replay.ts'

const newDirectory = tempDirectories()

function golden(): string {
  const data = newDirectory()
  copyGolden(data)
  return data
}

const QUESTIONS = {
  plan: [],
  verify: [],
  state: [],
  dump: [],
  audit: [],
  history: ['--buyer', 'ada'],
  diff: ['docs'],
} as const
const COMMANDS = Object.entries(QUESTIONS)

describe.each(COMMANDS)('replay %s', (command, more) => {
  const ask = (path: string) => askReplay(command, path, ...more)

  test('of an empty folder is a fault that names it, and leaves it empty', async () => {
    const folder = newDirectory()
    const { status, stdout, stderr } = await ask(folder)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      new RegExp(`^replay: ${folder} holds no journal: .*\\[not_a_journal\\]\n$`),
    )
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a path that does not exist is a fault that names it, and makes nothing', async () => {
    const folder = newDirectory()
    const path = join(folder, 'not', 'there')
    const { status, stdout, stderr } = await ask(path)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^replay: ${path} holds no journal: `))
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a file is a fault that names it, and leaves it as it is', async () => {
    const folder = newDirectory()
    const path = join(folder, 'data')
    writeFileSync(path, 'hello')
    const { status, stdout, stderr } = await ask(path)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(new RegExp(`^replay: ${path} holds no journal: `))
    expect(readdirSync(folder)).toEqual(['data'])
  })

  const isRoot = process.getuid?.() === 0
  test.skipIf(isRoot)('of a folder without permission is a fault that names it', async () => {
    const folder = newDirectory()
    chmodSync(folder, 0o000)
    const { status, stdout, stderr } = await ask(folder)
    chmodSync(folder, 0o700)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(folder)
    expect(readdirSync(folder)).toEqual([])
  })
})

test('replay plan of a journal that a start would refuse says why, and exits with 3', async () => {
  const { data, paths, segment } = await withSegments()
  const whole = await askReplay('plan', data)
  expect([whole.status, whole.stdout]).toEqual([
    0,
    expect.stringMatching(/^a start takes +the whole/m),
  ])
  rmSync(segment(1), { recursive: true })
  const { status, stdout } = await askReplay('plan', data)
  expect(status).toBe(3)
  expect(stdout).toMatch(
    /^a start would refuse: .* begins at seq 7, but seq 4 comes next.*\[journal_gap\]$/m,
  )
  expect(stdout).not.toMatch(/a start takes/)
  const json = await askReplay('plan', data, '--json')
  expect([json.status, JSON.parse(json.stdout)]).toMatchObject([
    ...[3, { path: paths.root, refusal: { code: 'journal_gap' } }],
  ])
})

async function withSegments() {
  const directory = await DataDirectory.write(newDirectory(), 4)
  return { ...directory, segment: (index: number) => directory.segment(index) }
}

describe('a name that was never seen', () => {
  const unknown = formatReservationId(idOf('never', 'never'))
  test.each([
    ['state', ['--sku', 'sofa'], /^replay state: no event of SKU sofa up to seq 61\n$/],
    ['state', ['--sku', 'sofa', '--json'], /no event of SKU sofa/],
    ['state', ['--sku', 'lamp', '--at', '1'], /^replay state: no event of SKU lamp up to seq 1\n$/],
    ['history', ['--sku', 'sofa'], /^replay history: no event of SKU sofa in \S+\n$/],
    ['history', ['--buyer', 'zoe', '--json'], /no event of buyer zoe in/],
    ['history', ['--reservation', unknown], new RegExp(`no event of reservation ${unknown} in`)],
    ['dump', ['--sku', 'sofa'], /^replay dump: no event of SKU sofa up to seq 61\n$/],
    ['dump', ['--sku', 'sofa', '--format', 'csv'], /no event of SKU sofa/],
  ])('is said by %s %j, without an answer', async (command, words, message) => {
    const { status, stdout, stderr } = await askReplay(command, golden(), ...words)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
  })
})

describe('a range', () => {
  test.each([
    [2, ['--from', '9', '--to', '8'], 'replay dump: --from 9 comes after --to 8\n'],
    [2, ['--from', '99', '--to', '98'], 'replay dump: --from 99 comes after --to 98\n'],
    [1, ['--from', '62'], 'replay dump: the journal ends at seq 61\n'],
    [1, ['--to', '62'], 'replay dump: the journal ends at seq 61\n'],
    [
      1,
      ['--from', '61', '--to', '62', '--format', 'csv'],
      'replay dump: the journal ends at seq 61\n',
    ],
  ])('that is not there ends with %i: %j', async (status, words, message) => {
    const told = await askReplay('dump', golden(), ...words)
    expect(told).toEqual({ status, stdout: '', stderr: message })
  })

  test('up to the very end is there, and one without a match has its head only', async () => {
    const data = golden()
    const { status, stdout } = await askReplay('dump', data, '--from', '61', '--to', '61')
    expect([status, JSON.parse(stdout).seq]).toEqual([0, 61])
    const none = ['--to', '1', '--type', 'returned', '--format', 'csv']
    expect(await askReplay('dump', data, ...none)).toEqual({
      ...{ status: 0, stderr: '', stdout: `${EVENT_COLUMNS.join(',')}\n` },
    })
    const csv = await askReplay('dump', data, '--format', 'csv')
    expect(parse(csv.stdout, { columns: true })).toHaveLength(61)
  })
})

describe('a time before the first event', () => {
  test.each(['0', '1999-12-31', '2023-11-14T22:13:19.999Z'])(
    'is the empty state: %s',
    async (at) => {
      const data = golden()
      const { status, stdout, stderr } = await askReplay('state', data, '--at', at, '--json')
      expect([status, stderr]).toEqual([0, ''])
      const empty = { seq: 0, reservations: 0, holds: 0, skus: [] }
      expect(JSON.parse(stdout)).toEqual({ ...empty, stateHash: stateHash(new PartitionState(1)) })
      const words = await askReplay('state', data, '--at', at)
      expect(words.stdout).toMatch(/^as of +seq 0, –\n/)
    },
  )
})

test('verify of what the system does not open is a fault, and no discrepancy', async () => {
  const directory = await DataDirectory.write(newDirectory(), 3)
  const file = directory.segmentFile(1)
  rmSync(file)
  symlinkSync(file, file)
  const { status, stdout, stderr } = await askReplay('verify', directory.data, '--json')
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^replay: .*data\.mdb cannot be read: .*\[journal_unreadable\]\n$/)
})

test('a damaged end is told by the walk, after the events before it', async () => {
  const directory = await DataDirectory.write(newDirectory(), 3)
  await directory.editBlock(2, 7, (bytes) => bytes.subarray(0, 90))
  const { status, stdout, stderr } = await askReplay('dump', directory.data, '--to', '9')
  expect([status, stdout.trimEnd().split('\n').length]).toEqual([1, 6])
  expect(stderr).toMatch(/block at seq 7 is damaged/)
})

test('a journal whose older segments were archived says from where on it tells', async () => {
  const directory = await DataDirectory.write(newDirectory(), 4)
  const { data, paths } = directory
  const whole = newDirectory()
  cpSync(data, whole, { recursive: true })
  const middle = await DataDirectory.write(newDirectory(), 2)
  cpSync(dirname(await middle.snapshot()), paths.snapshots, { recursive: true })
  for (const index of [0, 0]) rmSync(directory.segment(index), { recursive: true })
  const note = 'the journal begins after seq 6; what came before was archived\n'
  const dumped = await askReplay('dump', data)
  expect(dumped).toMatchObject({ status: 0, stderr: `replay dump: ${note}` })
  expect(dumped.stdout.trimEnd().split('\n')).toHaveLength(6)
  const early = await askReplay('dump', data, '--from', '6')
  expect(early).toEqual({ status: 1, stdout: '', stderr: `replay dump: ${note}` })
  expect(await askReplay('dump', data, '--from', '7')).toMatchObject({ status: 0, stderr: '' })
  const told = await askReplay('history', data, '--sku', 'shoe', '--json')
  expect(told).toMatchObject({ status: 0, stderr: `replay history: ${note}` })
  const same = await askReplay('diff', whole, data)
  expect(same.stdout).toBe('same  the state at seq 6 and all events after it are equal\n')
  const other = await DataDirectory.write(newDirectory(), 3)
  const shorter = await askReplay('diff', data, other.data, '--json')
  expect(JSON.parse(shorter.stdout)).toMatchObject({ same: false, seq: 10, field: 'presence' })
  const eve = await writeEvents(newDirectory(), [historyWithEve()])
  const apart = await askReplay('diff', eve.root, data, '--json')
  expect([apart.status, JSON.parse(apart.stdout)]).toMatchObject([
    ...[3, { same: false, seq: 6, field: 'buyer', left: 'eve', right: 'ada' }],
  ])
})

/** The events of a data directory's blocks, but for one buyer. */
function historyWithEve() {
  return Array.from({ length: 12 }, (_, at) => eventAt(at + 1, at === 3 ? 'eve' : 'ada'))
}
