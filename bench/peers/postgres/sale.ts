// The sale of a bench on PostgreSQL: how it begins, and whether its books are right at the end.
import { invariant } from '../../../core/invariant.ts'
import { withClient } from './cluster.ts'

export interface SaleOptions {
  readonly skus: readonly string[]
  readonly stock: number
  /** Units a buyer may hold of a SKU; no limit when left out. */
  readonly buyerMax?: number
}

interface Books {
  readonly held: number
  readonly wrong: number
}

const OPEN = `INSERT INTO skus SELECT unnest($1::text[]), $2, $2, $3, interval '1 hour'`
const CHECK = `
  WITH units AS (SELECT sku, sum(quantity) AS held FROM holds WHERE state = 'held' GROUP BY sku)
  SELECT coalesce(sum(held), 0)::float8 AS held,
    (count(*) FILTER (WHERE available + coalesce(held, 0) <> stock))::integer AS wrong
  FROM skus LEFT JOIN units USING (sku)`

/** Opens the SKUs. */
export async function openSale(
  socketFolder: string,
  { skus, stock, buyerMax }: SaleOptions,
): Promise<void> {
  await withClient(socketFolder, async (client) => {
    await client.query(OPEN, [skus, stock, buyerMax ?? null])
  })
}

/** Fails unless at least `made` units are held and none is lost or made up. */
export async function checkSale(socketFolder: string, made: number): Promise<void> {
  await withClient(socketFolder, async (client) => {
    const { rows } = await client.query<Books>(CHECK)
    const { held, wrong } = rows[0] as Books
    invariant(held >= made, 'every acknowledged reservation is held')
    invariant(wrong === 0, 'no unit is lost or made')
  })
}
