// What an owner remembers of its commits: the quantiles of the last minute, and no longer.
import { describe, expect, test } from 'vitest'
import { CommitMeter } from '../../gateway/commit-meter.ts'
import { RecentValues } from '../../gateway/recent-values.ts'
import { randomTest } from '../fixtures/seed.ts'

const NONE = {
  ...{ commitP50Ms: undefined, commitP99Ms: undefined },
  ...{ blockEventsP50: undefined, blockEventsP99: undefined },
}

describe('recent values', () => {
  randomTest('have the quantiles of the sorted list, within 0.1 %', (random) => {
    const recent = new RecentValues(60_000_000, 0)
    const values = Array.from({ length: 1_000 }, () =>
      random.integer(1, 10 ** random.integer(1, 7)),
    )
    for (const value of values) recent.add(value, random.integer(0, 29_999))
    values.sort((left, right) => left - right)
    const quantiles = recent.quantiles(30_000)
    for (const [found, rank] of [
      [quantiles?.p50, 500],
      [quantiles?.p99, 990],
    ] as const) {
      const exact = Number(values[rank - 1])
      expect(Math.abs(Number(found) - exact), `${found}, not ${exact}`).toBeLessThanOrEqual(
        exact / 1_000 + 1,
      )
    }
  })

  test('fall out after a minute at the latest, and not before half of one', () => {
    const recent = new RecentValues(1_000, 0)
    recent.add(7, 0)
    expect(recent.quantiles(29_999)).toEqual({ p50: 7, p99: 7 })
    recent.add(9, 30_000)
    expect(recent.quantiles(59_999)).toEqual({ p50: 7, p99: 9 })
    expect(recent.quantiles(60_000)).toEqual({ p50: 9, p99: 9 })
    expect(recent.quantiles(90_000)).toBeUndefined()
    recent.add(5, 90_001)
    expect(recent.quantiles(1e9), 'after a long silence').toBeUndefined()
  })

  test('are bounded at both ends', () => {
    const recent = new RecentValues(1_000, 0)
    recent.add(0, 0)
    recent.add(5_000, 0)
    expect(recent.quantiles(0)).toEqual({ p50: 1, p99: 1_000 })
  })
})

test('a commit meter counts for ever and remembers for a minute', () => {
  let now = 0
  const meter = new CommitMeter(() => now)
  expect(meter.recent()).toEqual(NONE)
  meter.note(3, 0.25)
  meter.note(5, 0.5)
  expect([meter.blocks, meter.events]).toEqual([2, 8])
  expect(meter.recent()).toEqual({
    ...{ commitP50Ms: 0.25, commitP99Ms: 0.5, blockEventsP50: 3, blockEventsP99: 5 },
  })
  now = 120_000
  expect(meter.recent()).toEqual(NONE)
  expect([meter.blocks, meter.events]).toEqual([2, 8])
})
