// The sale that goes on while a drill destroys things: one drive of real orders after the other.
import { DEFAULT_COLUMNS } from '../drive/columns.ts'
import type { DriveOptions } from '../drive/drive-options.ts'
import { driveOrders } from '../drive/drive-orders.ts'
import type { AcknowledgedLog } from './acknowledged-log.ts'

/** More stock than the orders ask for, so that every drive keeps reserving. */
const STOCK_SHARE = 20

export interface SaleUnderFire {
  /** Orders to sell, as for `holdfast drive`. */
  readonly file: string
  readonly limit: number | undefined
  readonly seed: number
  /** Looked up before every request. */
  readonly baseUrl: () => string
  readonly log: AcknowledgedLog
}

/**
 * Sells until `destroying` has resolved and the drive that met its end is done. Gives the differences between the drives'
 * own ledgers and the server's counts. @throws what `destroying` rejects with, or DriveError.
 */
export async function driveUntil(destroying: Promise<void>, sale: SaleUnderFire): Promise<number> {
  let isOver = false
  const over = destroying.finally(() => {
    isOver = true
  })
  // A drive that fails ends the drill first; what it interrupts is then no news.
  over.catch(() => undefined)
  let differences = 0
  for (let drive = 1; !isOver; drive++) {
    const selling = driveOrders(driveOptions(sale, drive), {
      baseUrl: sale.baseUrl,
      onAcknowledged: (operation, answer) => sale.log.add(operation, answer),
    })
    const [report] = await Promise.all([selling, isOver ? over : Promise.race([over, selling])])
    differences += report.discrepancies.total
  }
  await over
  return differences
}

function driveOptions({ file, limit, seed }: SaleUnderFire, drive: number): DriveOptions {
  return {
    ...{ file, limit, seed, columns: DEFAULT_COLUMNS, url: 'http://127.0.0.1:9', currency: 'GBP' },
    run: `drill-${seed}-${drive}`,
    abandonShare: 0.14,
    stockShare: STOCK_SHARE,
    speed: 'max',
    concurrency: 4,
    batchSize: 100,
    holdMs: 3_600_000,
    retryForMs: 60_000,
  }
}
