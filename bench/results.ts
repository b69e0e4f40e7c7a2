// What a run of the bench came to, and which targets it met. Terminal, JSON, RESULTS.md and the page are made of this.
import { median } from './machine.ts'
import type { Failure } from './run-scenarios.ts'
import type { Figure, ScenarioReport } from './scenario-report.ts'

export interface Results {
  readonly machine: string
  /** ISO 8601. */
  readonly measuredAt: string
  /** What was measured: a commit, and whether files had changed since. */
  readonly revision: string
  /** What else the machine had to do: the load average of the minute before. */
  readonly loadBefore: number
  readonly rounds: number
  readonly seconds: number
  readonly isQuick: boolean
  readonly reports: readonly ScenarioReport[]
  /** Scenarios that came to nothing. */
  readonly failures: readonly Failure[]
}

export interface TargetRow {
  readonly scenario: string
  readonly figure: Figure
  /** As the plan words it. */
  readonly words: string
  readonly isMet: boolean
}

/** Every figure that has a target, in the order of the scenarios. The median counts. */
export function targetRows(reports: readonly ScenarioReport[]): TargetRow[] {
  return reports.flatMap(({ name: scenario, figures }) =>
    figures.flatMap((figure) => {
      if (figure.target === undefined) return []
      return [{ scenario, figure, words: figure.target.words, isMet: isMet(figure) }]
    }),
  )
}

/** Whether the median is where the target wants it; a figure without values meets none. */
export function isMet({ values, target }: Figure): boolean {
  const middle = median(values)
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = target ?? {}
  return middle >= min && middle <= max
}
