// A redis-server for one contestant alone: a free port of 127.0.0.1, a folder of its own, and gone when it is stopped.
//
// TCP, not a unix socket, since TCP is what services use; append-only file without RDB snapshots; io-threads stay at
// their default of one, since the loads run on few cores. The file is never rewritten in a run: Redis would fork, and
// compete with itself for the cores. All other settings are Redis' own.
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createClient } from 'redis'
import { invariant } from '../../../core/invariant.ts'
import { KeptProcess } from '../kept-process.ts'
import { PeerError } from '../peer-error.ts'

const TAKEN = 'Address already in use'
/** Between finding a free port and listening on it, somebody else may take it. */
const ATTEMPTS = 5

/** When Redis calls fsync: before it answers, or once a second. */
export type Sync = 'always' | 'everysec'

export interface RedisServer {
  readonly port: number
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** The first redis-server on PATH. */
export function redisServerPath(): string | undefined {
  const { PATH: path = '' } = process.env
  const places = path.split(delimiter).map((folder) => join(folder, 'redis-server'))
  return places.find(isExecutable)
}

/** Starts one and waits until it answers. @throws PeerError with what it said. */
export async function startRedis(sync: Sync): Promise<RedisServer> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const server = await tryToStart(sync, await freePort())
    if (server !== undefined) return server
  }
  throw new PeerError('server_ended', `Redis found no free port in ${ATTEMPTS} attempts`)
}

// Undefined when somebody else has taken the port.
async function tryToStart(sync: Sync, port: number): Promise<RedisServer | undefined> {
  const command = redisServerPath()
  invariant(command !== undefined, 'redis-server is on PATH')
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-redis-')))
  const words = flags(sync, port)
  const server = new KeptProcess({ name: 'Redis', folder, command, words, stopSignal: 'SIGTERM' })
  try {
    await server.ready(() => expectFolder(port, folder))
    return { port, stop: () => server.stop() }
  } catch (error) {
    await server.stop()
    if (error instanceof PeerError && error.message.includes(TAKEN)) return undefined
    throw error
  }
}

function flags(sync: Sync, port: number): string[] {
  const network = ['--bind', '127.0.0.1', '--port', String(port)]
  const appendOnly = ['--appendonly', 'yes', '--appendfsync', sync, '--save', '']
  return [...network, ...appendOnly, '--auto-aof-rewrite-percentage', '0']
}

// By its folder it is known that whoever answers on the port is the one that was started.
async function expectFolder(port: number, folder: string): Promise<void> {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } })
  // What goes wrong is also what `connect` throws.
  client.on('error', () => undefined)
  await client.connect()
  const { dir } = await client.configGet('dir')
  client.destroy()
  if (dir !== folder) throw new PeerError('server_ended', `${TAKEN}: another Redis answers on it`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  invariant(address !== null && typeof address === 'object', 'it listens on a port')
  server.close()
  await once(server, 'close')
  return address.port
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
