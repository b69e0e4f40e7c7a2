// Lines and figures of a report in words, the same for terminal, RESULTS.md and page.
import type { Sample } from './contestant.ts'
import { spread } from './machine.ts'
import type { Results } from './results.ts'
import type { Figure, Line, ScenarioReport } from './scenario-report.ts'

/** From here on nobody needs digits behind the point. */
const WHOLE_FROM = 100

/** What holds for every scenario. */
export const METHOD: readonly string[] = [
  'Figures of one run compare; figures of two runs do not, since the speed of machines drifts. So contestants have their turns round by round (A B C A B C …), ratios are taken within a round, and every figure is the median (min – max) of all rounds.',
  'Limits do less than any contestant must, and show what the machine has to give; peers are run as their users would run them. What each was granted is said under its scenario.',
  'A reservation counts when it was made for good by the durability that stands beside its contestant; a request counts when it was answered. Before any number is believed the results are checked: what was acknowledged is there, and nothing else.',
]

/** A contestant's row: `median (min – max)` of what it has, and an empty text for what it has not. */
export interface LineWords {
  readonly name: string
  readonly role: Line['role']
  readonly perSecond: string
  readonly requestsPerSecond: string
  readonly p50Ms: string
  readonly p99Ms: string
  readonly durability: string
}

export function lineWords({ name, role, durability, samples }: Line): LineWords {
  const column = (pick: (sample: Sample) => number | undefined): string =>
    spreadWords(samples.map(pick).filter((value) => value !== undefined))
  return {
    ...{ name, role, durability },
    perSecond: column((sample) => sample.perSecond),
    requestsPerSecond: column((sample) => sample.requestsPerSecond),
    p50Ms: column((sample) => sample.p50Ms),
    p99Ms: column((sample) => sample.p99Ms),
  }
}

/** What `perSecond` of a report counts, such as `reservations/s`. */
export function rateName({ counted = 'reservations' }: ScenarioReport): string {
  return `${counted}/s`
}

/** `0.76 (0.71 – 0.83)`, with the unit unless it is a ratio. */
export function figureWords({ values, unit, digits }: Figure): string {
  if (values.length === 0) return 'not measured'
  return unit === 'x' ? spread(values, digits) : `${spread(values, digits)} ${unit}`
}

/** `5 rounds of 8 s, load average before it 0.1`, and what was asked for besides. */
export function effortWords({ rounds, seconds, isQuick, loadBefore }: Results): string {
  const words = `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s${isQuick ? ', a quick look' : ''}`
  return `${words}, load average before it ${loadBefore.toFixed(1)}`
}

/** `median (min – max)`, with two digits behind the point unless all are whole or large. */
export function spreadWords(values: readonly number[]): string {
  if (values.length === 0) return ''
  const isWhole = values.every(Number.isInteger) || Math.min(...values) >= WHOLE_FROM
  return spread(values, isWhole ? 0 : 2)
}
