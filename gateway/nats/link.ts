// The connection to NATS: made in the background for ever, and honest about being down.

import { connect, type NatsConnection } from '@nats-io/transport-node'

/** A half-open connection is noticed after three of these. */
const PING_MS = 3_000
const RECONNECT_MS = 250
const RECONNECT_JITTER_MS = 500

export interface LinkOptions {
  readonly servers: readonly string[]
  /** What nats-server shows as the connection's name. */
  readonly name: string
}

/**
 * One connection. The client library would take messages while it is disconnected and silently drop them at the next
 * dial, so everything that leaves goes through `publish`, which takes nothing then.
 */
export class NatsLink {
  readonly connection: NatsConnection
  readonly #listeners: ((isUp: boolean) => void)[] = []
  #isUp = true

  private constructor(connection: NatsConnection) {
    this.connection = connection
    void this.#watch()
  }

  /** Resolves with the first connection, however long that takes. */
  static async connect(options: LinkOptions): Promise<NatsLink> {
    const connection = await connect({
      servers: [...options.servers],
      name: options.name,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      reconnectJitterTLS: RECONNECT_JITTER_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
    })
    return new NatsLink(connection)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Calls `listener` whenever the link goes down or comes up again. */
  onChange(listener: (isUp: boolean) => void): void {
    this.#listeners.push(listener)
  }

  /** Sends, or gives false when the link is down: nothing is kept to be lost later. */
  publish(subject: string, payload: Uint8Array, reply?: string): boolean {
    if (!this.#isUp) return false
    this.connection.publish(subject, payload, reply === undefined ? {} : { reply })
    return true
  }

  /** Sends what is on its way, then closes. */
  async close(): Promise<void> {
    this.#isUp = false
    await this.connection.close()
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'close') this.#set(false)
      if (type === 'reconnect') this.#set(true)
    }
  }

  #set(isUp: boolean): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    for (const listener of this.#listeners) listener(isUp)
  }
}
