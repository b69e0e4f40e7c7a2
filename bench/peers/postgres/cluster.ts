// A PostgreSQL cluster of the bench's own, in a temporary folder, on a Unix socket there: nobody else's is touched.
import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientConfig } from 'pg'
import { KeptProcess } from '../kept-process.ts'
import { PeerError } from '../peer-error.ts'
import type { Postgres } from './find-postgres.ts'
import { SCHEMA } from './schema.ts'

const USER = 'holdfast'

/** What somebody who knows PostgreSQL sets on a small machine; what decides over durability is said, too. */
const SETTINGS: Readonly<Record<string, string>> = {
  // No TCP: the socket is faster, and private without a port.
  listen_addresses: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  min_wal_size: '1GB',
  checkpoint_timeout: '15min',
}

/** A running cluster that holds the schema and nothing else. */
export interface Cluster {
  readonly socketFolder: string
  stop(): Promise<void>
}

/** Makes one, starts it and waits until it answers. @throws PeerError when it does not come to that. */
export async function startCluster({ folder, owner }: Postgres): Promise<Cluster> {
  const base = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  if (owner !== undefined) chownSync(base, owner.uid, owner.gid)
  const data = join(base, 'data')
  const words = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const made = spawnSync(join(folder, 'initdb'), words, { cwd: base, encoding: 'utf8', ...owner })
  if (made.status !== 0) {
    rmSync(base, { recursive: true, force: true })
    throw new PeerError('set_up_failed', `initdb failed: ${made.error?.message ?? made.stderr}`)
  }
  const server = new KeptProcess({
    name: 'PostgreSQL',
    folder: base,
    command: join(folder, 'postgres'),
    words: ['-D', data, '-k', base, ...settings()],
    owner,
    // At once and without a last checkpoint: the cluster is thrown away.
    stopSignal: 'SIGQUIT',
  })
  try {
    await server.ready(() => withClient(base, (client) => client.query(SCHEMA)))
  } catch (error) {
    await server.stop()
    throw error
  }
  return { socketFolder: base, stop: () => server.stop() }
}

/** How to reach it; nothing is left to the environment's PGHOST and the like. */
export function connectionTo(socketFolder: string): ClientConfig {
  return { host: socketFolder, port: 5432, user: USER, database: 'postgres', ssl: false }
}

/** Does something over a connection of its own. */
export async function withClient<Result>(
  socketFolder: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(connectionTo(socketFolder))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function settings(): string[] {
  return Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
