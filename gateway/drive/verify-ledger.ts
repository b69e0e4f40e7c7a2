// Reads every SKU and every abandoned hold back, and compares them with the drive's own account.
import type { ApiClient } from './api-client.ts'
import { compareLedger } from './compare-ledger.ts'
import type { Discrepancies, Discrepancy } from './discrepancies.ts'
import { inParallel, inPieces } from './in-parallel.ts'
import { isReservation, type SkuCounts } from './operations.ts'
import { readSku } from './read-sku.ts'
import type { AbandonedHold, SkuLedger } from './sku-ledger.ts'

/** A hold may expire between the two readings; a real difference is still there the third time. */
const READINGS_MAX = 3

interface VerifyOptions {
  readonly client: ApiClient
  readonly ledgers: ReadonlyMap<string, SkuLedger>
  readonly discrepancies: Discrepancies
  readonly batchSize: number
  readonly concurrency: number
  readonly onVerified: (skuCount: number) => void
}

/** What was found on the server, over all SKUs of the drive. */
export interface Verification {
  readonly skus: number
  readonly availableUnits: number
  readonly heldUnits: number
  readonly soldUnits: number
  /** Abandoned reservations, by what became of them. */
  readonly abandonedHeld: number
  readonly abandonedExpired: number
}

/**
 * Adds every difference to `discrepancies`. Call it when nothing of the drive is in flight.
 * @throws DriveError when the server stays away.
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verification> {
  const ledgers = [...options.ledgers.values()]
  const sum = { skus: 0, availableUnits: 0, heldUnits: 0, soldUnits: 0 }
  await lookUp(options, ledgers)
  await inParallel(ledgers, options.concurrency, async (ledger) => {
    const { counts, differences } = await readUntilEqual(options, ledger)
    for (const difference of differences) options.discrepancies.add(difference)
    sum.skus += 1
    sum.availableUnits += counts?.available ?? 0
    sum.heldUnits += counts?.held ?? 0
    sum.soldUnits += counts?.sold ?? 0
    options.onVerified(sum.skus)
  })
  return { ...sum, ...countAbandoned(ledgers) }
}

interface Reading {
  readonly counts: SkuCounts | undefined
  readonly differences: readonly Discrepancy[]
}

async function readUntilEqual(options: VerifyOptions, ledger: SkuLedger): Promise<Reading> {
  for (let reading = 1; ; reading += 1) {
    const counts = await readSku(options.client, ledger.sku)
    const differences = counts === undefined ? [skuLost(ledger)] : compareLedger(ledger, counts)
    if (differences.length === 0 || reading === READINGS_MAX) return { counts, differences }
    await lookUp(options, [ledger])
  }
}

function skuLost(ledger: SkuLedger): Discrepancy {
  return { sku: ledger.sku, field: 'sku', expected: 'present', found: 'unknown_sku' }
}

/** Refreshes what became of the abandoned reservations of some SKUs. */
async function lookUp(options: VerifyOptions, ledgers: readonly SkuLedger[]): Promise<void> {
  const holds = ledgers.flatMap((ledger) => ledger.abandoned)
  const pieces = inPieces(holds, options.batchSize)
  await inParallel(pieces, options.concurrency, async (piece) => {
    const items = piece.map((hold) => ({ hold, operation: { op: 'get', id: hold.id } as const }))
    await options.client.batch(items, ({ hold }, answer) => {
      hold.found = isReservation(answer) ? answer.state : answer.code
    })
  })
}

function countAbandoned(
  ledgers: readonly SkuLedger[],
): Pick<Verification, 'abandonedHeld' | 'abandonedExpired'> {
  const count = (isCounted: (hold: AbandonedHold) => boolean): number =>
    ledgers.reduce((sum, ledger) => sum + ledger.abandoned.filter(isCounted).length, 0)
  return {
    abandonedHeld: count((hold) => hold.found === 'held'),
    abandonedExpired: count((hold) => hold.found === 'expired'),
  }
}
