// What subscribers are told of a SKU: its exact numbers, or only whether there is much, little or nothing.
import type { StockEntry } from './stock-entry.ts'

/** How much a stream says. */
export interface StockForm {
  /** Whether numbers are told; where they are not, neither are event ids: a seq tells the sale's pace. */
  readonly isExact: boolean
  /** Whether who was told `told` has something new to hear in `entry`. */
  isNews(told: StockEntry, entry: StockEntry): boolean
  /** What is told of `entry`, as JSON in one line. */
  text(entry: StockEntry): string
}

type Level = 'in' | 'low' | 'out'

/** Exact numbers, with the seq as text because it outgrows a double some day. */
export const EXACT: StockForm = {
  isExact: true,
  isNews: (told, entry) => told.seq !== entry.seq || told.state !== entry.state,
  text: ({ sku, available, held, sold, stock, state, seq }) =>
    JSON.stringify({ sku, available, held, sold, stock, state, seq: String(seq) }),
}

/** Bands of what is available: `low` from `lowUnits` down, `out` at nothing. */
export function banded(lowUnits: number): StockForm {
  const levelOf = ({ available }: StockEntry): Level => {
    if (available === 0) return 'out'
    return available <= lowUnits ? 'low' : 'in'
  }
  return {
    isExact: false,
    isNews: (told, entry) => levelOf(told) !== levelOf(entry),
    text: (entry) => JSON.stringify({ sku: entry.sku, level: levelOf(entry) }),
  }
}
