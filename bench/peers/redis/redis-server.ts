// A redis-server for one contestant alone: a free port of 127.0.0.1, a folder of its own, and gone when it is stopped.
//
// TCP, not a unix socket, since TCP is what services use; append-only file without RDB snapshots; io-threads stay at
// their default of one, since the loads run on few cores. The file is never rewritten in a run: Redis would fork, and
// compete with itself for the cores. All other settings are Redis' own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { invariant } from '../../../core/invariant.ts'
import { ClusterError } from '../../../gateway/cluster/errors.ts'

const READY = 'Ready to accept connections'
const TAKEN = 'Address already in use'
/** Between finding a free port and listening on it, somebody else may take it. */
const ATTEMPTS = 5

/** When Redis calls fsync: before it answers, or once a second. */
export type Sync = 'always' | 'everysec'

export interface RedisServer {
  readonly port: number
  readonly pid: number
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** The first redis-server on PATH. */
export function redisServerPath(): string | undefined {
  const { PATH: path = '' } = process.env
  const places = path.split(delimiter).map((folder) => join(folder, 'redis-server'))
  return places.find(isExecutable)
}

/** Starts one and waits until it takes connections. @throws ClusterError `process_ended` with what it said. */
export async function startRedis(sync: Sync): Promise<RedisServer> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const server = await tryToStart(sync, await freePort())
    if (server !== undefined) return server
  }
  throw new ClusterError('process_ended', `redis-server found no free port in ${ATTEMPTS} attempts`)
}

/** For a process that uses the Redis of another: should it end first, so does Redis. Gives back what undoes it. */
export function endAlongWithMe(pid: number): () => void {
  const end = () => process.kill(pid)
  process.once('exit', end)
  return () => process.removeListener('exit', end)
}

async function tryToStart(sync: Sync, port: number): Promise<RedisServer | undefined> {
  const path = redisServerPath()
  invariant(path !== undefined, 'redis-server is on PATH')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'))
  const child = spawn(path, flags(sync, port, folder), { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = stopper(child, folder)
  let isUp = false
  try {
    isUp = await isReady(child)
    // A full pipe would stop it.
    child.stdout?.resume()
    return isUp ? { port, pid: Number(child.pid), stop } : undefined
  } finally {
    if (!isUp) await stop()
  }
}

function flags(sync: Sync, port: number, folder: string): string[] {
  const network = ['--bind', '127.0.0.1', '--port', String(port)]
  const appendOnly = ['--appendonly', 'yes', '--appendfsync', sync, '--save', '']
  return [...network, '--dir', folder, ...appendOnly, '--auto-aof-rewrite-percentage', '0']
}

// False when somebody else has the port.
async function isReady(child: ChildProcess): Promise<boolean> {
  const { stdout } = child
  invariant(stdout !== null, 'its output is piped')
  let said = ''
  for await (const line of createInterface({ input: stdout })) {
    said += `${line}\n`
    if (line.includes(READY)) return true
  }
  if (said.includes(TAKEN)) return false
  throw new ClusterError('process_ended', `redis-server did not start:\n${said}`)
}

function stopper(child: ChildProcess, folder: string): () => Promise<void> {
  const ended = once(child, 'exit')
  const remove = () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  const atExit = () => {
    child.kill('SIGKILL')
    remove()
  }
  process.once('exit', atExit)
  return async () => {
    process.removeListener('exit', atExit)
    child.kill('SIGTERM')
    await ended
    remove()
  }
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
