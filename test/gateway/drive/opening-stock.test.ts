// The stock that a drive opens SKUs with.
import { expect, test } from 'vitest'
import { openingStock } from '../../../gateway/drive/opening-stock.ts'

test.each([
  { demand: 10, share: 0.6, stock: 6 },
  { demand: 11, share: 0.6, stock: 7 },
  { demand: 1, share: 0.6, stock: 1 },
  { demand: 5, share: 0, stock: 1 },
  { demand: 100, share: 0.07, stock: 7 },
  { demand: 155_990, share: 1, stock: 155_990 },
  { demand: 3, share: 2.5, stock: 8 },
  { demand: 9_000_000_000, share: 1, stock: 1_000_000_000 },
])('opens with $stock for a demand of $demand at a share of $share', ({ demand, share, stock }) => {
  expect(openingStock(demand, share)).toBe(stock)
})
