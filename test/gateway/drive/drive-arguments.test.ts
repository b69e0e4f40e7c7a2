// The values of the command line of a drive, read or refused.
import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import {
  columnsOption,
  currencyOption,
  numberOption,
  runOption,
  speedOption,
  urlOption,
} from '../../../gateway/cli/drive-arguments.ts'

const whole = numberOption({ min: 1, max: 1000, isWhole: true })

test('reads what it is given', () => {
  expect(whole('500')).toBe(500)
  expect(speedOption('max')).toBe('max')
  expect(speedOption('3600.5')).toBe(3600.5)
  expect(currencyOption('JPY')).toBe('JPY')
  expect(runOption('friday-1')).toBe('friday-1')
  expect(urlOption('http://127.0.0.1:7070/')).toBe('http://127.0.0.1:7070')
  expect(columnsOption('sku=article').sku).toBe('article')
})

test.each([
  ...['0', '1001', '1.5', '-1', '1e2', '', ' 5', 'five'].map((text) => [whole, text] as const),
  ...['0', '-1', 'fast', 'MAX', ''].map((text) => [speedOption, text] as const),
  ...['gbp', 'GB', 'POUND'].map((text) => [currencyOption, text] as const),
  ...['', 'a b', 'é', 'a'.repeat(65)].map((text) => [runOption, text] as const),
  ...['localhost:7070', 'ftp://host', ''].map((text) => [urlOption, text] as const),
  [columnsOption, 'colour=red'] as const,
])('%o refuses %j as a usage error', (read, text) => {
  expect(() => read(text)).toThrowError(InvalidArgumentError)
})
