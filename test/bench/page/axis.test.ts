// Axes: every value lies on its own, marks are round, few and in order.
import { describe, expect, test } from 'vitest'
import { axisFor } from '../../../bench/page/axis.ts'
import { randomTest } from '../../fixtures/seed.ts'

describe('an axis', () => {
  test('begins at 0 when it is linear, or at the least value where that is asked for', () => {
    const axis = axisFor([20, 100], 'linear')
    expect([axis.share(0), axis.share(50), axis.share(100)]).toEqual([0, 0.5, 1])
    expect(axis.marks.map(({ label }) => label)).toEqual(['0', '20', '40', '60', '80', '100'])
    const tight = axisFor([20, 100], 'linear', true)
    expect([tight.share(20), tight.share(100)]).toEqual([0, 1])
  })

  test('runs from one round number to another when it is logarithmic', () => {
    const axis = axisFor([3, 70], 'log')
    expect(axis.marks.map(({ at }) => at)).toEqual([2, 5, 10, 20, 50, 100])
    expect(axis.share(2)).toBe(0)
    expect(axis.share(100)).toBe(1)
  })

  test('marks powers of ten where there is no room for more', () => {
    const axis = axisFor([1, 100_000], 'log')
    expect(axis.marks.map(({ label }) => label)).toEqual(['1', '10', '100', '1k', '10k', '100k'])
  })

  test('leaves out what a logarithm cannot show', () => {
    const axis = axisFor([0, 1, 10], 'log')
    expect(axis.share(0)).toBeUndefined()
    expect(axis.share(10)).toBe(1)
  })

  test('copes with one value, with none, and with nothing but zeros', () => {
    for (const values of [[5], [], [0, 0]]) {
      for (const scale of ['linear', 'log'] as const) {
        const { marks, share } = axisFor(values, scale)
        expect(marks.length).toBeGreaterThan(0)
        expect(share(values[0] ?? 0)).toBeGreaterThanOrEqual(0)
      }
    }
  })

  randomTest('keeps all values between its ends, in order, with at most seven marks', (random) => {
    const size = 10 ** random.integer(0, 6)
    const values = Array.from({ length: 20 }, () => 1 + random.integer(0, size))
    values.sort((left, right) => left - right)
    for (const scale of ['linear', 'log'] as const) {
      const { marks, share } = axisFor(values, scale)
      const shares = values.map((value) => share(value) ?? Number.NaN)
      expect(shares).toEqual([...shares].sort((left, right) => left - right))
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...shares)).toBeLessThanOrEqual(1.000001)
      expect(marks.length).toBeLessThanOrEqual(7)
      const places = marks.map(({ at }) => share(at) ?? Number.NaN)
      expect(places.every((place) => place >= 0 && place < 1.000001)).toBe(true)
    }
  })
})
