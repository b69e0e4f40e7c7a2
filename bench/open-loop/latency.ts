// Latency as users see it: arrivals at a given rate, whether or not the server keeps up, against a constant route.
import { invariant } from '../../core/invariant.ts'
import { startConstant } from '../constant-process.ts'
import { type HttpServer, startHoldfast } from '../http-contestants.ts'
import { CONNECTIONS, checkHeld, openSkus } from '../http-load.ts'
import type { BenchOptions } from '../options.ts'
import type { ScenarioReport } from '../scenario-report.ts'
import { commitTimes } from './commit-time.ts'
import type { CrowdReport } from './crowd.ts'
import { runCrowd } from './crowd-process.ts'
import { Latencies } from './latencies.ts'
import {
  CONSTANT,
  HOLDFAST,
  type LatencyRound,
  type RateRun,
  reportLatency,
} from './latency-report.ts'

/** Of the capacity that was found in the same round. */
const SHARES = [0.25, 0.5, 0.75, 0.9]
const SHARES_QUICK = [0.5, 0.9]
const WARM_UP_SECONDS = 3
const ROUNDS_MAX = 3
/** What has arrived is waited for, or the slowest would be left out. */
const DRAIN_MS = 10_000
const COMMITS = 300

interface Contenders {
  readonly holdfast: HttpServer
  readonly constant: HttpServer | undefined
}

/** Finds the capacity, then goes through the rates with both servers in turn. */
export async function benchLatency(options: BenchOptions): Promise<ScenarioReport> {
  const holdfast = await startHoldfast()
  const constant = options.oursOnly === true ? undefined : await startConstant()
  try {
    await openSkus(holdfast.url)
    const rounds = await measure({ holdfast, constant }, options)
    return reportLatency(rounds, { connections: CONNECTIONS, commits: COMMITS })
  } finally {
    await constant?.stop()
    await holdfast.stop()
  }
}

async function measure(contenders: Contenders, options: BenchOptions): Promise<LatencyRound[]> {
  const { holdfast, constant } = contenders
  const seconds = Math.max(1, options.seconds / 2)
  const warmUp = { connections: CONNECTIONS, seconds: Math.min(seconds, WARM_UP_SECONDS) }
  let { made } = await runCrowd(holdfast.url, warmUp)
  if (constant !== undefined) await runCrowd(constant.url, warmUp)
  const rounds: LatencyRound[] = []
  const count = Math.min(options.rounds, options.isQuick ? 1 : ROUNDS_MAX)
  for (let number = 1; number <= count; number++) {
    const round = await measureRound(contenders, seconds, options.isQuick ? SHARES_QUICK : SHARES)
    rounds.push(round)
    made += round.made
    await checkHeld(holdfast.url, made)
    process.stderr.write(`latency: round ${number} of ${count}\n`)
  }
  return rounds
}

async function measureRound(
  { holdfast, constant }: Contenders,
  seconds: number,
  shares: readonly number[],
): Promise<LatencyRound> {
  const closed = await runCrowd(holdfast.url, { connections: CONNECTIONS, seconds })
  const capacity = closed.made / closed.seconds
  const commit = await commitTimes(COMMITS)
  const runs: RateRun[] = []
  let { made } = closed
  for (const share of shares) {
    const at = (url: string) => openLoop(url, share * capacity, seconds)
    if (constant !== undefined) runs.push(runOf(CONSTANT, share, await at(constant.url)))
    const ours = await at(holdfast.url)
    made += ours.made
    runs.push(runOf(HOLDFAST, share, ours))
  }
  return { capacity, commit, runs, made }
}

async function openLoop(url: string, perSecond: number, seconds: number): Promise<CrowdReport> {
  const plan = { connections: CONNECTIONS, perSecond, seconds, drainMs: DRAIN_MS }
  const report = await runCrowd(url, plan)
  invariant(report.made + report.busy === report.due, 'everybody who arrived was answered')
  return report
}

function runOf(server: RateRun['server'], share: number, report: CrowdReport): RateRun {
  const { made, seconds, busy, due } = report
  const latencies = Latencies.fromText(report.latencies)
  return { server, share, perSecond: made / seconds, busyShare: busy / due, latencies }
}
