// The demand of the engine's bench: shares as Zipf's law says, and the same sequence every time.
import { expect, test } from 'vitest'
import { zipfSequence } from '../../bench/zipf.ts'

const OPTIONS = { count: 200_000, kinds: 1_000, exponent: 1, seed: 7 }
/** 1 + 1/2 + … + 1/1000. */
const HARMONIC = 7.485_470_860_550_345

function shares(values: Int32Array, kinds: number): number[] {
  const counts = new Array<number>(kinds).fill(0)
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts.map((count) => count / values.length)
}

test('the k-th SKU has a share proportional to 1 / k', () => {
  const found = shares(zipfSequence(OPTIONS), OPTIONS.kinds)
  for (const rank of [1, 2, 3, 10, 100]) {
    const expected = 1 / rank / HARMONIC
    const deviation = Math.sqrt((expected * (1 - expected)) / OPTIONS.count)
    expect(Math.abs((found[rank - 1] ?? 0) - expected)).toBeLessThan(5 * deviation)
  }
  expect(found.filter((share) => share > 0).length).toBe(OPTIONS.kinds)
})

test('with exponent 0 all have the same share', () => {
  const found = shares(zipfSequence({ ...OPTIONS, kinds: 4, exponent: 0 }), 4)
  for (const share of found) expect(share).toBeCloseTo(0.25, 2)
})

test('the same seed gives the same sequence, another seed another', () => {
  const few = { ...OPTIONS, count: 1_000 }
  const once = zipfSequence(few)
  expect(zipfSequence(few)).toEqual(once)
  expect(zipfSequence({ ...few, seed: 8 })).not.toEqual(once)
  expect(zipfSequence({ ...few, count: 10 })).toEqual(once.slice(0, 10))
})
