// Percentiles of turn times: a value that was measured, never one between two.
import { expect, test } from 'vitest'
import { percentile, TurnTimes } from '../../bench/turn-times.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index)

test('a percentile is the smallest value that so many do not exceed', () => {
  expect(percentile(HUNDRED, 0.5)).toBe(50)
  expect(percentile(HUNDRED, 0.99)).toBe(99)
  expect(percentile(HUNDRED, 0.991)).toBe(100)
  expect(percentile(HUNDRED, 1)).toBe(100)
  expect(percentile(HUNDRED, 0)).toBe(1)
  expect(percentile([3], 0.999)).toBe(3)
})

test('numbers are put in order as numbers', () => {
  expect(percentile([10, 9, 100], 0.5)).toBe(10)
})

test('turns are remembered until they are forgotten', () => {
  const turns = new TurnTimes()
  expect([turns.longestMs, turns.percentileMs(0.999)]).toEqual([0, 0])
  for (const ms of HUNDRED) turns.add(ms)
  expect([turns.longestMs, turns.percentileMs(0.9)]).toEqual([100, 90])
  turns.clear()
  expect(turns.longestMs).toBe(0)
})
