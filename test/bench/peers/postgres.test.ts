// The sale on PostgreSQL that Holdfast is compared with keeps the same rules, on a real cluster.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Child } from '../../../bench/child.ts'
import { compiledUrl } from '../../../bench/peers/compiled-url.ts'
import { type Cluster, startCluster } from '../../../bench/peers/postgres/cluster.ts'
import { postgresDirect, postgresHttp } from '../../../bench/peers/postgres/contestants.ts'
import type { DirectRun } from '../../../bench/peers/postgres/direct-client.ts'
import { findPostgres, type Postgres } from '../../../bench/peers/postgres/find-postgres.ts'
import { openPool } from '../../../bench/peers/postgres/pool.ts'
import { reserve } from '../../../bench/peers/postgres/reserve-call.ts'
import { checkSale, openSale } from '../../../bench/peers/postgres/sale.ts'
import { SKUS, skuName } from '../../../bench/reserves.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const postgres = findPostgres()
const why = 'missing' in postgres ? ` (skipped: ${postgres.missing})` : ''

test('names what to install where there is no PostgreSQL', () => {
  expect(findPostgres({ PATH: newDirectory() }, newDirectory())).toEqual({
    missing: 'install PostgreSQL (Debian: apt-get install postgresql-15)',
  })
})

describe.skipIf(why !== '')(`a sale on PostgreSQL${why}`, () => {
  let cluster: Cluster
  let pool: Pool

  beforeAll(async () => {
    cluster = await startCluster(postgres as Postgres)
    pool = await openPool(cluster.socketFolder, 8)
  })

  afterAll(async () => {
    await pool.end()
    await cluster.stop()
    expect(existsSync(cluster.socketFolder)).toBe(false)
  })

  const open = (sku: string, stock: number, buyerMax?: number) =>
    openSale(cluster.socketFolder, { skus: [sku], stock, ...(buyerMax && { buyerMax }) })

  /** Reserves `count` times at once; gives the outcomes in alphabetical order. */
  const reserveAll = async (
    count: number,
    sku: string,
    terms: { id?: string; buyer?: string; quantity?: number } = {},
  ): Promise<string[]> => {
    const answers = Array.from({ length: count }, (_, index) =>
      reserve(pool, { id: randomUUID(), buyer: `buyer-${index}`, quantity: 1, ...terms, sku }),
    )
    return (await Promise.all(answers)).map(({ outcome }) => outcome).sort()
  }

  const times = (count: number, outcome: string) => Array.from({ length: count }, () => outcome)

  const available = async (sku: string): Promise<number> => {
    const { rows } = await pool.query('SELECT available FROM skus WHERE sku = $1', [sku])
    return rows[0].available
  }

  test('sells exactly the stock, however many want it at once', async () => {
    await open('few', 20)
    expect(await reserveAll(50, 'few')).toEqual([...times(20, 'made'), ...times(30, 'sold_out')])
    expect(await available('few')).toBe(0)
    await checkSale(cluster.socketFolder, 20)
  })

  test('sells nothing that is asked for in too large a quantity', async () => {
    await open('three', 3)
    expect(await reserveAll(1, 'three', { quantity: 4 })).toEqual(['sold_out'])
    expect(await reserveAll(1, 'three', { quantity: 3 })).toEqual(['made'])
  })

  test('makes a reservation once, also when it is repeated at once or after the last unit', async () => {
    await open('one', 1)
    const id = randomUUID()
    expect(await reserveAll(8, 'one', { id })).toEqual(['made', ...times(7, 'repeated')])
    expect(await reserveAll(2, 'one')).toEqual(times(2, 'sold_out'))
    const again = await reserve(pool, { id, sku: 'one', buyer: 'buyer-0', quantity: 1 })
    expect(again).toMatchObject({ outcome: 'repeated', remaining: 0 })
    await open('two', 2)
    const other = { id: randomUUID(), buyer: 'b', sku: 'two', quantity: 1 }
    expect((await reserve(pool, other)).remaining).toBe(1)
    expect((await reserve(pool, other)).remaining).toBe(1)
  })

  test('holds a buyer to the limit of the SKU, and gives back what goes beyond', async () => {
    await open('limited', 10, 3)
    expect(await reserveAll(1, 'limited', { buyer: 'a', quantity: 4 })).toEqual(['limit'])
    expect(await reserveAll(5, 'limited', { buyer: 'a' })).toEqual([
      ...times(2, 'limit'),
      ...times(3, 'made'),
    ])
    expect(await reserveAll(1, 'limited', { buyer: 'b', quantity: 3 })).toEqual(['made'])
    expect(await available('limited')).toBe(4)
    await checkSale(cluster.socketFolder, 6)
  })

  test('sells again what has expired, also to the same buyer', async () => {
    await open('expiring', 2, 2)
    expect(await reserveAll(1, 'expiring', { buyer: 'a', quantity: 2 })).toEqual(['made'])
    await pool.query("UPDATE holds SET expires_at = now() WHERE sku = 'expiring'")
    const { rows } = await pool.query('SELECT expire_due(10), expire_due(10) AS again')
    expect(rows).toEqual([{ expire_due: 1, again: 0 }])
    expect(await reserveAll(1, 'expiring', { buyer: 'a', quantity: 2 })).toEqual(['made'])
    await checkSale(cluster.socketFolder, 2)
  })

  test('knows no other SKU', async () => {
    expect(await reserveAll(1, 'other')).toEqual(['unknown_sku'])
  })

  test('answers over HTTP as Holdfast does: made, repeated, refused', async () => {
    await open('web', 1)
    const { socketFolder } = cluster
    const server = new Child(compiledUrl('postgres/http-server.js'))
    const url = `${await server.ask<string>({ socketFolder })}/v1/reservations`
    const post = (body: object, key: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      })
    const body = { sku: 'web', buyer: 'b', quantity: 1 }
    const [made, repeated] = [await post(body, 'k'), await post(body, 'k')]
    expect([made.status, repeated.status]).toEqual([201, 200])
    expect(await repeated.json()).toEqual(await made.json())
    const refused = await post(body, 'another')
    expect([refused.status, await refused.json()]).toEqual([409, { code: 'sold_out' }])
    expect((await post({ ...body, sku: 'unknown' }, 'k')).status).toBe(404)
    expect((await post({ ...body, quantity: 0 }, 'k')).status).toBe(400)
    await server.end()
  })

  test('is believed only when its books are right', async () => {
    await open('books', 5)
    await expect(checkSale(cluster.socketFolder, 1_000)).rejects.toThrow('is held')
    await pool.query("UPDATE skus SET available = 4 WHERE sku = 'books'")
    await expect(checkSale(cluster.socketFolder, 0)).rejects.toThrow('no unit is lost or made')
    await pool.query("UPDATE skus SET available = 5 WHERE sku = 'books'")
  })

  test('takes the calls of a client without HTTP, run after run', async () => {
    const { socketFolder } = cluster
    const skus = Array.from({ length: SKUS }, (_, sku) => skuName(sku))
    await openSale(socketFolder, { skus, stock: 1_000_000 })
    const client = new Child(compiledUrl('postgres/direct-client.js'))
    const run = () => client.ask<DirectRun>({ socketFolder, seconds: 0.1 })
    const [first, second] = [await run(), await run()]
    await client.end()
    expect(first.sample.perSecond).toBeGreaterThan(0)
    await checkSale(socketFolder, first.made + second.made)
  })

  test('takes part by two names', () => {
    expect([postgresHttp(), postgresDirect()]).toMatchObject([
      { contestant: { name: 'Fastify + PostgreSQL', role: 'peer' } },
      { contestant: { name: 'PostgreSQL without HTTP', role: 'peer' } },
    ])
  })
})
