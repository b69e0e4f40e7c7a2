// The partition with the real journal, no HTTP, against a raw msgpackr + LMDB append of the same events.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkState } from '../core/check-state.ts'
import type { Reserve } from '../core/command.ts'
import { fnv1a32 } from '../core/fnv1a32.ts'
import { invariant } from '../core/invariant.ts'
import type { Outcome, Ticket } from '../core/outcome.ts'
import { Partition } from '../core/partition.ts'
import { PartitionState } from '../core/partition-state.ts'
import { completeRules } from '../core/rules.ts'
import { EMPTY_HEAD } from '../journal/chain.ts'
import { GroupCommit } from '../journal/group-commit.ts'
import { openLmdbJournal } from '../journal/lmdb-journal.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { rawAppend } from './raw-append.ts'

const RESERVATIONS = 500_000
const STOCK = 100_000_000
/** Commands handed in per event-loop turn: what a busy gateway's poll brings. */
const COMMANDS_PER_TURN = 1_000
const IDENTITY = { clusterId: '0'.repeat(32), partition: 0, partitionCount: 1 }

interface EngineRun {
  readonly perSecond: number
  readonly bytesPerReservation: number
  readonly longestTurnMs: number
}

/** Runs `raw`, 1,000 SKUs and one hot SKU in turn, round by round, and prints medians and ratios. */
export async function runEngineBench(options: BenchOptions): Promise<void> {
  process.stderr.write(`${machineLine()}; durable: one fdatasync per commit\n`)
  const raw: number[] = []
  const many: EngineRun[] = []
  const hot: EngineRun[] = []
  for (let round = 0; round <= options.rounds; round++) {
    const rawPerSecond = await inFolder((path) => rawAppend(path, commands(1_000)))
    const manyRun = await inFolder((path) => runEngine(path, 1_000))
    const hotRun = await inFolder((path) => runEngine(path, 1))
    // The first round warms the compiler up and is not counted.
    if (round === 0) continue
    raw.push(rawPerSecond)
    many.push(manyRun)
    hot.push(hotRun)
    process.stderr.write(`round ${round} of ${options.rounds}\n`)
  }
  report(raw, many, hot, options.json)
}

function report(
  raw: readonly number[],
  many: readonly EngineRun[],
  hot: readonly EngineRun[],
  json: boolean,
): void {
  const rate = (runs: readonly EngineRun[]) => runs.map((run) => run.perSecond)
  const ratios = many.map((run, index) => run.perSecond / (raw[index] ?? Number.NaN))
  const hotRatios = hot.map((run, index) => run.perSecond / (many[index]?.perSecond ?? Number.NaN))
  const bytes = median(many.map((run) => run.bytesPerReservation))
  const pause = Math.max(...many.map((run) => run.longestTurnMs))
  if (json) {
    const figures = {
      raw,
      many,
      hot,
      ratio: median(ratios),
      hotRatio: median(hotRatios),
      bytes,
      pause,
    }
    process.stdout.write(`${JSON.stringify({ machine: machineLine(), ...figures })}\n`)
    return
  }
  process.stdout.write(
    [
      `engine, ${RESERVATIONS.toLocaleString('en-US')} reservations a run, median (min – max) of ${raw.length}`,
      `  raw msgpackr + LMDB append   ${spread(raw)} events/s`,
      `  partition, 1,000 SKUs        ${spread(rate(many))} durable reservations/s`,
      `  partition, one hot SKU       ${spread(rate(hot))} durable reservations/s`,
      `  1,000 SKUs to raw            ${spread(ratios, 2)}`,
      `  one hot SKU to 1,000 SKUs    ${spread(hotRatios, 2)}`,
      `  bytes per live reservation   ${bytes.toFixed(1)}`,
      `  longest turn of ${COMMANDS_PER_TURN} commands  ${pause.toFixed(1)} ms`,
      '',
    ].join('\n'),
  )
}

async function runEngine(path: string, skuCount: number): Promise<EngineRun> {
  const options = { epoch: 1, segmentBytes: 2 ** 30, commitDeadlineMs: 10_000 }
  const journal = await openLmdbJournal(path, { identity: IDENTITY, head: EMPTY_HEAD, ...options })
  const state = new PartitionState(1)
  const run = new Run(new Partition(state), commands(skuCount))
  const commits = new GroupCommit(run.partition, journal, {
    onReturned: () => commits.pump(),
    onAcknowledged: () => run.wake(),
    onFault: (fault) => run.fail(fault),
  })
  await run.open(skuCount, commits)
  const before = stateBytes(state)
  const seconds = await run.reserveAll(commits)
  await journal.close()
  checkState(state)
  invariant(state.reservations.count === RESERVATIONS, 'every reservation is there')
  invariant(
    state.actors.reduce((sum, actor) => sum + actor.held, 0) === RESERVATIONS,
    'units held = units reserved',
  )
  return {
    perSecond: RESERVATIONS / seconds,
    bytesPerReservation: (stateBytes(state) - before) / RESERVATIONS,
    longestTurnMs: run.longestTurnMs,
  }
}

/** Feeds a partition turn by turn and waits for every answer. */
class Run implements Ticket {
  readonly partition: Partition
  readonly #commands: readonly Reserve[]
  #answered = 0
  #refused = 0
  #wake: (() => void) | undefined
  #fault: unknown
  longestTurnMs = 0

  constructor(partition: Partition, reserves: readonly Reserve[]) {
    this.partition = partition
    this.#commands = reserves
  }

  answer(outcome: Outcome): void {
    this.#answered++
    if (outcome.kind === 'refusal' || outcome.kind === 'fault') this.#refused++
  }

  wake(): void {
    this.#wake?.()
  }

  fail(fault: unknown): void {
    this.#fault = fault
    this.wake()
  }

  async open(skuCount: number, commits: GroupCommit): Promise<void> {
    for (let index = 0; index < skuCount; index++) {
      const open = {
        kind: 'open',
        sku: skuName(index),
        stock: STOCK,
        rules: completeRules({}),
        by: undefined,
      } as const
      this.partition.submit(open, this)
    }
    while (this.#answered < skuCount) await this.#turn(commits)
    this.#answered = 0
  }

  async reserveAll(commits: GroupCommit): Promise<number> {
    const startedAt = performance.now()
    let next = 0
    while (this.#answered < this.#commands.length) {
      const end = Math.min(next + COMMANDS_PER_TURN, this.#commands.length)
      while (next < end && this.partition.submit(this.#commands[next] as Reserve, this)) next++
      await this.#turn(commits)
    }
    invariant(this.#refused === 0, 'nothing is refused')
    return (performance.now() - startedAt) / 1_000
  }

  // As the gateway does it: run, start a commit if none is in flight, give the loop its turn.
  async #turn(commits: GroupCommit): Promise<void> {
    const startedAt = performance.now()
    const hasMore = this.partition.run(Date.now())
    commits.pump()
    this.longestTurnMs = Math.max(this.longestTurnMs, performance.now() - startedAt)
    const mustWait = hasMore || this.partition.answersLength > 0
    if (mustWait && this.partition.isBlockFull) await this.#committed()
    else await new Promise(setImmediate)
    if (this.#fault !== undefined) throw this.#fault
  }

  #committed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function commands(skuCount: number): Reserve[] {
  const skus = Array.from({ length: skuCount }, (_, index) => skuName(index))
  const hashes = skus.map(fnv1a32)
  return Array.from({ length: RESERVATIONS }, (_, index) => {
    const sku = skus[index % skuCount] as string
    const skuHash = hashes[index % skuCount] as number
    const high = Math.imul(index, 0x9e3779b1)
    const middle = Math.imul(index, 0x85ebca6b)
    const low = Math.imul(index ^ (index >>> 7), 0xc2b2ae35)
    const buyer = `buyer-${String(index).padStart(7, '0')}`
    const id = { skuHash, high, middle, low }
    return { kind: 'reserve', id, sku, buyer, quantity: 1, holdMs: undefined, meta: undefined }
  })
}

function skuName(index: number): string {
  return `sku-${String(index).padStart(4, '0')}`
}

function stateBytes(state: PartitionState): number {
  return state.reservations.bytes + state.accounts.bytes
}

async function inFolder<Result>(run: (path: string) => Promise<Result>): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    return await run(path)
  } finally {
    rmSync(path, { recursive: true })
  }
}
