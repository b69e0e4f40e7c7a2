// An axis: from values to shares of its length, with a handful of round marks that a phone has room for.
import { shortNumber } from '../../replay/report/number-words.ts'
import { roundMarks } from '../../replay/report/time-axis.ts'

const MARKS_MOST = 7

interface Mark {
  readonly at: number
  readonly label: string
}

export interface Axis {
  readonly marks: readonly Mark[]
  /** Where a value lies, from 0 to 1; undefined for what an axis of this kind cannot show. */
  share(value: number): number | undefined
}

/** An axis for `values`: a linear one from 0, or from the least with `isFromLeast`; a logarithmic one over what is above 0. */
export function axisFor(
  values: readonly number[],
  scale: 'linear' | 'log',
  isFromLeast = false,
): Axis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  if (scale === 'log' && positive.length > 0) return logAxis(positive)
  return linearAxis(values.filter(Number.isFinite), isFromLeast)
}

function linearAxis(values: readonly number[], isFromLeast: boolean): Axis {
  const least = Math.min(...values, ...(isFromLeast ? [] : [0]))
  const low = Number.isFinite(least) ? least : 0
  const span = Math.max(...values, low) - low || 1
  const marks = roundMarks(low + span, MARKS_MOST - 1).filter((at) => at >= low)
  return {
    marks: thin(marks).map(mark),
    share: (value) => (Number.isFinite(value) ? (value - low) / span : undefined),
  }
}

// From one round number to another, so that no curve lies on the frame alone.
function logAxis(values: readonly number[]): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const steps = logSteps(low, high)
  const [first = low, last = high] = [steps[0], steps.at(-1)]
  const span = Math.log(last / first) || 1
  const powers = steps.filter((step) => Number.isInteger(Math.round(Math.log10(step) * 1e6) / 1e6))
  return {
    marks: thin(steps.length > MARKS_MOST && powers.length > 1 ? powers : steps).map(mark),
    share: (value) => (value > 0 ? Math.log(value / first) / span : undefined),
  }
}

// 1, 2 and 5 times the powers of ten, from the last one below `low` to the first one above `high`.
function logSteps(low: number, high: number): number[] {
  const powers: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    powers.push(power)
  }
  const all = powers.flatMap((power) =>
    [1, 2, 5].map((factor) => Number((factor * 10 ** power).toPrecision(12))),
  )
  const from = all.findLastIndex((step) => step <= low)
  const until = all.findIndex((step) => step >= high)
  return all.slice(Math.max(0, from), until + 1)
}

function thin(marks: readonly number[]): number[] {
  const every = Math.ceil(marks.length / MARKS_MOST)
  return marks.filter((_, index) => index % every === 0)
}

function mark(at: number): Mark {
  return { at, label: shortNumber(at) }
}
