// The keys in use, in memory: found by id, compared in constant time, and read anew whenever their file changes.
import { timingSafeEqual } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { type KeyFile, type KeyRecord, readKeyFile, versionOf } from './key-file.ts'
import { digestWithin, idWithin } from './key-text.ts'
import type { Principal, Scope } from './principal.ts'

/** A revocation holds after this long at the latest. */
const POLL_MS = 500

interface Known {
  readonly digest: Buffer
  readonly principal: Principal
}

/** The keys of one file. Reads it when made; follows it once started. */
export class KeyRing {
  readonly #path: string
  readonly #logger: FastifyBaseLogger
  #known: ReadonlyMap<string, Known>
  /** Of the file as it was last looked at, good or bad: each version is read, and complained of, once. */
  #version: string
  #timer: NodeJS.Timeout | undefined
  /** Connections whose answers go on and on, by the id of the key that opened them. */
  readonly #streams = new Map<string, Set<Socket>>()

  /** @throws KeyFileError when the file cannot be used. */
  constructor(path: string, logger: FastifyBaseLogger) {
    this.#path = path
    this.#logger = logger
    const file = readKeyFile(path)
    this.#known = knownOf(file)
    this.#version = file.version
  }

  /** Keys that are in use. */
  get size(): number {
    return this.#known.size
  }

  /** Whose key `text` is; undefined for one that is unknown, revoked or malformed. */
  find(text: string): Principal | undefined {
    const id = idWithin(text)
    const known = id === undefined ? undefined : this.#known.get(id)
    if (known === undefined) return undefined
    return timingSafeEqual(digestWithin(text), known.digest) ? known.principal : undefined
  }

  /** Cuts `socket` off once the key `id` is no longer in use. */
  cutWhenRevoked(id: string, socket: Socket): void {
    const streams = this.#streams.get(id) ?? new Set()
    if (streams.has(socket)) return
    this.#streams.set(id, streams.add(socket))
    socket.once('close', () => {
      streams.delete(socket)
      if (streams.size === 0) this.#streams.delete(id)
    })
  }

  /** Looks at the file twice a second from now on. */
  follow(): void {
    const look = async () => {
      await this.refresh()
      if (this.#timer !== undefined) this.#timer = setTimeout(look, POLL_MS).unref()
    }
    this.#timer ??= setTimeout(look, POLL_MS).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Reads the file if it has changed. One that cannot be used changes nothing, and is complained of once. */
  async refresh(): Promise<void> {
    const version = await stat(this.#path).then(versionOf, reasonOf)
    if (version === this.#version) return
    this.#version = version
    try {
      const file = readKeyFile(this.#path)
      this.#known = knownOf(file)
      this.#version = file.version
      this.#cutRevoked()
      this.#logger.info({ keysFile: this.#path, keys: this.#known.size }, 'keys read anew')
    } catch (error) {
      this.#logger.error({ err: error }, 'the key file cannot be used: the keys stay as they were')
    }
  }

  #cutRevoked(): void {
    for (const [id, sockets] of this.#streams) {
      if (this.#known.has(id)) continue
      this.#streams.delete(id)
      for (const socket of sockets) socket.destroy()
    }
  }
}

function knownOf({ keys }: KeyFile): Map<string, Known> {
  const living = keys.filter(({ revokedAt }) => revokedAt === null)
  return new Map(living.map((record) => [record.id, known(record)]))
}

function known({ id, name, scopes, secretSha256 }: KeyRecord): Known {
  const all = new Set<Scope>(scopes)
  // Whoever steers a sale has to see it.
  if (all.has('operate')) all.add('read')
  return {
    digest: Buffer.from(secretSha256, 'hex'),
    principal: { kind: 'key', id, name, scopes: all },
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
