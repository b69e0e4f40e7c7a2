// Prices in decimal text as whole minor units.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { currencyDigits, parsePrice } from '../../../gateway/drive/parse-price.ts'

test.each([
  ['2.55', 2, 1, 255],
  ['2.5', 2, 1, 250],
  ['2', 2, 1, 200],
  ['2.', 2, 1, 200],
  ['.5', 2, 1, 50],
  ['+1.10', 2, 1, 110],
  ['0.145', 2, 1, 15],
  ['0.1449999', 2, 1, 14],
  ['1.005', 2, 1, 101],
  ['0.001', 2, 1, 0],
  ['38970.0', 2, 1, 3_897_000],
  ['-11062.06', 2, -1, -1_106_206],
  ['-0.005', 2, -1, -1],
  ['0', 2, 0, 0],
  ['-0.00', 2, 0, 0],
  ['150', 0, 1, 150],
  ['150.5', 0, 1, 151],
  ['1.2345', 3, 1, 1235],
])('reads %j with %i digits', (text, digits, sign, minorUnits) => {
  expect(parsePrice(text, digits)).toEqual({ sign, minorUnits })
})

test.each([
  '',
  '.',
  '-',
  '1e3',
  '1,50',
  '1 000',
  '£2.55',
  'NaN',
  'Infinity',
  '0x10',
  '99999999999999999',
])('does not guess what %j costs', (text) => {
  expect(parsePrice(text, 2)).toBeUndefined()
})

test('gives back every whole number of minor units exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 15 }), (minorUnits) => {
      const digits = String(minorUnits).padStart(3, '0')
      const text = `${digits.slice(0, -2)}.${digits.slice(-2)}`
      expect(parsePrice(text, 2)?.minorUnits).toBe(minorUnits)
    }),
  )
})

test('knows the decimal places of currencies', () => {
  expect(['GBP', 'JPY', 'KWD', 'XXQ'].map(currencyDigits)).toEqual([2, 0, 3, 2])
})
