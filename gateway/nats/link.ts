// The connection to NATS: made in the background for ever, honest about being down, and telling why.
import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Authenticator,
  connect,
  type MsgHdrs,
  type NatsConnection,
  NatsConnectionImpl,
  type NodeConnectionOptions,
  type Status,
} from '@nats-io/transport-node'
import { boundedTrouble, describeTrouble } from './link-trouble.ts'

/** A connection that answers no ping is given up after two to three of these. */
const PING_MS = 3_000
const DIAL_MS = 5_000
const RETRY_MS = 250
const RETRY_JITTER_MS = 500
/** How long `settle` may take, and each step of `close`. */
const PATIENCE_MS = 1_000
const MAX_PAYLOAD_BYTES = 2 ** 20
/** The client library has no write back-pressure: beyond this the server takes too little, and memory must not pay. */
const MAX_QUEUED_BYTES = 16 * 2 ** 20

export interface LinkOptions {
  /** `host:port` of each server. */
  readonly servers: readonly string[]
  /** What nats-server shows as the connection's name. */
  readonly name: string
  readonly authenticator?: Authenticator
  /** Present: nothing but TLS will do. */
  readonly tls?: NodeConnectionOptions['tls']
  /** First tokens of the subjects on which answers come back, so that permissions can name them per role. */
  readonly inbox?: string
  /** How often the server is asked whether it is there, in ms. */
  readonly pingMs?: number
  /** Told, at most once in 10 s per reason, why there is no connection or what the server denies. */
  readonly onTrouble?: (reason: string) => void
  /** Told once when the connection ended for good without `close`: the process cannot go on with this link. */
  readonly onLost?: (reason: string) => void
}

/**
 * One connection. The client library would take messages while it is disconnected and silently drop them at the next
 * dial, so everything that leaves goes through `publish`, which takes nothing then.
 */
export class NatsLink {
  readonly connection: NatsConnection
  /** Answers to us arrive below this subject prefix, which nobody can guess. */
  readonly inboxPrefix: string
  readonly #options: LinkOptions
  readonly #tell: (reason: string) => void
  readonly #listeners = new Set<(isUp: boolean) => void>()
  #socket: Socket | undefined
  #isUp = true
  #isClosing = false

  private constructor(connection: NatsConnection, options: LinkOptions, prefix: string) {
    this.connection = connection
    this.inboxPrefix = prefix
    this.#options = options
    this.#tell = boundedTrouble((reason) => options.onTrouble?.(reason))
    this.#socket = socketOf(connection)
    void this.#watch()
    void connection.closed().then((error) => this.#ended(error))
  }

  /**
   * Resolves with the first connection, however long that takes; meanwhile `onTrouble` hears what is wrong.
   * Rejects with the signal's reason, and with nothing else.
   */
  static async connect(options: LinkOptions, signal?: AbortSignal): Promise<NatsLink> {
    const prefix = `${options.inbox ?? '_INBOX_holdfast'}.${randomBytes(12).toString('hex')}`
    const tell = boundedTrouble((reason) => options.onTrouble?.(reason))
    for (;;) {
      signal?.throwIfAborted()
      try {
        return new NatsLink(await dial(options, prefix, signal), options, prefix)
      } catch (error) {
        signal?.throwIfAborted()
        tell(describeTrouble(error, options.servers))
      }
      const pauseMs = RETRY_MS + Math.random() * RETRY_JITTER_MS
      await delay(pauseMs, undefined, signal && { signal }).catch(() => undefined)
    }
  }

  /** Whether a message would reach the server as far as can be known: true until its socket begins to end. */
  get isUp(): boolean {
    return this.#isUp && this.#socket?.writable !== false
  }

  /** Bytes that wait in this process because the network or the server does not take them. */
  get queuedBytes(): number {
    return this.#socket?.writableLength ?? 0
  }

  /** The largest message the server takes, in bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? MAX_PAYLOAD_BYTES
  }

  /** Calls `listener` whenever the link goes down or comes up again, until the function it gives is called. */
  onChange(listener: (isUp: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Sends, or gives false when the link is down or does not keep up: nothing is kept to be lost later.
   * True is no promise: the message may be lost with the connection. Throws for more than `maxPayload` bytes.
   */
  publish(subject: string, payload: Uint8Array, reply?: string, headers?: MsgHdrs): boolean {
    if (!this.isUp || this.queuedBytes > MAX_QUEUED_BYTES) return false
    this.connection.publish(subject, payload, {
      ...(reply && { reply }),
      ...(headers && { headers }),
    })
    return true
  }

  /**
   * Resolves when the server has heard all that was said so far, subscriptions too; after a second, or while the link
   * is down, without that: the next connection says every subscription again.
   */
  async settle(): Promise<void> {
    if (this.isUp) await withinPatience(this.connection.flush().catch(() => undefined))
  }

  /** Sends what is on its way, for a second at most, then closes, which takes another second at most. */
  async close(): Promise<void> {
    const settled = this.settle()
    this.#isClosing = true
    this.#isUp = false
    await settled
    const closed = this.connection.close().catch(() => undefined)
    // What a server that hangs has not read by now it never will, and the library may wait for it.
    this.#socket?.destroy()
    await withinPatience(closed)
    // A dial that is under way would live on until its own deadline.
    socketOf(this.connection)?.destroy()
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) this.#heed(status)
  }

  #heed(status: Status): void {
    const { servers } = this.#options
    if (status.type === 'error') this.#tell(describeTrouble(status.error, servers))
    if (status.type === 'staleConnection') this.#giveUpSocket()
    if (status.type === 'disconnect' || status.type === 'close') this.#set(false)
    if (status.type === 'reconnecting' && !this.#isClosing) {
      this.#tell(`The connection to nats-server is down; trying again at ${servers.join(', ')}.`)
    }
    if (status.type === 'reconnect') {
      this.#socket = socketOf(this.connection)
      this.#set(true)
    }
  }

  // The library closes a stale connection only after the socket took what is queued for it, which a server that hangs
  // or a cut network never lets happen; TCP itself gives up after a quarter of an hour.
  #giveUpSocket(): void {
    this.#set(false)
    this.#tell('nats-server does not answer pings; giving the connection up.')
    if (this.#socket === undefined) void this.connection.close()
    else this.#socket.destroy()
  }

  #ended(error: unknown): void {
    this.#set(false)
    if (this.#isClosing) return
    const why = error instanceof Error ? error.message : 'no reason given'
    this.#options.onLost?.(`The connection to nats-server ended for good (${why}).`)
  }

  #set(isUp: boolean): void {
    if (this.#isUp === isUp || (isUp && this.#isClosing)) return
    this.#isUp = isUp
    for (const listener of [...this.#listeners]) listener(isUp)
  }
}

/** Resolves when `step` does, or when nobody must wait for it any longer. */
async function withinPatience(step: Promise<void>): Promise<void> {
  const patience = new AbortController()
  const { signal } = patience
  await Promise.race([step, delay(PATIENCE_MS, undefined, { signal }).catch(() => undefined)])
  patience.abort()
}

/** One try at every server. */
async function dial(
  { servers, name, authenticator, tls, pingMs }: LinkOptions,
  inboxPrefix: string,
  signal: AbortSignal | undefined,
): Promise<NatsConnection> {
  const dialled = connect({
    servers: [...servers],
    name,
    inboxPrefix,
    ...(authenticator && { authenticator }),
    ...(tls && { tls }),
    timeout: DIAL_MS,
    waitOnFirstConnect: false,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_JITTER_MS,
    reconnectJitterTLS: RETRY_JITTER_MS,
    pingInterval: pingMs ?? PING_MS,
    maxPingOut: 2,
    // Without it the second refused log-in would end the connection for good.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  })
  return signal === undefined ? dialled : unlessAborted(dialled, signal)
}

function unlessAborted(
  dialled: Promise<NatsConnection>,
  signal: AbortSignal,
): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      reject(signal.reason)
      // Nobody waits for it any more.
      dialled.then((late) => late.close()).catch(() => undefined)
    }
    signal.addEventListener('abort', give, { once: true })
    dialled.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

/** The socket under a connection; undefined when the library hides it, so nothing may depend on it alone. */
function socketOf(connection: NatsConnection): Socket | undefined {
  if (!(connection instanceof NatsConnectionImpl)) return undefined
  const { transport } = connection.protocol
  return 'socket' in transport && transport.socket instanceof Socket ? transport.socket : undefined
}
