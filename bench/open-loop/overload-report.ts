// What storms came to: goodput, payments before, during and after, and a curve of payments over the time of the storm.
import type { Curve, Figure, Line, ScenarioReport } from '../scenario-report.ts'
import type { CrowdReport } from './crowd.ts'
import { overTime, PaymentTimes } from './payment-times.ts'

const DURABILITY = 'one fdatasync per commit, before the answer'
/** Latency is back when its p99 stays under so many times the unloaded one. */
const BACK = 2
/** From then on the first wave is over, in which all connections come at once. */
const FIRST_WAVE_MS = 1_000

/** A crowd and those who paid beside it. */
export interface Crowded {
  readonly crowd: CrowdReport
  readonly paid: PaymentTimes
}

export interface OverloadRound {
  /** Closed loops before and after the storm: between them the machine's speed may have drifted. */
  readonly calm: readonly Crowded[]
  readonly storm: Crowded
  /** Payments without any crowd, before and after. */
  readonly unloaded: PaymentTimes
  readonly after: PaymentTimes
}

/** How the storm was made. */
export interface StormTerms {
  /** Times the capacity. */
  readonly storm: number
  readonly stormSeconds: number
  readonly giveUpMs: number
  readonly connections: number
  readonly stormConnections: number
  readonly paymentsPerSecond: number
}

/** Makes the report of all rounds. */
export function reportOverload(
  rounds: readonly OverloadRound[],
  terms: StormTerms,
): ScenarioReport {
  const { storm, stormSeconds, giveUpMs, connections, stormConnections, paymentsPerSecond } = terms
  const stormed = stormConnections.toLocaleString('en-US')
  return {
    name: 'overload',
    title: `A crowd of ${storm} times the capacity`,
    method: [
      `The capacity is what a closed loop over ${connections} connections reserves a second beside those payments, before and after the storm of the same round. In the storm reservations arrive at ${storm} times the rate before it, over ${stormed} connections for ${stormSeconds} s, whether or not the server keeps up; who finds no free connection for ${giveUpMs / 1_000} s is given up.`,
      `${paymentsPerSecond} payments a second confirm holds over 64 connections of their own, before, during and after the storm, each timed from the moment it was due. Crowd and payments start at once each time, when the connections of both are open.`,
      'The first wave, in which all connections come at once, is over after a second; figures from then on are told beside those of the whole storm.',
      `Payments are back from the moment after the storm from which on their p99 is at most ${BACK} times the unloaded one. The last single one beyond that is told, too.`,
      'Server, crowd, payments and commit thread share the cores.',
    ],
    lines: linesOf(rounds, storm),
    figures: [...targetsOf(rounds), ...detailsOf(rounds)],
    curves: [curveOf(rounds, stormSeconds)],
    checks: [
      'Whatever the crowd was answered is a reservation or a refusal as busy.',
      'Every acknowledged reservation is held and every confirmed one sold; available + held + sold = stock for each SKU.',
    ],
    skipped: [],
  }
}

function linesOf(rounds: readonly OverloadRound[], storm: number): Line[] {
  const line = (name: string, crowds: (round: OverloadRound) => readonly Crowded[]): Line => ({
    ...{ name, role: 'ours', durability: DURABILITY },
    samples: rounds.map(crowds).map((all) => ({
      ...{ perSecond: goodput(all), requestsPerSecond: goodput(all) + refusals(all) },
    })),
  })
  return [
    line('capacity, closed loops', ({ calm }) => calm),
    line(`goodput at ${storm} times the capacity`, (round) => [round.storm]),
  ]
}

function targetsOf(rounds: readonly OverloadRound[]): Figure[] {
  const per = (value: (round: OverloadRound) => number) => rounds.map(value)
  return [
    {
      what: 'payments not confirmed',
      values: per(({ unloaded, calm, storm, after }) =>
        [...calm, storm].reduce(
          (sum, { paid }) => sum + paid.failed,
          unloaded.failed + after.failed,
        ),
      ),
      ...{ unit: '', digits: 0, target: { words: 'all payments confirmed', max: 0 } },
    },
    {
      what: 'p99 of payments in the storm, to before',
      values: per(({ storm, unloaded }) => storm.paid.quantile(0.99) / unloaded.quantile(0.99)),
      ...{ unit: 'x', digits: 1, target: { words: '≤ 5 × the unloaded p99', max: 5 } },
    },
    {
      what: 'goodput in the storm, to capacity',
      values: per(({ storm, calm }) => goodput([storm]) / goodput(calm)),
      ...{ unit: 'x', digits: 2, target: { words: '≥ 0.8 of the capacity', min: 0.8 } },
    },
    {
      what: 'payments back after the storm',
      values: per(({ after, unloaded }) => {
        return after.settledFrom(BACK * unloaded.quantile(0.99), 0.99) / 1_000
      }),
      ...{ unit: 's', digits: 2, target: { words: 'within 2 s', max: 2 } },
    },
  ]
}

/** Reservations that were made, of all these crowds. */
export function madeIn(all: readonly Crowded[]): number {
  return all.reduce((sum, { crowd }) => sum + crowd.made, 0)
}

function goodput(all: readonly Crowded[]): number {
  return madeIn(all) / secondsOf(all)
}

function refusals(all: readonly Crowded[]): number {
  return all.reduce((sum, { crowd }) => sum + crowd.busy, 0) / secondsOf(all)
}

function secondsOf(all: readonly Crowded[]): number {
  return all.reduce((sum, { crowd }) => sum + crowd.seconds, 0)
}

function detailsOf(rounds: readonly OverloadRound[]): Figure[] {
  const later = (round: OverloadRound) => round.storm.paid.between(FIRST_WAVE_MS)
  const ms = (what: string, value: (round: OverloadRound) => number): Figure => ({
    ...{ what, values: rounds.map(value), unit: 'ms', digits: 1 },
  })
  const count = (what: string, value: (round: OverloadRound) => number): Figure => ({
    ...{ what, values: rounds.map(value), unit: '', digits: 0 },
  })
  return [
    ms('payments before, p99', ({ unloaded }) => unloaded.quantile(0.99)),
    ms('payments in the storm, p50', ({ storm }) => storm.paid.quantile(0.5)),
    ms('payments in the storm, p99', ({ storm }) => storm.paid.quantile(0.99)),
    ms('payments in the storm, longest', ({ storm }) => storm.paid.quantile(1)),
    ms('payments from its second second on, p99', (round) => later(round).quantile(0.99)),
    {
      what: 'p99 from its second second on, to before',
      values: rounds.map((round) => later(round).quantile(0.99) / round.unloaded.quantile(0.99)),
      ...{ unit: 'x', digits: 1 },
    },
    {
      what: `last payment after the storm beyond ${BACK} times the p99 before`,
      values: rounds.map(({ after, unloaded }) => {
        return after.lastAbove(BACK * unloaded.quantile(0.99)) / 1_000
      }),
      ...{ unit: 's', digits: 2 },
    },
    count('payments in a storm', ({ storm }) => storm.paid.count),
    count('refused as busy in a storm', ({ storm }) => storm.crowd.busy),
    count('given up by the crowd in a storm', ({ storm }) => storm.crowd.givenUp),
  ]
}

function curveOf(rounds: readonly OverloadRound[], stormSeconds: number): Curve {
  const all = PaymentTimes.together(rounds.map(({ storm }) => storm.paid))
  return {
    title: 'Payments over the time of the storm',
    xLabel: 's from its beginning; steps of 0.1 s in the first two, then of 1 s',
    yLabel: 'ms from when it was due',
    ...{ xScale: 'linear', yScale: 'log' },
    series: [
      { name: 'p50', points: overTime(all, stormSeconds * 1_000, 0.5) },
      { name: 'longest', points: overTime(all, stormSeconds * 1_000, 1) },
    ],
  }
}
