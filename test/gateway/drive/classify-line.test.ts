// What each line of an order file is taken for.
import { expect, test } from 'vitest'
import { createClassifier, type Line } from '../../../gateway/drive/classify-line.ts'
import { DEFAULT_COLUMNS, findColumns } from '../../../gateway/drive/columns.ts'

const HEADER = ['time', 'invoice', 'sku', 'qty', 'unit_price', 'customer', 'country']
const SALE = {
  time: '2011-11-01T08:16',
  invoice: '573744',
  sku: '21314',
  qty: '8',
  unit_price: '2.1',
  customer: '17733',
  country: 'United Kingdom',
}

function classify(change: Partial<typeof SALE>): Line {
  const classifier = createClassifier(findColumns(HEADER, DEFAULT_COLUMNS), 2)
  return classifier.classify(Object.values({ ...SALE, ...change }), 5)
}

test('takes a positive line as a sale', () => {
  expect(classify({})).toEqual({
    kind: 'sale',
    line: 5,
    timeMs: Date.UTC(2011, 10, 1, 8, 16),
    sku: '21314',
    buyer: '17733',
    isGuest: false,
    quantity: 8,
    priceMinorUnits: 210,
  })
})

test('lets a missing customer buy as the guest of the order', () => {
  const guest = { kind: 'sale', buyer: 'guest-573744', isGuest: true }
  expect(classify({ customer: '' })).toMatchObject(guest)
  expect(classify({ customer: '  ' })).toMatchObject(guest)
})

test('never takes a customer for a guest', () => {
  expect(classify({ customer: 'guest-573744' })).toMatchObject({ buyer: 'x--guest-573744' })
})

test('takes a negative line of a cancellation as a return', () => {
  const expected = { kind: 'return', line: 5, sku: '21314', buyer: '17733', quantity: 3 }
  expect(classify({ invoice: 'C579887', qty: '-3' })).toMatchObject(expected)
})

test('does not say whose a return without customer is', () => {
  const line = classify({ invoice: 'C579887', qty: '-3', customer: '' })
  expect(line).toMatchObject({ kind: 'return', buyer: undefined })
})

test('sells at a price below one minor unit', () => {
  expect(classify({ unit_price: '0.001' })).toMatchObject({ kind: 'sale', priceMinorUnits: 0 })
})

test.each([
  [{ time: '1/11/2011 8:16' }, 'time_unreadable'],
  [{ invoice: ' ' }, 'order_missing'],
  [{ sku: ' ' }, 'sku_missing'],
  [{ qty: 'six' }, 'quantity_unreadable'],
  [{ qty: '6.5' }, 'quantity_unreadable'],
  [{ qty: '' }, 'quantity_unreadable'],
  [{ unit_price: '' }, 'price_unreadable'],
  [{ unit_price: '1e3' }, 'price_unreadable'],
  [{ qty: '0' }, 'quantity_zero'],
  [{ qty: '1000001' }, 'quantity_too_large'],
  [{ qty: '-1000001', invoice: 'C1' }, 'quantity_too_large'],
  [{ invoice: 'C579887' }, 'cancellation_not_negative'],
  [{ qty: '-10' }, 'negative_without_cancellation'],
  [{ qty: '-10', unit_price: '0' }, 'negative_without_cancellation'],
  [{ unit_price: '0.0' }, 'price_zero'],
  [{ invoice: 'A563186', unit_price: '-11062.06' }, 'price_negative'],
])('counts %j as %s', (change, reason) => {
  expect(classify(change)).toEqual({ kind: 'no-sale', line: 5, reason })
})

test('counts a record with a field too many or too few', () => {
  const classifier = createClassifier(findColumns(HEADER, DEFAULT_COLUMNS), 2)
  const fields = Object.values(SALE)
  for (const record of [fields.slice(1), [...fields, ''], ['']]) {
    expect(classifier.classify(record, 1)).toMatchObject({ reason: 'field_count' })
  }
})

test('keeps SKUs apart that differ only in case or in blanks, and reports the mapped ones', () => {
  const classifier = createClassifier(findColumns(HEADER, DEFAULT_COLUMNS), 2)
  const texts = ['15056BL', '15056bl', 'BANK CHARGES', 'BANK CHARGES ', 'BANK CHARGES']
  const lines = texts.map((sku) => classifier.classify(Object.values({ ...SALE, sku }), 1))
  const ids = lines.map((line) => (line.kind === 'sale' ? line.sku : ''))
  expect(new Set(ids).size).toBe(4)
  expect([...classifier.mappedSkus]).toEqual([
    ['BANK CHARGES', 'x--BANK_20CHARGES'],
    ['BANK CHARGES ', 'x--BANK_20CHARGES_20'],
  ])
})
