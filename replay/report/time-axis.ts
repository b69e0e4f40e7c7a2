// The axis of time: how long after the first reservation, in a unit that suits the span, with round marks.

const UNITS: readonly { readonly name: string; readonly ms: number }[] = [
  { name: 'ms', ms: 1 },
  { name: 's', ms: 1_000 },
  { name: 'min', ms: 60_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'days', ms: 86_400_000 },
]
/** A unit is used from twice itself on. */
const UNIT_FROM = 2
const MARKS_MOST = 8

interface TimeMark {
  /** Ms after the first reservation. */
  readonly afterMs: number
  readonly label: string
}

export interface TimeAxis {
  readonly unit: string
  readonly unitMs: number
  readonly spanMs: number
  readonly marks: readonly TimeMark[]
}

/** The axis from 0 to `spanMs`. */
export function timeAxis(spanMs: number): TimeAxis {
  const unit = UNITS.findLast(({ ms }) => spanMs >= UNIT_FROM * ms) ?? { name: 'ms', ms: 1 }
  const values = roundMarks(spanMs / unit.ms, MARKS_MOST)
  const marks = values.map((value) => ({
    afterMs: value * unit.ms,
    label: Number(value.toPrecision(6)).toLocaleString('en-US'),
  }))
  return { unit: unit.name, unitMs: unit.ms, spanMs, marks }
}

/** At most `most` + 1 round numbers from 0 to `max`, evenly spaced: steps of 1, 2 or 5 times a power of ten. */
export function roundMarks(max: number, most: number): number[] {
  if (max <= 0) return [0]
  const rough = max / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough
  const marks: number[] = []
  for (let index = 0; index * step <= max * 1.000001; index++) {
    marks.push(Number((index * step).toPrecision(12)))
  }
  return marks
}
