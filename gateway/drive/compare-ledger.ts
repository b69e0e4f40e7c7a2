// Unit by unit: one SKU's account against the server's counts. Pure.
import type { Discrepancy } from './discrepancies.ts'
import type { SkuCounts } from './operations.ts'
import type { SkuLedger } from './sku-ledger.ts'

const COUNT_FIELDS = ['available', 'held', 'sold'] as const

/**
 * Every difference between an account, whose abandoned holds were just looked up, and the server's counts.
 * Units held before the drive may have expired meanwhile, so they are allowed for, not demanded.
 */
export function compareLedger(ledger: SkuLedger, counts: SkuCounts): Discrepancy[] {
  const { sku, before } = ledger
  const differences: Discrepancy[] = []
  const differ = (field: string, expected: string | number, found: string | number): void => {
    differences.push({ sku, field, expected, found })
  }

  for (const field of COUNT_FIELDS) if (counts[field] < 0) differ(field, '0 or more', counts[field])
  const sum = counts.available + counts.held + counts.sold
  if (sum !== counts.stock) differ('conservation', counts.stock, sum)
  if (counts.stock !== before.stock) differ('stock', before.stock, counts.stock)
  const sold = before.sold + ledger.soldChange
  if (counts.sold !== sold) differ('sold', sold, counts.sold)
  const heldMin = heldUnits(ledger)
  const heldMax = heldMin + before.held
  if (counts.held < heldMin || counts.held > heldMax) {
    differ('held', heldMin === heldMax ? heldMin : `${heldMin} to ${heldMax}`, counts.held)
  }
  for (const { id, found } of ledger.abandoned) {
    if (found !== 'held' && found !== 'expired')
      differ(`reservation ${id}`, 'held or expired', found)
  }
  return differences
}

/** Units of the abandoned reservations that were found held. */
function heldUnits(ledger: SkuLedger): number {
  let units = 0
  for (const hold of ledger.abandoned) if (hold.found === 'held') units += hold.quantity
  return units
}
