// `holdfast replay backup | restore | rebuild | snapshot | archive | trim | repair | reshard` as operators type them.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { listSegments } from '../../../journal/segments.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { appendTo, copiesOf, snapshotOf } from '../../fixtures/kept-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { openedEvent } from '../../fixtures/written-events.ts'
import { askReplay } from './ask-replay.ts'

const newDirectory = tempDirectories()

/** What each command is asked with, for two places. */
const COMMANDS: Readonly<Record<string, (from: string, to: string) => string[]>> = {
  backup: (from, to) => ['backup', from, to],
  restore: (from, to) => ['restore', from, to],
  rebuild: (from, to) => ['rebuild', from, '--out', to],
  snapshot: (from) => ['snapshot', from],
  archive: (from, to) => ['archive', from, '--to', to],
  trim: (from) => ['trim', from, '--before', '999'],
  repair: (from) => ['repair', join(from, 'partition-0')],
  reshard: (from, to) => ['reshard', from, '--to', '3', '--out', to],
}
const NAMES = Object.keys(COMMANDS)

/** Two partitions of one cluster, with two segments and a snapshot each. */
const copyTo = copiesOf(async (data) => {
  for (const partition of [0, 1]) {
    const paths = partitionPaths(data, partition)
    const identity = { ...IDENTITY, partition, partitionCount: 2 }
    const head = { seq: 0, epoch: 0, hash: Buffer.alloc(16) }
    const sku = partition === 0 ? 'shoe' : 'lamp'
    const blocks = [[openedEvent(9, undefined, sku)], [openedEvent(3, undefined, `${sku}-2`)]]
    await appendTo(paths, { identity, head }, blocks, { segmentBytes: 200 })
    await snapshotOf(paths)
  }
})

function placed(): { from: string; to: string; parent: string } {
  const parent = newDirectory()
  copyTo(join(parent, 'data'))
  return { from: join(parent, 'data'), to: join(parent, 'new'), parent }
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe.each(NAMES)('replay %s', (name) => {
  const words = COMMANDS[name] ?? (() => [])

  test('explains itself, with an example', async () => {
    const { status, stdout, stderr } = await askReplay(name, '--help')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^Usage: .*replay ${name} `, 'm'))
    expect(stdout).toMatch(new RegExp(`^Examples?:\n  holdfast replay ${name} [./]`, 'm'))
    for (const option of ['--json', '--quiet']) expect(stdout).toMatch(new RegExp(`${option} `))
  })

  test('talks in pairs of words, or in one JSON object per line', async () => {
    const [one, other] = [placed(), placed()]
    const told = await askReplay(...words(one.from, one.to))
    expect([told.status, told.stderr]).toEqual([0, ''])
    for (const line of told.stdout.trimEnd().split('\n')) expect(line).toMatch(/^[a-z0-9/ ]* {2}\S/)
    const json = await askReplay(...words(other.from, other.to), '--json', '--quiet')
    expect([json.status, json.stderr]).toEqual([0, ''])
    const isOne = name === 'repair' || name === 'reshard'
    expect(linesOf(json.stdout)).toHaveLength(isOne ? 1 : 2)
    for (const object of linesOf(json.stdout)) expect(object).toEqual(expect.any(Object))
  })

  test('of a place without a journal is a fault that makes nothing', async () => {
    const parent = newDirectory()
    const told = await askReplay(...words(join(parent, 'none'), join(parent, 'new')))
    expect([told.status, told.stdout]).toEqual([1, ''])
    expect(told.stderr).toMatch(/^replay: .*none.* holds no journal: .*\[not_a_journal\]\n$/)
    expect(readdirSync(parent)).toEqual([])
  })

  test('with an option that is not known is a wrong use', async () => {
    const { from, to, parent } = placed()
    const told = await askReplay(...words(from, to), '--what')
    expect([told.status, told.stdout]).toEqual([2, ''])
    expect(told.stderr).toMatch(/unknown option '--what'/)
    expect(readdirSync(parent)).toEqual(['data'])
  })
})

describe.each(['backup', 'restore', 'rebuild', 'reshard'])('replay %s', (name) => {
  test('into a place that is taken is a fault that changes nothing', async () => {
    const { from, parent } = placed()
    const before = new DataDirectory(parent).fingerprint()
    const told = await askReplay(...(COMMANDS[name]?.(from, from) ?? []))
    expect([told.status, told.stdout]).toEqual([1, ''])
    expect(told.stderr).toMatch(/^replay: .* is not empty\. .*\[target_exists\]\n$/)
    expect(new DataDirectory(parent).fingerprint()).toEqual(before)
  })
})

describe('what is typed wrongly', () => {
  test.each([
    ['a backup to nowhere', ['backup', '.'], /missing required argument 'to'/],
    ['a restore to nowhere', ['restore', '.'], /missing required argument 'directory'/],
    ['a time that is none', ['restore', '.', 'x', '--at', 'noon'], /expected a seq like 4711 or/],
    ['a rebuild to nowhere', ['rebuild', '.'], /required option '--out <directory>' not/],
    ['bytes that are none', ['rebuild', '.', '--out', 'x', '--segment-bytes', '1k'], /expected a/],
    ['an archive that is nowhere', ['archive', '.'], /required option '--to <directory>' not/],
    ['a trim without an end', ['trim', '.'], /required option '--before <seq>' not/],
    ['a trim before nothing', ['trim', '.', '--before', '0'], /expected a seq like 4711/],
    ['no partitions', ['reshard', '.', '--to', '0', '--out', 'x'], /expected a number from 1 to/],
    ['too many', ['reshard', '.', '--to', '65536', '--out', 'x'], /expected a number from 1 to/],
    ['a loss that is none', ['repair', '.', '--i-accept-losing', '-1'], /expected a whole number/],
    ['a cut that accepts nothing', ['repair', '.', '--truncate-at', '4'], /go together/],
    ['a loss without a cut', ['repair', '.', '--i-accept-losing', '4'], /go together/],
  ])('ends with 2: %s', async (_, words, message) => {
    const told = await askReplay(...words)
    expect([told.status, told.stdout]).toEqual([2, ''])
    expect(told.stderr).toMatch(message)
  })

  test('ends with 2: one seq for several partitions', async () => {
    const { from, to, parent } = placed()
    const told = await askReplay('restore', from, to, '--at', '1')
    expect([told.status, told.stdout]).toEqual([2, ''])
    expect(told.stderr).toMatch(/a seq is of one partition, and there are several: use --at TIME/)
    expect(readdirSync(parent)).toEqual(['data'])
    const ofOne = await askReplay('restore', join(from, 'partition-1'), to, '--at', '1', '--json')
    expect(ofOne.status).toBe(0)
    expect(linesOf(ofOne.stdout)).toMatchObject([{ partition: '1/2', lastSeq: 1 }])
  })
})

describe('copies', () => {
  test('say what they are, and that they are whole', async () => {
    const [data, parent] = [newDirectory(), newDirectory()]
    const { stateHash, chainHash } = copyGolden(data)
    const [backup, back, fresh] = ['backup', 'back', 'fresh'].map((name) => join(parent, name))
    for (const [words, verb, path] of [
      [['backup', data, backup], 'backed up', backup],
      [['restore', backup, back], 'restored', back],
      [['rebuild', data, '--out', fresh], 'rebuilt', fresh],
    ] as const) {
      const { status, stdout } = await askReplay(...(words as readonly string[]))
      expect(status).toBe(0)
      expect(stdout).toContain(`${verb}`.padEnd(10))
      expect(stdout).toContain(`partition 0/1 to ${path}/partition-0\n`)
      expect(stdout).toContain(`state hash  ${stateHash}\n`)
      if (verb !== 'rebuilt') expect(stdout).toContain(`chain hash  ${chainHash}\n`)
      expect(stdout).toMatch(/^events +seq 1 to 61, until 2023-11-14T23:14:22\.589Z$/m)
      expect(stdout).toMatch(/^verdict +whole$/m)
    }
  })

  test('end at a time that is asked for', async () => {
    const [data, to] = [newDirectory(), join(newDirectory(), 'new')]
    copyGolden(data)
    const words = ['restore', data, to, '--at', '2023-11-14T22:13:20.083Z', '--json']
    const { stdout } = await askReplay(...words)
    expect(linesOf(stdout)).toMatchObject([{ lastSeq: 17, discrepancies: [] }])
  })

  test('of nothing that there is end with 1, and say where the end is', async () => {
    const [data, parent] = [newDirectory(), newDirectory()]
    copyGolden(data)
    const told = await askReplay('restore', data, join(parent, 'new'), '--at', '62')
    expect([told.status, told.stdout]).toEqual([1, ''])
    expect(told.stderr).toMatch(/ends at seq 61; seq 62 was asked for\. \[seq_unreached\]\n$/)
    expect(readdirSync(parent)).toEqual([])
  })
})

describe('segments', () => {
  test('are only named in a dry run', async () => {
    const { from, to, parent } = placed()
    const before = new DataDirectory(parent).fingerprint()
    for (const words of [
      ['archive', from, '--to', to],
      ['trim', from, '--before', '2'],
    ]) {
      const { status, stdout } = await askReplay(...words, '--dry-run')
      expect(status).toBe(0)
      expect(stdout).toMatch(/^would (move|delete) +1 segments of .*\/data\/partition-0$/m)
      expect(stdout).toMatch(/^ +.*\/partition-1\/journal\/segment-0000000000000001$/m)
      expect(stdout).toMatch(/^journal +begins at seq 2$/m)
      expect(new DataDirectory(parent).fingerprint()).toEqual(before)
      expect(existsSync(to)).toBe(false)
    }
  })

  test('go to the archive, or for good, and nothing is left to go', async () => {
    const { from, to } = placed()
    const moved = await askReplay('archive', join(from, 'partition-0'), '--to', to, '--json')
    const gone = await askReplay('trim', join(from, 'partition-1'), '--before', '2', '--json')
    for (const [{ stdout }, partition] of [[moved, 0] as const, [gone, 1] as const]) {
      const path = join(from, `partition-${partition}`)
      const segments = [join(path, 'journal/segment-0000000000000001')]
      expect(linesOf(stdout)).toEqual([{ path, segments, firstSeq: 2 }])
      expect(listSegments(join(path, 'journal')).map(({ firstSeq }) => firstSeq)).toEqual([2])
    }
    expect(readdirSync(to)).toEqual(['partition-0'])
    const again = await askReplay('archive', from, '--to', to, '--json')
    expect(linesOf(again.stdout)).toMatchObject([{ segments: [] }, { segments: [] }])
    const dump = await askReplay('dump', join(from, 'partition-0'))
    expect(linesOf(dump.stdout).map(({ seq }) => seq)).toEqual([2])
    const early = await askReplay('state', join(from, 'partition-0'), '--at', '0')
    expect(early.status).toBe(1)
    expect(early.stderr).toMatch(/begins after seq 1 .*Ask the archive\. \[journal_archived\]\n$/)
  })
})

describe('snapshot', () => {
  test('says what was written, or why nothing was', async () => {
    const directory = await DataDirectory.write(newDirectory(), 2)
    const written = await askReplay('snapshot', directory.data)
    expect(written).toEqual({
      ...{ status: 0, stderr: '' },
      stdout: `snapshot  written, seq 6, hash ${await directory.hash()}\n`,
    })
    const again = await askReplay('snapshot', directory.data)
    expect(again.stdout).toBe('snapshot  not needed: the newest covers seq 6\n')
    const { data } = await DataDirectory.write(newDirectory(), 0)
    const empty = await askReplay('snapshot', data)
    expect(empty.stdout).toBe('snapshot  not needed: the journal has no event\n')
  })
})

describe('repair', () => {
  test('of a whole journal says so and exits with 0', async () => {
    const { from } = placed()
    const told = await askReplay('repair', join(from, 'partition-0'))
    expect(told.status).toBe(0)
    expect(told.stdout).toMatch(/^verdict +whole\nlast event +seq 2, .*\ntorn tail +none\n$/)
  })

  test('of a damaged one exits with 3, and tells what was found as JSON', async () => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await directory.editBlock(1, 1 + BLOCK_EVENTS, (bytes) => bytes.subarray(1))
    const told = await askReplay('repair', directory.data, '--json')
    expect([told.status, told.stderr]).toEqual([3, ''])
    const known = { goodSeq: BLOCK_EVENTS, knownSeq: 3 * BLOCK_EVENTS, torn: [] }
    expect(linesOf(told.stdout)).toMatchObject([{ fault: { code: 'journal_damaged' }, ...known }])
    const wrong = ['--truncate-at', '3', '--i-accept-losing', '5']
    const refused = await askReplay('repair', directory.data, ...wrong)
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(/loses 6 events, not 5: say --i-accept-losing 6 .*_repairable\]/)
    const torn = await askReplay('repair', directory.data, '--drop-torn-tail')
    expect([torn.status, torn.stdout]).toEqual([1, ''])
    expect(torn.stderr).toMatch(/no torn tail: .*may have been acknowledged.*\[not_repairable\]/)
    const right = ['--truncate-at', '3', '--i-accept-losing', '6', '--json']
    const repaired = await askReplay('repair', directory.data, ...right)
    expect([repaired.status, repaired.stderr]).toEqual([0, ''])
    const [{ aside = '', ...report } = {}] = linesOf(repaired.stdout)
    expect(report).toMatchObject({ lastSeq: 3, discrepancies: [], path: directory.paths.root })
    expect(existsSync(join(String(aside), 'journal'))).toBe(true)
  })
})

describe('reshard', () => {
  test('names the partitions and the hash of every SKU', async () => {
    const { from, to } = placed()
    const told = await askReplay('reshard', from, '--to', '3', '--out', to, '--json')
    const [report] = linesOf(told.stdout)
    const { partitions, skuHashes } = report as {
      partitions: Record<string, unknown>[]
      skuHashes: object
    }
    expect(partitions.map(({ partition }) => partition)).toEqual(['0/3', '1/3', '2/3'])
    expect(partitions.map(({ path }) => path)).toEqual(
      [0, 1, 2].map((number) => join(to, `partition-${number}`)),
    )
    expect(Object.keys(skuHashes)).toEqual(['shoe', 'shoe-2', 'lamp', 'lamp-2'])
    const words = await askReplay('reshard', to, '--to', '1', '--out', `${to}-1`)
    expect(words.stdout).toMatch(/^skus +4, each with the state that it had, by hash$/m)
  })

  test('of part of a cluster is a fault that names what there is', async () => {
    const { from, to } = placed()
    const told = await askReplay('reshard', join(from, 'partition-1'), '--to', '2', '--out', to)
    expect([told.status, told.stdout]).toEqual([1, ''])
    expect(told.stderr).toMatch(/: partition 1\/2 of cluster 0011.*\[not_reshardable\]\n$/)
    expect(existsSync(to)).toBe(false)
  })
})

describe('progress', () => {
  const { isTTY } = process.stderr
  afterEach(() => {
    Object.assign(process.stderr, { isTTY })
  })

  test.each(['backup', 'restore', 'rebuild', 'repair'])(
    'of %s is told on a terminal, and not where it is to be quiet',
    async (name) => {
      const words = COMMANDS[name] ?? (() => [])
      const [one, other] = [placed(), placed()]
      Object.assign(process.stderr, { isTTY: true })
      const loud = await askReplay(...words(one.from, one.to))
      const quiet = await askReplay(...words(other.from, other.to), '--quiet')
      expect(loud.stderr).toMatch(/\d+ % {2}seq \d+ {2}\d.* events\/s, \w+ s left/)
      expect(loud.stderr.endsWith('\r\u001b[K'), 'the line is wiped in the end').toBe(true)
      expect([loud.status, quiet.status, quiet.stderr]).toEqual([0, 0, ''])
      expect(loud.stdout).not.toMatch(/%/)
    },
  )
})
