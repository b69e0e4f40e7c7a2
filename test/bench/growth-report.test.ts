// What the growth bench makes of its points: medians over the rounds, targets only where their size was measured.
import { expect, test } from 'vitest'
import type { SizePoint } from '../../bench/growth/growing.ts'
import { growthCurves, growthFigures } from '../../bench/growth/growth-report.ts'

function point(size: number, perSecond: number, longestPauseMs = 1): SizePoint {
  return {
    size,
    grown: {
      ...{ perSecond: 1, stateBytes: 90 * size, residentBytes: 1, journalBytes: 1 },
      ...{ snapshotSeconds: 1, snapshotBytes: 1, stateHash: '' },
    },
    sold: { perSecond, turnP999Ms: 1, longestPauseMs },
    fromSnapshotSeconds: 2,
    fromJournalSeconds: size > 1_000_000 ? undefined : 3,
  }
}

const WHOLE = [10_000, 1_000_000, 5_000_000, 10_000_000].map((size) => point(size, 1_000))

test('throughput at the largest size is held against the smallest, round by round', () => {
  const slower = [...WHOLE.slice(0, -1), point(10_000_000, 700)]
  const [, , , fall] = growthFigures([WHOLE, slower])
  expect(fall?.values).toEqual([1, 0.7])
  expect(fall?.target?.min).toBe(0.8)
})

test('the pause is that of five million, not of ten', () => {
  const paused = [...WHOLE.slice(0, -1), point(10_000_000, 1_000, 50)]
  const [weight, pause] = growthFigures([paused])
  expect(pause?.values).toEqual([1])
  expect(pause?.target?.max).toBe(20)
  expect(weight?.values).toEqual([90])
})

test('a look that stops early meets no target of larger sizes', () => {
  const figures = growthFigures([[point(10_000, 1), point(300_000, 1)]])
  expect(figures.map(({ target }) => target !== undefined)).toEqual([true, false, false, false])
  expect(figures[1]?.what).toContain('300,000')
})

test('curves have medians, and no point where nothing was measured', () => {
  const curves = growthCurves([WHOLE, WHOLE.map(({ size }) => point(size, 3_000))])
  expect(curves[0]?.series[0]?.points[0]).toEqual([10_000, 2_000])
  const recovery = curves.find(({ title }) => title === 'Snapshot and recovery')
  expect(recovery?.series.at(-1)?.points.map(([size]) => size)).toEqual([10_000, 1_000_000])
})
