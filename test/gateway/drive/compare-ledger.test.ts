// The drive's account of one SKU against the server's, unit by unit.
import { expect, test } from 'vitest'
import { compareLedger } from '../../../gateway/drive/compare-ledger.ts'
import { Discrepancies } from '../../../gateway/drive/discrepancies.ts'
import type { SkuCounts } from '../../../gateway/drive/operations.ts'
import { openLedger, type SkuLedger } from '../../../gateway/drive/sku-ledger.ts'

const NEW: SkuCounts = { stock: 10, available: 10, held: 0, sold: 0 }
const USED: SkuCounts = { stock: 10, available: 5, held: 3, sold: 2 }

/** Four units sold, two left unpaid and still held, one more expired. */
function ledgerAfter(before: SkuCounts): SkuLedger {
  const ledger = openLedger('A', before)
  ledger.soldChange = 4
  ledger.abandoned.push({ id: 'r1', quantity: 2, found: 'held' })
  ledger.abandoned.push({ id: 'r2', quantity: 1, found: 'expired' })
  return ledger
}

const EQUAL: SkuCounts = { stock: 10, available: 4, held: 2, sold: 4 }

test('finds nothing when both count the same', () => {
  expect(compareLedger(ledgerAfter(NEW), EQUAL)).toEqual([])
})

test.each([
  ['a unit sold too many', { available: 3, sold: 5 }, ['sold']],
  ['a sale lost', { available: 5, sold: 3 }, ['sold']],
  ['a hold lost', { available: 6, held: 0 }, ['held']],
  ['a stranded hold', { available: 3, held: 3 }, ['held']],
  ['a unit that vanished', { available: 3 }, ['conservation']],
  ['a unit from nowhere', { available: 5 }, ['conservation']],
  ['another stock', { stock: 11, available: 5 }, ['stock']],
  ['oversold stock', { available: -1, sold: 9 }, ['available', 'sold']],
])('finds %s', (_, change, fields) => {
  const differences = compareLedger(ledgerAfter(NEW), { ...EQUAL, ...change })
  expect(differences.map(({ field }) => field)).toEqual(fields)
})

test('names SKU, field, expected and found', () => {
  const counts = { ...EQUAL, available: 3, sold: 5 }
  const expected = [{ sku: 'A', field: 'sold', expected: 4, found: 5 }]
  expect(compareLedger(ledgerAfter(NEW), counts)).toEqual(expected)
})

test.each(['confirmed', 'cancelled', 'unknown_reservation'])(
  'finds an abandoned reservation that is %s',
  (found) => {
    const ledger = ledgerAfter(NEW)
    ledger.abandoned.push({ id: 'r3', quantity: 1, found })
    const expected = { sku: 'A', field: 'reservation r3', expected: 'held or expired', found }
    expect(compareLedger(ledger, EQUAL)).toEqual([expected])
  },
)

test('compares by the difference where the SKU was sold before', () => {
  const counts = { stock: 10, available: 0, held: 4, sold: 6 }
  expect(compareLedger(ledgerAfter(USED), counts)).toEqual([])
  const more = { ...counts, held: 3, sold: 7 }
  expect(compareLedger(ledgerAfter(USED), more)).toMatchObject([{ field: 'sold', expected: 6 }])
})

test('allows units that were held before to have expired, and no others', () => {
  const held = (units: number): SkuCounts => ({
    stock: 10,
    available: 4 - units,
    held: units,
    sold: 6,
  })
  const ledger = ledgerAfter(USED)
  const found = [1, 2, 3, 4].map((units) => compareLedger(ledger, held(units)).length)
  expect(found).toEqual([1, 0, 0, 0])
  const above = { stock: 12, available: 0, held: 6, sold: 6 }
  expect(compareLedger(ledger, above)).toContainEqual({
    sku: 'A',
    field: 'held',
    expected: '2 to 5',
    found: 6,
  })
})

test('counts all discrepancies and keeps the first twenty', () => {
  const discrepancies = new Discrepancies()
  for (let index = 0; index < 25; index += 1) {
    discrepancies.add({ sku: `S${index}`, field: 'sold', expected: 0, found: 1 })
  }
  expect(discrepancies.total).toBe(25)
  expect(discrepancies.first.map(({ sku }) => sku).at(-1)).toBe('S19')
  expect(discrepancies.first).toHaveLength(20)
})
