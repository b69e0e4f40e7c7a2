// The partition with the real journal, no HTTP: against what its disk format allows, and against peers without HTTP.
import { contest, ratioOf } from '../contest.ts'
import type { BenchOptions } from '../options.ts'
import { COMMANDS_PER_TURN } from '../partition-feed.ts'
import { POSTGRES_FAIRNESS, postgresDirect } from '../peers/postgres/contestants.ts'
import { FAIRNESS as REDIS_FAIRNESS, redisDirect } from '../peers/redis/contestants.ts'
import type { Figure, Line, ScenarioReport } from '../scenario-report.ts'
import { type EngineContestant, engineContestant } from './contestants.ts'

const RESERVATIONS = 500_000
const RESERVATIONS_QUICK = 100_000
/** Peers are measured by time; more of it would change nothing but the length of the bench. */
const PEER_SECONDS_MAX = 4
const PEER_SECONDS_QUICK = 1
const ROUNDS_QUICK = 2

const DURABLE = 'one fdatasync per commit, before the answers'
const RAW_LMDB = {
  name: 'raw msgpackr + LMDB append',
  role: 'limit',
  durability: 'one fdatasync per commit',
} as const
const RAW_FILE = {
  name: 'raw file append + fdatasync',
  role: 'limit',
  durability: 'one fdatasync per block',
} as const
const ZIPF = { name: 'engine', role: 'ours', durability: DURABLE } as const
const HOT = { name: 'engine, one hot SKU', role: 'ours', durability: DURABLE } as const
const LIFE = { name: 'engine, whole life', role: 'ours', durability: DURABLE } as const

/** All in turn, round by round. */
export async function benchEngine(options: BenchOptions): Promise<ScenarioReport> {
  const reservations = options.isQuick ? RESERVATIONS_QUICK : RESERVATIONS
  const zipf = engineContestant(ZIPF, 'zipf', reservations)
  const life = engineContestant(LIFE, 'life', reservations)
  const entries = [
    { contestant: engineContestant(RAW_LMDB, 'raw LMDB', reservations) },
    { contestant: zipf },
    { contestant: engineContestant(HOT, 'hot', reservations) },
    { contestant: life },
    { contestant: engineContestant(RAW_FILE, 'raw file', reservations) },
    ...[redisDirect('always'), redisDirect('everysec'), postgresDirect()],
  ]
  const { lines, skipped } = await contest('engine', entries, bounded(options))
  return {
    name: 'engine',
    title: 'The engine with its journal, without HTTP',
    method: methodOf(reservations),
    lines,
    figures: [...ratios(lines), ...figuresOf(zipf, life, reservations)],
    curves: [],
    checks: [
      'Units held = units reserved, units sold = units paid for, available + held + sold = stock for each SKU.',
      'The whole state is recounted after every run: counters, accounts, indexes, queues.',
    ],
    skipped,
  }
}

function bounded(options: BenchOptions): BenchOptions {
  const { isQuick, rounds, seconds } = options
  return {
    ...options,
    rounds: isQuick ? Math.min(rounds, ROUNDS_QUICK) : rounds,
    seconds: Math.min(seconds, isQuick ? PEER_SECONDS_QUICK : PEER_SECONDS_MAX),
  }
}

function methodOf(reservations: number): string[] {
  const count = reservations.toLocaleString('en-US')
  return [
    `${count} reservations of one unit a run, each by a buyer of its own, ${COMMANDS_PER_TURN} commands handed in per turn of the event loop; partition and journal as in production.`,
    'Every run of the engine and of the limits has a process of its own, which first makes a shorter run and collects its garbage: no heap hurts the next run.',
    'SKUs are chosen beforehand from 1,000 by Zipf’s law with exponent 1.0 and a fixed seed; in one workload all want the same SKU.',
    'In the whole life 86 of 100 reservations are confirmed, 7 cancelled, and 7 expire after a second of its clock, which runs by itself, 1 ms per 100 commands; those of the last second expire after the measured time.',
    'The limits pack the same events as arrays with msgpackr, 4,096 a block as the engine’s fullest, the next while the one before is on its way to disk; they keep no state, no rules, no checksums and no chain.',
    ...[REDIS_FAIRNESS.direct, POSTGRES_FAIRNESS],
  ]
}

function ratios(lines: readonly Line[]): Figure[] {
  return [
    ratioOf(lines, ZIPF.name, RAW_LMDB.name, {
      words: '≥ 0.6 of raw msgpackr + LMDB append',
      min: 0.6,
    }),
    ratioOf(lines, ZIPF.name, RAW_FILE.name),
    ratioOf(lines, ZIPF.name, 'Redis Lua without HTTP, AOF always', {
      words: '≥ 12 times Redis Lua without HTTP, AOF always',
      min: 12,
    }),
    ratioOf(lines, ZIPF.name, 'Redis Lua without HTTP, AOF everysec'),
    ratioOf(lines, ZIPF.name, 'PostgreSQL without HTTP'),
    ratioOf(lines, HOT.name, ZIPF.name, { words: '≥ 0.9 of 1,000 SKUs', min: 0.9 }),
  ].filter((figure) => figure !== undefined)
}

function figuresOf(zipf: EngineContestant, life: EngineContestant, reservations: number): Figure[] {
  // The first run was the warm-up.
  const [runs, lives] = [zipf.runs.slice(1), life.runs.slice(1)]
  return [
    {
      ...{ what: 'engine', unit: 'reservations/s', digits: 0 },
      values: runs.map(({ seconds }) => reservations / seconds),
      target: { words: 'aim 1,000,000/s', min: 1_000_000 },
    },
    {
      ...{ what: 'engine, whole life', unit: 'events/s', digits: 0 },
      values: lives.map(({ events, seconds }) => events / seconds),
    },
    {
      ...{ what: 'live reservation', unit: 'bytes', digits: 1 },
      values: runs.map(({ stateBytes }) => stateBytes / reservations),
      target: { words: '≤ 100 bytes, aim 64', max: 100 },
    },
    {
      ...{ what: 'longest turn, growing from empty', unit: 'ms', digits: 1 },
      values: runs.map(({ longestTurnMs }) => longestTurnMs),
    },
    {
      ...{ what: 'events of one commit', unit: 'events', digits: 0 },
      values: runs.map(({ events, commits }) => events / commits),
    },
  ]
}
