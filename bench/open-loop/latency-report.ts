// What open loops at several rates came to: percentiles, targets, and a curve by percentile for each rate.
import { invariant } from '../../core/invariant.ts'
import type { Curve, Figure, Line, ScenarioReport } from '../scenario-report.ts'
import { Latencies } from './latencies.ts'

export const HOLDFAST = 'Holdfast'
export const CONSTANT = 'constant Fastify route'
const DURABILITY = {
  [HOLDFAST]: 'one fdatasync per commit, before the answer',
  [CONSTANT]: 'none: nothing is kept',
}
/** Of the capacity; here the targets stand. */
const TARGET_SHARE = 0.5

/** One server at one rate. */
export interface RateRun {
  readonly server: typeof HOLDFAST | typeof CONSTANT
  /** Of the capacity. */
  readonly share: number
  readonly perSecond: number
  /** Of those who arrived, how many were refused as busy. */
  readonly busyShare: number
  readonly latencies: Latencies
}

export interface LatencyRound {
  /** Reservations per second by closed loop. */
  readonly capacity: number
  readonly commit: Latencies
  readonly runs: readonly RateRun[]
  readonly made: number
}

/** Makes the report of all rounds. */
export function reportLatency(
  rounds: readonly LatencyRound[],
  { connections, commits }: { readonly connections: number; readonly commits: number },
): ScenarioReport {
  return {
    name: 'latency',
    title: 'Latency by open loop',
    method: [
      `The capacity is what a closed loop over ${connections} connections reserves a second, in the same round. Then single reservations arrive at fixed rates, evenly spaced, whether or not the server keeps up, over ${connections} connections from a process of its own; both servers at the same rates.`,
      'Each latency counts from the moment the request was due to its whole answer, so that waiting for a free connection counts (no coordinated omission), and all that arrived are waited for. The clock of those who arrive ticks each millisecond: up to that much is in all latencies, in those of the constant route, too.',
      'Percentiles by HdrHistogram, three digits, of reservations that were made. p99 of a round is one value, the table gives their median (min – max); the curves are of all rounds together.',
      `A commit is a put of 512 bytes into LMDB, synchronous as the journal's, alone on the same disk in the same round, ${commits} of them one after the other; the target takes their median.`,
      'autocannon is not used here: at a set rate it sends each connection’s requests of a second in a burst at its beginning, and it corrects for omissions of 1 ms whatever the rate is.',
    ],
    lines: linesOf(rounds),
    figures: figuresOf(rounds),
    curves: sharesOf(rounds).map((share) => curveOf(rounds, share)),
    checks: [
      'Everybody who arrived was answered: made, or refused as busy, which is told.',
      'Every acknowledged reservation is held; available + held + sold = stock for each SKU.',
    ],
    skipped: [],
  }
}

function linesOf(rounds: readonly LatencyRound[]): Line[] {
  const runs = rounds[0]?.runs ?? []
  return runs.map(({ server, share }) => ({
    name: `${server} at ${percent(share)} of capacity`,
    role: server === HOLDFAST ? 'ours' : 'limit',
    durability: DURABILITY[server],
    samples: runsOf(rounds, server, share).map(({ perSecond, latencies }) => ({
      ...{ perSecond, requestsPerSecond: perSecond },
      p50Ms: latencies.quantileMs(0.5),
      p99Ms: latencies.quantileMs(0.99),
    })),
  }))
}

function figuresOf(rounds: readonly LatencyRound[]): Figure[] {
  const commit = (quantile: number) => rounds.map((round) => round.commit.quantileMs(quantile))
  return [
    ...targetsOf(rounds),
    {
      what: 'capacity, by closed loop',
      values: rounds.map(({ capacity }) => capacity),
      ...{ unit: '/s', digits: 0 },
    },
    { what: 'a commit alone, p50', values: commit(0.5), unit: 'ms', digits: 2 },
    { what: 'a commit alone, p99', values: commit(0.99), unit: 'ms', digits: 2 },
    ...(rounds[0]?.runs ?? []).flatMap(({ server, share }) => tailOf(rounds, server, share)),
  ]
}

function targetsOf(rounds: readonly LatencyRound[]): Figure[] {
  const ours = runsOf(rounds, HOLDFAST, TARGET_SHARE)
  const constant = runsOf(rounds, CONSTANT, TARGET_SHARE)
  const at = `at ${percent(TARGET_SHARE)}`
  const tail: Figure = {
    what: `${HOLDFAST} ${at}, p99.9`,
    values: ours.map(({ latencies }) => latencies.quantileMs(0.999)),
    ...{ unit: 'ms', digits: 1 },
    target: { words: '≤ 25 ms', max: 25 },
  }
  if (constant.length === 0) return [tail]
  const ratios = ours.map(({ latencies }, round) => {
    const [limit, commit] = [constant[round]?.latencies, rounds[round]?.commit]
    invariant(limit !== undefined && commit !== undefined, 'both run in every round')
    const allowedMs = 3 * limit.quantileMs(0.99) + 2 * commit.quantileMs(0.5)
    return latencies.quantileMs(0.99) / allowedMs
  })
  const ratio: Figure = {
    what: `p99 ${at}, to 3 times the constant route's and 2 commits`,
    values: ratios,
    ...{ unit: 'x', digits: 2 },
    target: { words: "≤ 3 × the constant route's p99 + 2 commits", max: 1 },
  }
  return [ratio, tail]
}

function tailOf(
  rounds: readonly LatencyRound[],
  server: RateRun['server'],
  share: number,
): Figure[] {
  const runs = runsOf(rounds, server, share)
  const words = `${server} at ${percent(share)}`
  const values = (quantile: number) => runs.map(({ latencies }) => latencies.quantileMs(quantile))
  const p999: Figure = { what: `${words}, p99.9`, values: values(0.999), unit: 'ms', digits: 1 }
  const longest: Figure = { what: `${words}, longest`, values: values(1), unit: 'ms', digits: 1 }
  // One of them stands among the targets.
  const isTold = server === HOLDFAST && share === TARGET_SHARE
  const figures = isTold ? [longest] : [p999, longest]
  const busy = runs.map(({ busyShare }) => busyShare * 100)
  if (busy.every((value) => value === 0)) return figures
  return [...figures, { what: `${words}, refused as busy`, values: busy, unit: '%', digits: 1 }]
}

function curveOf(rounds: readonly LatencyRound[], share: number): Curve {
  const servers = [HOLDFAST, CONSTANT] as const
  return {
    title: `Latency by percentile at ${percent(share)} of capacity`,
    xLabel: '1 / (1 − p): 10 is p90, 100 is p99, 1,000 is p99.9',
    yLabel: 'ms from when it was due',
    ...{ xScale: 'log', yScale: 'log' },
    series: servers
      .map((server) => ({ name: server, points: together(runsOf(rounds, server, share)).curve() }))
      .filter(({ points }) => points.length > 1),
  }
}

function together(runs: readonly RateRun[]): Latencies {
  const all = new Latencies()
  for (const { latencies } of runs) all.merge(latencies)
  return all
}

function runsOf(
  rounds: readonly LatencyRound[],
  server: RateRun['server'],
  share: number,
): RateRun[] {
  return rounds.flatMap(({ runs }) =>
    runs.filter((run) => run.server === server && run.share === share),
  )
}

function sharesOf(rounds: readonly LatencyRound[]): number[] {
  return [...new Set((rounds[0]?.runs ?? []).map(({ share }) => share))]
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
