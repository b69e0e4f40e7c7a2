// Which purchases a return gives back.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openPurchase, type Purchase } from '../../../gateway/drive/purchase.ts'
import { PurchaseBook } from '../../../gateway/drive/purchase-book.ts'
import { openLedger } from '../../../gateway/drive/sku-ledger.ts'

const LEDGER = openLedger('A', { stock: 9, available: 9, held: 0, sold: 0 })

function bought(quantity: number): Purchase {
  return openPurchase({ ledger: LEDGER, quantity, isAbandoned: false })
}

test('gives back the newest purchase first and spans several', () => {
  const book = new PurchaseBook()
  const [older, newer] = [bought(5), bought(2)]
  book.note('7 A', older)
  book.note('7 A', newer)
  expect(book.match('7 A', 3)).toEqual({
    parts: [
      { purchase: newer, units: 2 },
      { purchase: older, units: 1 },
    ],
    excessUnits: 0,
  })
})

test('gives no unit back twice, and says what exceeds the purchases', () => {
  const book = new PurchaseBook()
  const purchase = bought(5)
  book.note('7 A', purchase)
  expect(book.match('7 A', 3)).toEqual({ parts: [{ purchase, units: 3 }], excessUnits: 0 })
  expect(book.match('7 A', 3)).toEqual({ parts: [{ purchase, units: 2 }], excessUnits: 1 })
  expect(book.match('7 A', 3)).toEqual({ parts: [], excessUnits: 3 })
})

test('keeps customers and SKUs apart', () => {
  const book = new PurchaseBook()
  book.note('7 A', bought(5))
  expect(book.match('8 A', 1).excessUnits).toBe(1)
  expect(book.match('7 B', 1).excessUnits).toBe(1)
})

test('accounts for every unit of any purchases and returns', () => {
  const step = fc.record({ isReturn: fc.boolean(), units: fc.integer({ min: 1, max: 20 }) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const book = new PurchaseBook()
      let openUnits = 0
      for (const { isReturn, units } of steps) {
        if (!isReturn) {
          book.note('7 A', bought(units))
          openUnits += units
          continue
        }
        const { parts, excessUnits } = book.match('7 A', units)
        const matched = parts.reduce((sum, part) => sum + part.units, 0)
        expect(matched).toBe(Math.min(units, openUnits))
        expect(matched + excessUnits).toBe(units)
        openUnits -= matched
      }
    }),
  )
})
