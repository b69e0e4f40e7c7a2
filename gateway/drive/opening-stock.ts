// Order files know no stock levels: the opening stock is derived from what will be asked for.
import { STOCK_MAX } from '../../core/limits.ts'

const MILLION = 1_000_000

/**
 * Units to open a SKU with: the share of its gross demand, rounded up, at least 1.
 * In integers, with the share taken to a millionth, because 0.07 × 100 is more than 7 in floats.
 */
export function openingStock(demandUnits: number, share: number): number {
  const millionths = BigInt(Math.round(share * MILLION))
  const product = BigInt(demandUnits) * millionths
  const units = Number((product + BigInt(MILLION - 1)) / BigInt(MILLION))
  return Math.min(STOCK_MAX, Math.max(1, units))
}
