// Reservations of a sale of up to 1,000 SKUs by number: who asks for what, under which id.
import type { OpenSku, Reserve } from '../core/command.ts'
import { finishHash } from '../core/finish-hash.ts'
import { fnv1a32 } from '../core/fnv1a32.ts'
import type { ReservationId } from '../core/reservation-id.ts'
import { completeRules } from '../core/rules.ts'

export const SKUS = 1_000
/** Of each SKU: more than any bench sells. */
export const STOCK = 100_000_000
const SKU_NAMES = Array.from(
  { length: SKUS },
  (_, index) => `sku-${String(index).padStart(4, '0')}`,
)
const SKU_HASHES = SKU_NAMES.map(fnv1a32)

export function skuName(sku: number): string {
  return SKU_NAMES[sku] as string
}

/** Every reservation has a buyer of its own. */
export function buyerName(index: number): string {
  return `buyer-${String(index).padStart(7, '0')}`
}

/** The id of reservation `index`, which is one of SKU `sku`: as scattered as a hash, and no two the same. */
export function idOf(index: number, sku: number): ReservationId {
  return {
    skuHash: SKU_HASHES[sku] as number,
    high: Math.imul(index, 0x9e3779b1),
    middle: Math.imul(index, 0x85ebca6b),
    // The index goes by this word. Multiplying alone spreads numbers so evenly that all parts of it would grow at once.
    low: finishHash(index),
  }
}

/** One unit of SKU `sku` for the buyer of this number, for as long as the SKU's rules say. */
export function reserve(index: number, sku: number): Reserve {
  const id = idOf(index, sku)
  const [name, buyer] = [skuName(sku), buyerName(index)]
  return { kind: 'reserve', id, sku: name, buyer, quantity: 1, holdMs: undefined, meta: undefined }
}

/** Opens the first `count` SKUs with holds of `holdMs`. */
export function openings(count: number, holdMs: number): OpenSku[] {
  const rules = completeRules({ holdMs })
  return SKU_NAMES.slice(0, count).map((sku) => ({
    ...{ kind: 'open', sku, stock: STOCK },
    ...{ rules, by: undefined },
  }))
}
