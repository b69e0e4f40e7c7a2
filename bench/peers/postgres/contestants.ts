// PostgreSQL as a contestant: behind plain Fastify, and called directly.
import { invariant } from '../../../core/invariant.ts'
import { Child } from '../../child.ts'
import type { Contestant, Entry } from '../../contestant.ts'
import { type HttpServer, httpContestant } from '../../http-contestants.ts'
import { SKUS, STOCK } from '../../http-load.ts'
import * as reserves from '../../reserves.ts'
import { compiledUrl } from '../compiled-url.ts'
import { type Cluster, startCluster, withClient } from './cluster.ts'
import type { DirectQuestion, DirectRun } from './direct-client.ts'
import { findPostgres, type Postgres } from './find-postgres.ts'
import type { HttpQuestion } from './http-server.ts'
import { checkSale, openSale, type SaleOptions } from './sale.ts'

const HTTP = 'Fastify + PostgreSQL'
const DIRECT = 'PostgreSQL without HTTP'
const DURABILITY = 'WAL fsync per commit (group commit), before the answer'
const DIRECT_SALE = {
  skus: Array.from({ length: reserves.SKUS }, (_, sku) => reserves.skuName(sku)),
  stock: reserves.STOCK,
}

/** In what PostgreSQL is treated as its users would treat it, and where it is favoured. */
export const POSTGRES_FAIRNESS =
  'PostgreSQL has 1 GB of shared buffers, 4 GB of WAL between checkpoints and a Unix socket; one prepared call of one function does everything, through the size of pool that was best for it; it checks no foreign keys, and counts buyers only where a SKU has a limit.'

interface Stack {
  readonly cluster: Cluster
  readonly program: Child
}

/** Plain Fastify in one process, its pool, and the server beside it. */
export function postgresHttp(): Entry {
  return entryOf(HTTP, (postgres) => {
    let stack: Stack | undefined
    return httpContestant({
      ...{ name: HTTP, role: 'peer', durability: DURABILITY },
      start: async () => {
        stack = await startStack(postgres, 'http-server.js')
        return serverOf(stack)
      },
      fill: () => fill(stack, { skus: SKUS, stock: STOCK }),
      check: (_, made) => checkSale(socketFolderOf(stack), made),
    })
  })
}

/** The same calls from a client process, without HTTP. */
export function postgresDirect(): Entry {
  return entryOf(DIRECT, (postgres) => {
    let stack: Stack | undefined
    let made = 0
    return {
      ...{ name: DIRECT, role: 'peer', durability: DURABILITY },
      async open() {
        stack = await startStack(postgres, 'direct-client.js')
        await fill(stack, DIRECT_SALE)
      },
      async run(seconds) {
        invariant(stack !== undefined, 'it is open')
        const question: DirectQuestion = { socketFolder: socketFolderOf(stack), seconds }
        const run = await stack.program.ask<DirectRun>(question)
        made += run.made
        return run.sample
      },
      check: () => checkSale(socketFolderOf(stack), made),
      close: () => stopStack(stack),
    }
  })
}

async function serverOf(stack: Stack): Promise<HttpServer> {
  const question: HttpQuestion = { socketFolder: stack.cluster.socketFolder }
  try {
    const url = await stack.program.ask<string>(question)
    return { url, stop: () => stopStack(stack) }
  } catch (error) {
    await stopStack(stack)
    throw error
  }
}

function entryOf(name: string, make: (postgres: Postgres) => Contestant): Entry {
  const found = findPostgres()
  return 'missing' in found ? { name, skipped: found.missing } : { contestant: make(found) }
}

async function startStack(postgres: Postgres, program: string): Promise<Stack> {
  const cluster = await startCluster(postgres)
  return { cluster, program: new Child(compiledUrl(`postgres/${program}`)) }
}

/** Opens the SKUs; the planner knows the tables then, and no run writes what is left of the set-up. */
async function fill(stack: Stack | undefined, sale: SaleOptions): Promise<void> {
  const socketFolder = socketFolderOf(stack)
  await openSale(socketFolder, sale)
  await withClient(socketFolder, async (client) => {
    await client.query('VACUUM ANALYZE')
    await client.query('CHECKPOINT')
  })
}

function socketFolderOf(stack: Stack | undefined): string {
  invariant(stack !== undefined, 'it is open')
  return stack.cluster.socketFolder
}

async function stopStack(stack: Stack | undefined): Promise<void> {
  await stack?.program.end()
  await stack?.cluster.stop()
}
