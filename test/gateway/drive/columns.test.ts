// Which column holds what: told, named by the header, or by default.
import { expect, test } from 'vitest'
import { DEFAULT_COLUMNS, findColumns, parseColumns } from '../../../gateway/drive/columns.ts'

const HEADER = ['time', 'invoice', 'sku', 'qty', 'unit_price', 'customer', 'country']

test('finds the columns of the Online Retail file without being told', () => {
  const { indexes, fieldCount } = findColumns(HEADER, DEFAULT_COLUMNS)
  expect(indexes).toEqual({ time: 0, order: 1, sku: 2, quantity: 3, price: 4, buyer: 5 })
  expect(fieldCount).toBe(7)
})

test('maps some columns and keeps the default names of the others', () => {
  const names = parseColumns('sku=article, buyer=user id')
  expect(names).toEqual({ ...DEFAULT_COLUMNS, sku: 'article', buyer: 'user id' })
})

test('takes the header with blanks around its names', () => {
  const names = HEADER.map((name) => ` ${name} `)
  expect(findColumns(names, DEFAULT_COLUMNS).indexes.price).toBe(4)
})

test('lists the header when a column is not in it', () => {
  const names = { ...DEFAULT_COLUMNS, price: 'amount' }
  expect(() => findColumns(HEADER, names)).toThrowError(
    expect.objectContaining({
      code: 'column_missing',
      message: expect.stringMatching(/no column "amount" for price.*time, invoice, sku, qty/),
    }),
  )
})

test('refuses a column that stands in the header twice', () => {
  expect(() => findColumns([...HEADER, 'sku'], DEFAULT_COLUMNS)).toThrowError(
    /more than one column "sku"/,
  )
})

test.each(['article', 'colour=red', 'sku=', '', 'sku=a,,'])(
  'says what is wrong with %j',
  (text) => {
    expect(parseColumns(text)).toMatch(/is not role=column/)
  },
)
