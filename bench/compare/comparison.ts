// Two revisions, figure by figure: what moved, and when that may be said.
import { median } from '../machine.ts'
import type { Failure } from '../run-scenarios.ts'
import type { Line } from '../scenario-report.ts'

/** A median that moved by less than this is the same, however sure it is. */
const LEAST_MOVE = 0.05

export type Verdict = 'faster' | 'slower' | 'same'

/** One figure of both revisions, round by round. */
export interface ComparedFigure {
  readonly scenario: string
  readonly what: string
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** Of each round; above 1 is better, also for what had better be small. */
  readonly ratios: readonly number[]
  readonly verdict: Verdict
}

export interface Comparison {
  readonly machine: string
  readonly before: string
  readonly after: string
  readonly rounds: number
  readonly seconds: number
  readonly figures: readonly ComparedFigure[]
  readonly failures: readonly Failure[]
  /** What cannot be held against each other, and why. */
  readonly notCompared: readonly { readonly what: string; readonly reason: string }[]
}

/** A scenario's lines of both revisions. */
export interface Sides {
  readonly before: readonly Line[]
  readonly after: readonly Line[]
}

/**
 * `faster` or `slower` when the ratios of all rounds lie on that side of 1 and their median by more than 5 %; else
 * `same`. Who comes first changes from round to round, so that a machine which only gets faster pulls the ratios to both
 * sides. That all of n rounds lie on one side by luck alone happens to one figure in 2 ^ (n - 1).
 */
export function verdictOn(ratios: readonly number[]): Verdict {
  const middle = median(ratios)
  if (ratios.every((ratio) => ratio > 1) && middle > 1 + LEAST_MOVE) return 'faster'
  if (ratios.every((ratio) => ratio < 1) && middle < 1 - LEAST_MOVE) return 'slower'
  return 'same'
}

/** Rate, and p99 where both have it, of one contestant in both revisions. */
function comparedLine(scenario: string, before: Line, after: Line): ComparedFigure[] {
  const rates = [before, after].map(({ samples }) => samples.map((sample) => sample.perSecond))
  const p99s = [before, after].map(({ samples }) =>
    samples.flatMap(({ p99Ms }) => (p99Ms === undefined ? [] : [p99Ms])),
  )
  const name = after.name
  return [
    compared({ scenario, what: `${name}, per second` }, rates, false),
    compared({ scenario, what: `${name}, p99 ms` }, p99s, true),
  ].flatMap((figure) => figure ?? [])
}

/** What both sides have, and for what only one of them has, why not. */
export function comparedLines(
  scenario: string,
  { before, after }: Sides,
): Pick<Comparison, 'figures' | 'notCompared'> {
  const names = [...new Set([...after, ...before].map(({ name }) => name))]
  const pairs = names.map((name) => {
    const [old, young] = [before, after].map((lines) => lines.find((line) => line.name === name))
    return { name, old, young }
  })
  return {
    figures: pairs.flatMap(({ old, young }) =>
      old === undefined || young === undefined ? [] : comparedLine(scenario, old, young),
    ),
    notCompared: pairs.flatMap(({ name, old, young }) => {
      if (old !== undefined && young !== undefined) return []
      const where = old === undefined ? 'after' : 'before'
      return [{ what: `${scenario}: ${name}`, reason: `only the revision ${where} has it` }]
    }),
  }
}

/** Figures that became slower and whose median fell below `share` of what it was. */
export function fellBelow(figures: readonly ComparedFigure[], share: number): ComparedFigure[] {
  return figures.filter(({ verdict, ratios }) => verdict === 'slower' && median(ratios) < share)
}

function compared(
  about: Pick<ComparedFigure, 'scenario' | 'what'>,
  [before = [], after = []]: readonly (readonly number[])[],
  isSmallBetter: boolean,
): ComparedFigure | undefined {
  if (after.length === 0 || before.length !== after.length) return undefined
  const ratios = after.map((value, round) => {
    const ratio = value / (before[round] ?? Number.NaN)
    return isSmallBetter ? 1 / ratio : ratio
  })
  return { ...about, before, after, ratios, verdict: verdictOn(ratios) }
}
