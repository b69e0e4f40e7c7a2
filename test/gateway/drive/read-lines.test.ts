// The records of a CSV file, broken ones included.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Line } from '../../../gateway/drive/classify-line.ts'
import { DEFAULT_COLUMNS } from '../../../gateway/drive/columns.ts'
import { readLines } from '../../../gateway/drive/read-lines.ts'
import { temporaryFile } from './temporary-file.ts'

const HEADER = 'time,invoice,sku,qty,unit_price,customer,country'
const ROWS = ['2011-11-01T08:16,1,A,8,2.1,7,UK', '2011-11-01T08:17,2,B,1,0.5,,UK']

async function linesOf(file: string, limit?: number): Promise<Line[]> {
  const all: Line[] = []
  const source = { file, columns: DEFAULT_COLUMNS, currency: 'GBP', limit }
  for await (const { lines } of readLines(source)) all.push(...lines)
  return all
}

function skusOf(lines: readonly Line[]): string[] {
  return lines.map((line) => (line.kind === 'no-sale' ? line.reason : line.sku))
}

const TEXT = `${[HEADER, ...ROWS].join('\n')}\n`

test.each([
  ['a plain file', TEXT],
  ['a gzipped file, whatever its name', gzipSync(TEXT)],
  ['a byte order mark', `\uFEFF${TEXT}`],
  ['carriage returns and no last line end', [HEADER, ...ROWS].join('\r\n')],
  ['empty lines', TEXT.replaceAll('\n', '\n\n')],
  ['quoted fields', TEXT.replaceAll('UK', '"U,""K"""').replace('A', '"A"')],
])('reads %s', async (_, content) => {
  const lines = await linesOf(await temporaryFile('orders.csv', content))
  expect(skusOf(lines)).toEqual(['A', 'B'])
  expect(lines.map(({ line }) => line)).toEqual([1, 2])
})

test('keeps a record together whose quoted field spans lines', async () => {
  const text = TEXT.replace('UK', '"United\nKingdom"')
  expect(skusOf(await linesOf(await temporaryFile('orders.csv', text)))).toEqual(['A', 'B'])
})

test('takes a stray quote literally and counts lines that are broken', async () => {
  const rows = ['2011-11-01T08:16,1,5" nail,8,2.1,7,UK', 'garbage', ...ROWS]
  const file = await temporaryFile('orders.csv', [HEADER, ...rows].join('\n'))
  expect(skusOf(await linesOf(file))).toEqual(['x--5_22_20nail', 'field_count', 'A', 'B'])
})

test('reads files of many chunks, in order and up to a limit', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `2011-11-01,1,S${index},1,1,7,UK`)
  const file = await temporaryFile('orders.csv.gz', gzipSync([HEADER, ...rows].join('\n')))
  const all = await linesOf(file)
  expect(all.every((line, index) => line.line === index + 1)).toBe(true)
  expect(skusOf(all).at(-1)).toBe('S19999')
  for (const limit of [1, 15_000, 20_001]) {
    expect(await linesOf(file, limit)).toEqual(all.slice(0, limit))
  }
})

test('refuses a quote that never closes, because nothing after it can be told from data', async () => {
  const file = await temporaryFile('orders.csv', `${TEXT}2011-11-01,3,"C,1,1,7,UK\n${ROWS[0]}\n`)
  const problem = {
    code: 'file_malformed',
    message: expect.stringMatching(/after record 3, by line 5: a quote/),
  }
  await expect(linesOf(file)).rejects.toThrowError(expect.objectContaining(problem))
})

test('refuses a damaged gzip file instead of taking it for a short one', async () => {
  const whole = gzipSync(TEXT.repeat(1000))
  const file = await temporaryFile('orders.csv.gz', whole.subarray(0, whole.length - 20))
  const problem = { code: 'file_unreadable' }
  await expect(linesOf(file)).rejects.toThrowError(expect.objectContaining(problem))
})

test('refuses a file that is not there, and one without a header', async () => {
  const absent = { code: 'file_unreadable', message: expect.stringContaining('ENOENT') }
  await expect(linesOf('/absent/orders.csv')).rejects.toThrowError(expect.objectContaining(absent))
  const empty = await temporaryFile('orders.csv', '')
  const headless = { code: 'column_missing' }
  await expect(linesOf(empty)).rejects.toThrowError(expect.objectContaining(headless))
})
