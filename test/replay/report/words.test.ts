// How a report writes numbers, spans of time, money, and marks on an axis.
import { describe, expect, test } from 'vitest'
import {
  countOf,
  dayWords,
  instantWords,
  moneyWords,
  secondWords,
  shareWords,
  shortNumber,
  spanWords,
} from '../../../replay/report/number-words.ts'
import { roundMarks, timeAxis } from '../../../replay/report/time-axis.ts'

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [2_345, '2.35 s'],
  [59_900, '59.9 s'],
  [59_990, '1 min'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [3_599_700, '1 h'],
  [3_900_000, '1 h 5 min'],
  [86_399_000, '1 d'],
  [187_200_000, '2 d 4 h'],
])('%i ms are written as %s', (ms, words) => {
  expect(spanWords(ms)).toBe(words)
})

test.each([
  [1, 3, '33.3 %'],
  [0, 3, '0 %'],
  [3, 3, '100 %'],
  [99_999, 100_000, '99.9 %'],
  [1, 100_000, '0.1 %'],
  [0, 0, '–'],
])('%i of %i is %s', (part, whole, words) => {
  expect(shareWords(part, whole)).toBe(words)
})

test.each([
  ['123456', 'EUR', '1,234.56 EUR'],
  ['5', 'EUR', '0.05 EUR'],
  ['123456', 'JPY', '123,456 JPY'],
  ['123456', 'BHD', '123.456 BHD'],
  ['90071992547409931234', 'EUR', '900,719,925,474,099,312.34 EUR'],
  ['100', '', '1.00'],
])('%s minor units of %j are %s', (minor, currency, words) => {
  expect(moneyWords(minor, currency)).toBe(words)
})

test('counts, instants and short numbers are written the same everywhere', () => {
  expect([countOf(1, 'unit'), countOf(2_000, 'unit')]).toEqual(['1 unit', '2,000 units'])
  const at = Date.UTC(2026, 10, 11, 20, 0, 7, 89)
  expect(instantWords(at)).toBe('2026-11-11 20:00:07.089 UTC')
  expect(secondWords(at)).toBe('2026-11-11 20:00:07 UTC')
  expect(dayWords(at)).toBe('11 November 2026')
  expect([0, 950, 1_500, 20_000, 3_000_000].map(shortNumber)).toEqual([
    ...['0', '950', '1.5k', '20k', '3M'],
  ])
})

describe('an axis of time', () => {
  test.each([
    [800, 'ms', ['0', '100', '200', '300', '400', '500', '600', '700', '800']],
    [3_200, 's', ['0', '0.5', '1', '1.5', '2', '2.5', '3']],
    [2_400_000, 'min', ['0', '5', '10', '15', '20', '25', '30', '35', '40']],
    [8 * 3_600_000, 'h', ['0', '1', '2', '3', '4', '5', '6', '7', '8']],
    [365 * 86_400_000, 'days', ['0', '50', '100', '150', '200', '250', '300', '350']],
  ])('of %i ms counts in %s', (spanMs, unit, labels) => {
    const axis = timeAxis(spanMs)
    expect(axis.unit).toBe(unit)
    expect(axis.marks.map(({ label }) => label)).toEqual(labels)
    expect(axis.marks.at(-1)?.afterMs).toBeLessThanOrEqual(spanMs)
  })

  test('of no length has one mark', () => {
    expect(timeAxis(0).marks).toEqual([{ afterMs: 0, label: '0' }])
    expect(roundMarks(3, 4)).toEqual([0, 1, 2, 3])
  })
})
