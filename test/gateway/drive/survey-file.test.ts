// The first pass over an order file.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DEFAULT_COLUMNS } from '../../../gateway/drive/columns.ts'
import { returnKey, surveyFile } from '../../../gateway/drive/survey-file.ts'
import { temporaryFile } from './temporary-file.ts'

const SAMPLE = fileURLToPath(
  new URL('../../../docs/sample/online_retail_2011_11.csv.gz', import.meta.url),
)

function source(file: string) {
  return { file, columns: DEFAULT_COLUMNS, currency: 'GBP', limit: undefined }
}

test('sums what is asked for, not what is given back', async () => {
  const rows = [
    'time,invoice,sku,qty,unit_price,customer',
    '2011-11-01T08:16,1,A,8,2.10,7',
    '2011-11-01T08:17,2,A,5,2.25,',
    '2011-11-01T08:18,3,A,100,0,7',
    '2011-11-01T08:19,C4,A,-3,2.10,7',
    '2011-11-01T08:20,C5,B,-3,2.10,',
  ]
  const file = await temporaryFile('orders.csv', rows.join('\n'))
  const survey = await surveyFile(source(file), () => {})
  expect(survey.lineCount).toBe(5)
  expect([...survey.demand]).toEqual([['A', { units: 13, priceMinorUnits: 210 }]])
  expect([...survey.returnKeys]).toEqual([returnKey('7', 'A')])
})

test('reads the sample that ships with the project', async () => {
  const survey = await surveyFile(source(SAMPLE), () => {})
  expect(survey.lineCount).toBe(84_711)
  expect(survey.demand.size).toBe(2_939)
  expect([...survey.mappedSkus.keys()]).toEqual(['BANK CHARGES'])
})
