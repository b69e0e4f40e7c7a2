// The pool of the clients of PostgreSQL, all of its connections open from the start.
import { Pool } from 'pg'
import { connectionTo } from './cluster.ts'

/** Of 10, 20 and 40 the best for it on two cores; more connections only wait for the same locks and syncs. */
const POOL_SIZE = 20

/** Connects them all. */
export async function openPool(socketFolder: string, size: number = POOL_SIZE): Promise<Pool> {
  const pool = new Pool({ ...connectionTo(socketFolder), max: size, idleTimeoutMillis: 0 })
  const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()))
  for (const client of clients) client.release()
  return pool
}
