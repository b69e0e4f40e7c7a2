// Payments over time: percentiles, the last slow one, and the points of a storm's curve.
import { expect, test } from 'vitest'
import { overTime, PaymentTimes } from '../../../bench/open-loop/payment-times.ts'

const timesOf = (...pairs: readonly (readonly [dueMs: number, tookMs: number])[]): PaymentTimes => {
  const times = new PaymentTimes()
  for (const [dueMs, tookMs] of pairs) times.add(dueMs, tookMs)
  return times
}

test('a quantile is the time that so large a share did not exceed', () => {
  const times = new PaymentTimes()
  for (let tookMs = 100; tookMs >= 1; tookMs--) times.add(0, tookMs)
  expect([0, 0.5, 0.99, 0.995, 1].map((share) => times.quantile(share))).toEqual([
    1, 50, 99, 100, 100,
  ])
  expect(new PaymentTimes().quantile(0.5)).toBeNaN()
})

test('the last slow payment is the one that was due last, whichever was answered last', () => {
  const times = timesOf([0, 50], [900, 30], [400, 80], [1_000, 10], [1_500, 20])
  expect(times.lastAbove(25)).toBe(900)
  expect(times.lastAbove(20)).toBe(900)
  expect(times.lastAbove(60)).toBe(400)
  expect(times.lastAbove(80)).toBe(0)
})

test('times are settled from the moment on from which most of all that follow are short', () => {
  const times = timesOf([0, 50], [150, 60], [250, 10], [350, 10], [450, 30], [550, 10])
  expect(times.settledFrom(30, 1)).toBe(200)
  expect(times.settledFrom(20, 0.75), 'one of four is let pass').toBe(200)
  expect(times.settledFrom(20, 1)).toBe(500)
  expect(times.settledFrom(60, 1)).toBe(0)
  expect(timesOf([0, 9], [90, 9]).settledFrom(5, 1), 'never').toBe(100)
  expect(new PaymentTimes().settledFrom(5, 1)).toBe(0)
})

test('what was due between two moments: the first belongs to it, the second does not', () => {
  const times = timesOf([0, 5], [999, 6], [1_000, 7], [2_000, 8])
  expect(times.between(1_000).count).toBe(2)
  expect(times.between(0, 1_000).quantile(1)).toBe(6)
})

test('runs together keep all times and all failures', () => {
  const [one, other] = [timesOf([0, 1]), timesOf([0, 3], [5, 2])]
  one.failed = 2
  other.failed = 1
  const all = PaymentTimes.together([one, other])
  expect([all.count, all.failed, all.quantile(1)]).toEqual([3, 3, 3])
})

test('a curve has steps of 100 ms for two seconds, then of a second, and no point where nothing was due', () => {
  const times = timesOf([0, 1], [99, 9], [100, 2], [1_999, 3], [2_000, 4], [2_999, 6], [3_000, 5])
  const expected = [
    [0, 9],
    [0.1, 2],
    [1.9, 3],
    [2, 6],
    [3, 5],
  ]
  expect(overTime(times, 10_000, 1)).toEqual(expected)
  expect(overTime(times, 10_000, 0.5)[0]).toEqual([0, 1])
  expect(overTime(times, 3_000, 1)).toEqual(expected.slice(0, 4))
})
