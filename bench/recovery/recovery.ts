// Verify and rebuild against a raw LMDB read + msgpackr decode of the same blocks; loading a snapshot; memory of a verify.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invariant } from '../../core/invariant.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import { Chain, EMPTY_HEAD } from '../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { readSnapshot, writeSnapshot } from '../../journal/snapshot-file.ts'
import { followBlocks } from '../../replay/follow-blocks.ts'
import { rebuild } from '../../replay/rebuild.ts'
import { verify } from '../../replay/verify.ts'
import { machineLine, spread } from '../machine.ts'
import type { BenchOptions } from '../options.ts'
import { rawRead } from './raw-read.ts'
import { writeSale } from './write-sale.ts'

const EVENTS = 1_000_000
const LIVE_RESERVATIONS = 1_000_000
/** The journal of the memory test has this many times the events that its state remembers. */
const JOURNAL_TO_STATE = 10
const MEBIBYTE = 2 ** 20
const BIN = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))

interface Round {
  readonly raw: number
  /** Reading with every check, and applying nothing: what a replay could reach at most. */
  readonly read: number
  readonly verify: number
  readonly rebuild: number
}

interface Memory {
  readonly events: number
  readonly stateMebibytes: number
  readonly emptyMebibytes: number
  readonly verifyMebibytes: number
}

/** Runs raw read, rebuild and verify of one journal in turn, round by round, and prints medians and ratios. */
export async function runReplayBench(options: BenchOptions): Promise<void> {
  process.stderr.write(`${machineLine()}; one process, one thread, files in the page cache\n`)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    const paths = partitionPaths(join(folder, 'sale'), 0)
    await writeSale(paths, { events: EVENTS, retentionMs: 3_600_000 })
    const rounds: Round[] = []
    for (let round = 0; round <= options.rounds; round++) {
      const measured = await measure(paths)
      // The first round warms the compiler up and is not counted.
      if (round > 0) rounds.push(measured)
      process.stderr.write(`round ${round} of ${options.rounds}\n`)
    }
    const loadSeconds = await measureSnapshot(folder, options.rounds)
    const memory = await measureMemory(folder)
    report(rounds, loadSeconds, memory, options.json)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measure(paths: PartitionPaths): Promise<Round> {
  const raw = await perSecond(async () => rawRead(paths.journal))
  const read = await perSecond(() => readChecked(paths))
  let state: PartitionState | undefined
  const rebuilt = await perSecond(async () => {
    const done = await rebuildAll(paths)
    state = done.state
    return done.replayed
  })
  invariant(state !== undefined, 'a rebuild gives a state')
  const hash = stateHash(state)
  const verified = await perSecond(async () => {
    const report = await verify(paths)
    invariant(report.discrepancies.length === 0, 'the journal is whole')
    invariant(report.stateHash === hash, 'verify and rebuild come to the same state')
    return report.lastSeq
  })
  return { raw, read, verify: verified, rebuild: rebuilt }
}

async function perSecond(run: () => Promise<number>): Promise<number> {
  const startedAt = performance.now()
  const events = await run()
  invariant(events === EVENTS, 'every event is read')
  return (events * 1_000) / (performance.now() - startedAt)
}

async function readChecked(paths: PartitionPaths): Promise<number> {
  let events = 0
  const chain = new Chain(undefined, EMPTY_HEAD)
  for await (const block of followBlocks(lmdbReader(paths.journal), chain)) {
    events += block.events.length
  }
  return events
}

function rebuildAll(paths: PartitionPaths) {
  return rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots: undefined, expected: undefined },
    ...{ seed: 1, onSkippedSnapshot: () => undefined },
  })
}

async function measureSnapshot(folder: string, rounds: number): Promise<number[]> {
  const paths = partitionPaths(join(folder, 'live'), 0)
  await writeSale(paths, {
    events: LIVE_RESERVATIONS + 1_001,
    holdsOnly: true,
    retentionMs: 3_600_000,
  })
  const { state, head, identity } = await rebuildAll(paths)
  invariant(
    state.reservations.count === LIVE_RESERVATIONS && identity !== undefined,
    'all are live',
  )
  const { path } = await writeSnapshot(paths.snapshots, identity, head, state)
  const seconds: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    const loaded = await readSnapshot(path, identity, 1)
    seconds.push((performance.now() - startedAt) / 1_000)
    invariant(loaded.state.reservations.count === LIVE_RESERVATIONS, 'all are loaded')
  }
  return seconds
}

// In processes of their own: what a verify holds at most, and what Node holds that verifies nothing.
async function measureMemory(folder: string): Promise<Memory> {
  const [long, empty] = ['long', 'empty'].map((name) => join(folder, name)) as [string, string]
  const paths = partitionPaths(long, 0)
  const events = 5 * EVENTS
  await writeSale(paths, { events, retentionMs: events / JOURNAL_TO_STATE })
  await writeSale(partitionPaths(empty, 0), { events: 10_000, retentionMs: 60_000 })
  const { state } = await rebuildAll(paths)
  return {
    events,
    stateMebibytes: (state.reservations.bytes + state.accounts.bytes) / MEBIBYTE,
    emptyMebibytes: await mostMebibytes(empty),
    verifyMebibytes: await mostMebibytes(long),
  }
}

async function mostMebibytes(data: string): Promise<number> {
  const report =
    "process.on('exit',()=>process.stderr.write('most '+process.resourceUsage().maxRSS))"
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(report)}`]
  const env = { ...process.env, HOLDFAST_REPLAY_CHILD: '1' }
  const words = ['replay', 'verify', data, '--json', '--quiet']
  const child = spawn(process.execPath, [...flags, BIN, ...words], {
    env,
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

function report(
  rounds: readonly Round[],
  loadSeconds: readonly number[],
  memory: Memory,
  json: boolean,
): void {
  const ratios = {
    read: rounds.map((round) => round.read / round.raw),
    verify: rounds.map((round) => round.verify / round.raw),
    rebuild: rounds.map((round) => round.rebuild / round.raw),
  }
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ machine: machineLine(), rounds, ratios, loadSeconds, memory })}\n`,
    )
    return
  }
  const grown = memory.verifyMebibytes - memory.emptyMebibytes
  process.stdout.write(
    [
      `replay, ${EVENTS.toLocaleString('en-US')} events, median (min – max) of ${rounds.length}`,
      `  raw LMDB read + msgpackr decode  ${spread(rounds.map((round) => round.raw))} events/s`,
      `  read with all checks, no state   ${spread(rounds.map((round) => round.read))} events/s`,
      `  rebuild                          ${spread(rounds.map((round) => round.rebuild))} events/s`,
      `  verify                           ${spread(rounds.map((round) => round.verify))} events/s`,
      `  read with all checks to raw      ${spread(ratios.read, 2)}`,
      `  rebuild to raw                   ${spread(ratios.rebuild, 2)}`,
      `  verify to raw                    ${spread(ratios.verify, 2)}`,
      `  1,000,000 live reservations from a snapshot  ${spread(loadSeconds, 2)} s`,
      `  memory of a verify of ${memory.events.toLocaleString('en-US')} events: ${memory.verifyMebibytes.toFixed(0)} MiB, ` +
        `${grown.toFixed(0)} MiB above that of 10,000 events; the state has ${memory.stateMebibytes.toFixed(0)} MiB`,
      '',
    ].join('\n'),
  )
}
