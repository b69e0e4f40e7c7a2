// A board as the settings of a process want it.
import type { Partitions } from '../partitions.ts'
import type { StockSettings } from '../settings.ts'
import { StockBoard } from './stock-board.ts'
import { banded, EXACT } from './stock-form.ts'

/** A board of the SKUs in `partitions`, without sources yet. */
export function boardOf(settings: StockSettings, partitions: Partitions): StockBoard {
  const { stockDetail, stockLowUnits, streamsMax } = settings
  const form = stockDetail === 'banded' ? banded(stockLowUnits) : EXACT
  return new StockBoard({ partitions, form, streamsMax })
}
