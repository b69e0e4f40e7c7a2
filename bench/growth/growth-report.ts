// Figures and curves of all rounds of growing.
import { median } from '../machine.ts'
import type { Curve, Figure, Target } from '../scenario-report.ts'
import type { SizePoint } from './growing.ts'
import { sizeName } from './sizes.ts'

const MEBIBYTE = 2 ** 20
/** Below this, tables that are larger than what is in them say nothing about a reservation. */
const WEIGHED_FROM = 100_000
const PAUSE_SIZE = 5_000_000
const SLOWEST_SIZE = 10_000_000

type Rounds = readonly (readonly SizePoint[])[]
type Pick = (point: SizePoint) => number | undefined

/** What the targets are about. A target stands only where its size was measured. */
export function growthFigures(rounds: Rounds): Figure[] {
  const last = rounds[0]?.at(-1)?.size
  if (last === undefined) return []
  const pauseSize = Math.min(last, PAUSE_SIZE)
  const at = (size: number, pick: Pick): number[] =>
    rounds.map((points) => valueAt(points, size, pick))
  const first = rounds[0]?.[0]?.size ?? last
  return [
    {
      ...{ what: 'live reservation, at the worst size from 100,000 on', unit: 'bytes', digits: 1 },
      values: rounds.map((points) => Math.max(...points.flatMap(weight))),
      target: { words: '≤ 100 bytes, aim 64', max: 100 },
    },
    {
      ...{ what: `longest pause on the way to ${sizeName(pauseSize)} live`, unit: 'ms', digits: 1 },
      values: at(pauseSize, ({ sold }) => sold.longestPauseMs),
      ...onlyAt(PAUSE_SIZE, last, { words: 'no pause over 20 ms at 5 M live', max: 20 }),
    },
    {
      ...{ what: `${sizeName(pauseSize)} live reservations from a snapshot`, unit: 's', digits: 2 },
      values: at(pauseSize, ({ fromSnapshotSeconds }) => fromSnapshotSeconds),
      ...onlyAt(PAUSE_SIZE, last, { words: '5 M live from a snapshot ≤ 8 s', max: 8 }),
    },
    {
      ...{ what: `throughput at ${sizeName(last)} live to that at ${sizeName(first)}` },
      ...{ unit: 'x', digits: 2 },
      values: rounds.map(
        (points) => valueAt(points, last, rateOf) / valueAt(points, first, rateOf),
      ),
      ...onlyAt(SLOWEST_SIZE, last, {
        words: 'falls by at most 20 % from 10 k to 10 M',
        min: 0.8,
      }),
    },
  ]
}

/** Medians of the rounds over the number of live reservations. */
export function growthCurves(rounds: Rounds): Curve[] {
  const curve = (
    title: string,
    yLabel: string,
    yScale: Curve['yScale'],
    picks: Readonly<Record<string, Pick>>,
  ): Curve => ({
    ...{ title, xLabel: 'live reservations', yLabel, xScale: 'log', yScale },
    series: Object.entries(picks).map(([name, pick]) => ({ name, points: line(rounds, pick) })),
  })
  return [
    curve('Throughput', 'reservations/s', 'linear', {
      'the next 90,000': rateOf,
      // Before that, it is made of a handful of commits.
      'the whole way from the size before': ({ grown, size }) =>
        size > WEIGHED_FROM ? grown.perSecond : undefined,
    }),
    curve('Pauses', 'ms', 'linear', {
      'p99.9 of turns': ({ sold }) => sold.turnP999Ms,
      'longest pause': ({ sold }) => sold.longestPauseMs,
    }),
    curve('Memory and files', 'MiB', 'log', {
      'resident memory': ({ grown }) => grown.residentBytes / MEBIBYTE,
      state: ({ grown }) => grown.stateBytes / MEBIBYTE,
      snapshot: ({ grown }) => grown.snapshotBytes / MEBIBYTE,
      journal: ({ grown }) => grown.journalBytes / MEBIBYTE,
    }),
    curve('Bytes per live reservation', 'bytes', 'linear', {
      state: ({ grown, size }) => grown.stateBytes / size,
    }),
    curve('Snapshot and recovery', 's', 'log', {
      'writing a snapshot': ({ grown }) => grown.snapshotSeconds,
      'recovery from the snapshot': ({ fromSnapshotSeconds }) => fromSnapshotSeconds,
      'recovery from the whole journal': ({ fromJournalSeconds }) => fromJournalSeconds,
    }),
  ]
}

function rateOf({ sold }: SizePoint): number {
  return sold.perSecond
}

function weight({ size, grown }: SizePoint): number[] {
  return size >= WEIGHED_FROM ? [grown.stateBytes / size] : []
}

function onlyAt(size: number, last: number, target: Target): { target?: Target } {
  return last >= size ? { target } : {}
}

function valueAt(points: readonly SizePoint[], size: number, pick: Pick): number {
  const point = points.find((one) => one.size === size)
  return (point && pick(point)) ?? Number.NaN
}

function line(rounds: Rounds, pick: Pick): (readonly [number, number])[] {
  return (rounds[0] ?? []).flatMap(({ size }) => {
    const values = rounds.map((points) => valueAt(points, size, pick))
    return values.every(Number.isFinite) ? [[size, median(values)] as const] : []
  })
}
