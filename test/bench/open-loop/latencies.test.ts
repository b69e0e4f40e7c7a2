// Latencies: percentiles against a sorted list, the way through text, and the points of a curve.
import { expect, test } from 'vitest'
import { Latencies } from '../../../bench/open-loop/latencies.ts'

/** 0.1, 0.2, … 100 ms. */
const thousand = (): Latencies => {
  const latencies = new Latencies()
  for (let count = 1; count <= 1_000; count++) latencies.add(count / 10)
  return latencies
}

test('percentiles are those of the sorted values, within a thousandth', () => {
  const latencies = thousand()
  for (const [share, expected] of [
    [0.5, 50],
    [0.99, 99],
    [0.999, 99.9],
    [1, 100],
  ] as const) {
    expect(Math.abs(latencies.quantileMs(share) / expected - 1)).toBeLessThan(0.001)
  }
})

test('text keeps every value, and merging adds the counts', () => {
  const copy = Latencies.fromText(thousand().text())
  expect(copy.count).toBe(1_000)
  expect(copy.quantileMs(0.5)).toBe(thousand().quantileMs(0.5))
  const slow = new Latencies()
  for (let count = 0; count < 1_000; count++) slow.add(500)
  copy.merge(slow)
  expect(copy.count).toBe(2_000)
  expect(Math.round(copy.quantileMs(0.49))).toBe(98)
  expect(Math.round(copy.quantileMs(0.51))).toBe(500)
})

test('a curve goes from the median-side to where one request stands for the rest', () => {
  const curve = thousand().curve()
  expect(curve).toHaveLength(31)
  expect(curve[0]?.[0]).toBe(1)
  expect(curve[10]?.[0]).toBeCloseTo(10)
  expect(curve[10]?.[1]).toBeCloseTo(90, 0)
  expect(curve[30]?.[0]).toBeCloseTo(1_000)
  expect(curve[30]?.[1]).toBeCloseTo(99.9, 0)
  const ys = curve.map(([, y]) => y)
  expect(ys).toEqual([...ys].sort((left, right) => left - right))
})

test('beyond what can be told, a latency is the longest there is', () => {
  const latencies = new Latencies()
  latencies.add(10_000_000)
  latencies.add(-1)
  expect(latencies.count).toBe(2)
  expect(Math.round(latencies.quantileMs(1) / 1_000)).toBe(60)
})
