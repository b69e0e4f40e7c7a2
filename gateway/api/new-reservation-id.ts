// Where reservation ids come from: the buyer's own key where there is one, chance where there is none.
import { hash, randomFillSync } from 'node:crypto'
import { fnv1a32 } from '../../core/fnv1a32.ts'
import type { ReservationId } from '../../core/reservation-id.ts'

const RANDOM_BYTES = 12
const pool = Buffer.alloc(RANDOM_BYTES * 256)
let poolOffset = pool.length

/**
 * The id of (buyer, SKU, key): every gateway gives a retry the same one. 96 bits of SHA-256, so that no client can
 * aim at another's id. None of the three holds a line feed, so they cannot run into each other.
 */
export function idOfKey(buyer: string, sku: string, key: string): ReservationId {
  return idOf(sku, hash('sha256', `${buyer}\n${sku}\n${key}`, 'buffer'), 0)
}

/** A fresh id: a retry of such a request is a new reservation. */
export function randomId(sku: string): ReservationId {
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  const offset = poolOffset
  poolOffset += RANDOM_BYTES
  return idOf(sku, pool, offset)
}

function idOf(sku: string, bytes: Buffer, offset: number): ReservationId {
  return {
    skuHash: fnv1a32(sku),
    high: bytes.readInt32BE(offset),
    middle: bytes.readInt32BE(offset + 4),
    low: bytes.readInt32BE(offset + 8),
  }
}
