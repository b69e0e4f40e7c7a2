// Verify and rebuild against a raw LMDB read + msgpackr decode of the same blocks; loading a snapshot; memory of a verify.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invariant } from '../../core/invariant.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { readSnapshot, writeSnapshot } from '../../journal/snapshot-file.ts'
import { contest, ratioOf } from '../contest.ts'
import type { BenchOptions } from '../options.ts'
import { inPrivateFolder } from '../private-folder.ts'
import type { Figure, Line, ScenarioReport } from '../scenario-report.ts'
import { RAW_READ, READ_CHECKED, REBUILD, readers, VERIFY } from './readers.ts'
import { rebuildAll } from './rebuild-all.ts'
import { writeSale } from './write-sale.ts'

/** Events of the journal that is read, and live reservations of the snapshot. */
const COUNT = 1_000_000
const COUNT_QUICK = 200_000
/** The journal of the memory test has this many times the events of the other, and this many times what its state remembers. */
const MEMORY_JOURNALS = 5
const JOURNAL_TO_STATE = 10
const HOUR_MS = 3_600_000
const MEBIBYTE = 2 ** 20
const BIN = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))

/** All readers of one journal in turn, round by round; then a snapshot; then memory. */
export async function benchRecovery(options: BenchOptions): Promise<ScenarioReport> {
  const count = options.isQuick ? COUNT_QUICK : COUNT
  return inPrivateFolder(async (folder) => {
    const paths = partitionPaths(join(folder, 'sale'), 0)
    await writeSale(paths, { events: count, retentionMs: HOUR_MS })
    const { lines, skipped } = await contest('recovery', readers(paths, count), options)
    const loadSeconds = await measureSnapshot(folder, count, options.rounds)
    const memory = await measureMemory(folder, count)
    return {
      name: 'recovery',
      title: 'From files to state: recovery and verification',
      method: methodOf(count),
      counted: 'events',
      ...{ lines, skipped, curves: [] },
      figures: [...ratios(lines), ...figuresOf(lines, count, loadSeconds, memory)],
      checks: [
        'Every reader reads every event; rebuild and verify come to the same state hash in every round.',
        'Verify finds no discrepancy; the snapshot is proved by the hash of its state.',
      ],
    }
  })
}

function methodOf(count: number): string[] {
  const events = count.toLocaleString('en-US')
  return [
    `A journal of ${events} events: 1,000 SKUs, holds of which 86 % are confirmed and the rest cancelled, blocks of 1,000; files in the page cache; each reader has a process of its own and one thread.`,
    'The limit takes each block out of LMDB and its payload through msgpackr, and does nothing with it: no checksum, no chain, no state.',
    'Rebuild is what a start does; verify asks of each event besides which promise it would break, recounts the state and hashes it.',
    `Memory is the most that \`holdfast replay verify\` held in a process of its own, for ${(count * MEMORY_JOURNALS).toLocaleString('en-US')} events whose state remembers a tenth of them, less that for 10,000 events.`,
  ]
}

function ratios(lines: readonly Line[]): Figure[] {
  return [READ_CHECKED, REBUILD, VERIFY]
    .map((name) => ratioOf(lines, name, RAW_READ))
    .filter((figure) => figure !== undefined)
}

interface Memory {
  readonly stateMebibytes: number
  readonly emptyMebibytes: number
  readonly verifyMebibytes: number
}

function figuresOf(
  lines: readonly Line[],
  count: number,
  loadSeconds: readonly number[],
  { stateMebibytes, emptyMebibytes, verifyMebibytes }: Memory,
): Figure[] {
  const rebuilds = lines.find(({ name }) => name === REBUILD)?.samples ?? []
  const live = count.toLocaleString('en-US')
  return [
    {
      ...{ what: REBUILD, unit: 'events/s', digits: 0 },
      values: rebuilds.map(({ perSecond }) => perSecond),
      target: { words: '≥ 1,000,000 events/s', min: 1_000_000 },
    },
    {
      ...{ what: `${live} live reservations from a snapshot`, unit: 's', digits: 2 },
      values: loadSeconds,
    },
    {
      ...{ what: 'memory of a verify, above one of 10,000 events', unit: 'MiB', digits: 0 },
      values: [verifyMebibytes - emptyMebibytes],
    },
    {
      ...{ what: 'the state that this verify comes to', unit: 'MiB', digits: 0 },
      values: [stateMebibytes],
    },
  ]
}

async function measureSnapshot(folder: string, count: number, rounds: number): Promise<number[]> {
  const paths = partitionPaths(join(folder, 'live'), 0)
  await writeSale(paths, { events: count + 1_001, holdsOnly: true, retentionMs: HOUR_MS })
  const { state, head, identity } = await rebuildAll(paths)
  invariant(state.reservations.count === count && identity !== undefined, 'all are live')
  const { path } = await writeSnapshot(paths.snapshots, identity, head, state)
  const seconds: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    const loaded = await readSnapshot(path, identity, 1)
    seconds.push((performance.now() - startedAt) / 1_000)
    invariant(loaded.state.reservations.count === count, 'all are loaded')
  }
  return seconds
}

// In processes of their own: what a verify holds at most, and what Node holds that verifies nothing.
async function measureMemory(folder: string, count: number): Promise<Memory> {
  const [long, empty] = ['long', 'empty'].map((name) => join(folder, name)) as [string, string]
  const paths: PartitionPaths = partitionPaths(long, 0)
  const events = MEMORY_JOURNALS * count
  await writeSale(paths, { events, retentionMs: events / JOURNAL_TO_STATE })
  await writeSale(partitionPaths(empty, 0), { events: 10_000, retentionMs: 60_000 })
  const { state } = await rebuildAll(paths)
  return {
    stateMebibytes: (state.reservations.bytes + state.accounts.bytes) / MEBIBYTE,
    emptyMebibytes: await mostMebibytes(empty),
    verifyMebibytes: await mostMebibytes(long),
  }
}

async function mostMebibytes(data: string): Promise<number> {
  const report =
    "process.on('exit',()=>process.stderr.write('most '+process.resourceUsage().maxRSS))"
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(report)}`]
  const words = ['replay', 'verify', data, '--json', '--quiet']
  const child = spawn(process.execPath, [...flags, BIN, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const [status] = await once(child, 'close')
  const kibibytes = Number(/most (\d+)/.exec(said)?.[1])
  invariant(status === 0 && kibibytes > 0, 'the journal verifies in a process of its own')
  return kibibytes / 1_024
}
