// When lines are due, with the time of the file compressed.
import { expect, test } from 'vitest'
import { createPace } from '../../../gateway/drive/pace.ts'

test('compresses the time of the file by its speed, from the first line on', () => {
  let nowMs = 5_000
  const earlyMs = createPace({ speed: 60, nowMs: () => nowMs })
  const firstMs = Date.UTC(2011, 10, 1)
  expect(earlyMs(firstMs)).toBe(0)
  expect(earlyMs(firstMs + 60_000)).toBe(1_000)
  nowMs += 400
  expect(earlyMs(firstMs + 60_000)).toBe(600)
  nowMs += 1_000
  expect(earlyMs(firstMs + 60_000)).toBe(0)
})

test('sends a line at once whose time lies before the others', () => {
  const earlyMs = createPace({ speed: 1, nowMs: () => 0 })
  expect([1_000, 500, 1_500].map(earlyMs)).toEqual([0, 0, 500])
})

test('never waits at the speed max', () => {
  const earlyMs = createPace({ speed: 'max', nowMs: () => 0 })
  expect([0, 1e12].map(earlyMs)).toEqual([0, 0])
})
