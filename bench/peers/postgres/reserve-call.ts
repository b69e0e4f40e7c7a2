// The one call of the sale on PostgreSQL, as a prepared statement of whichever connection the pool gives.
import type { Pool } from 'pg'

export interface ReserveCall {
  /** A UUID, chosen by whoever may repeat the call. */
  readonly id: string
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
}

export interface ReserveAnswer {
  readonly outcome: 'made' | 'repeated' | 'sold_out' | 'limit' | 'unknown_sku'
  readonly remaining: number | null
  readonly expires_ms: number | null
}

const STATEMENT = { name: 'reserve', text: 'SELECT * FROM reserve($1, $2, $3, $4)' }

/** Reserves; when it answers, the commit is on the disk. */
export async function reserve(pool: Pool, call: ReserveCall): Promise<ReserveAnswer> {
  const values = [call.id, call.sku, call.buyer, call.quantity]
  const { rows } = await pool.query<ReserveAnswer>({ ...STATEMENT, values })
  return rows[0] as ReserveAnswer
}
