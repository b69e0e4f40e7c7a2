// A gateway before partitions behind NATS, the composition root of `holdfast gateway`: listen, find the cluster, serve.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Access, openAccess, startAccess } from './access/access.ts'
import { BoundedLog } from './bounded-log.ts'
import { buildApp } from './http/app.ts'
import { RequestRecorder } from './http/request-recorder.ts'
import { LoadGauge } from './load-gauge.ts'
import { HeardStock } from './nats/heard-stock.ts'
import { askHello, type Hello } from './nats/hello.ts'
import { type LinkOptions, NatsLink } from './nats/link.ts'
import { linkOptions } from './nats/link-options.ts'
import { NativeApi } from './nats/native-api.ts'
import { requirePayload } from './nats/payload.ts'
import { RemotePartition } from './nats/remote-partition.ts'
import { StockListener } from './nats/stock-listener.ts'
import type { PartitionPort } from './partition-port.ts'
import { Partitions } from './partitions.ts'
import type { ProcessHooks } from './process-hooks.ts'
import type { GatewaySettings } from './settings.ts'
import { ShieldedPartition } from './shielded-partition.ts'
import { FLAGS_MAX, SoldOutShield } from './sold-out-shield.ts'
import { boardOf } from './stock/board-settings.ts'
import type { StockBoard } from './stock/stock-board.ts'
import { VERSION } from './version.ts'

const SENDER_BYTES = 9
const SEARCH_MS = 100
const SEARCH_JITTER_MS = 200

/** One process that takes requests for a whole cluster. It keeps nothing: any number of them can stand side by side. */
export class GatewayServer {
  readonly #settings: GatewaySettings
  readonly #logger: Logger
  readonly #hooks: ProcessHooks
  readonly #trouble: BoundedLog
  readonly #linkOptions: LinkOptions
  readonly #access: Access
  readonly #gauge: LoadGauge
  readonly #partitions = new Partitions('cluster_not_found')
  readonly #board: StockBoard
  readonly #sender = randomBytes(SENDER_BYTES).toString('base64url')
  readonly #stopping = new AbortController()
  readonly #recorder = new RequestRecorder()
  #remotes: readonly RemotePartition[] = []
  #listeners: readonly StockListener[] = []
  #link: NatsLink | undefined
  #native: NativeApi | undefined
  #app: FastifyInstance | undefined

  /** @throws LinkError when the settings for NATS make no sense, ConfigError when those of keys and callers do not. */
  constructor(settings: GatewaySettings, logger: Logger, hooks: ProcessHooks) {
    this.#settings = settings
    this.#logger = logger
    this.#hooks = hooks
    this.#linkOptions = linkOptions(settings, 'holdfast gateway')
    this.#access = openAccess(settings, logger)
    this.#trouble = new BoundedLog(logger)
    this.#gauge = new LoadGauge({ targetMs: settings.shedDelayMs })
    this.#board = boardOf(settings, this.#partitions)
  }

  /** Listens at once; until NATS and the cluster are there, requests are answered 503. Resolves when they are. */
  async start(): Promise<void> {
    await this.#listen()
    const link = await this.#connect()
    this.#link = link
    requirePayload(link)
    const hello = await this.#findCluster(link)
    this.#remotes = this.#reach(link, hello)
    this.#partitions.put(this.#shield(link, hello))
    this.#native = this.#offerNatively(link)
    // Whoever reads the line below may call over NATS, and our nats-server must know by then that somebody listens.
    await link.settle()
    if (this.#stopping.signal.aborted) return
    const { clusterId, partitionCount } = hello
    this.#logger.info({ cluster: this.#settings.cluster, clusterId, partitionCount }, 'serving')
  }

  /** Takes no more requests, answers those that were taken. Resolves to true: a gateway keeps nothing to disprove. */
  async drain(): Promise<boolean> {
    this.#stopping.abort(new Error('stopped while starting'))
    await this.#native?.stop()
    await Promise.all(this.#remotes.map((remote) => remote.drain()))
    for (const listener of this.#listeners) listener.stop()
    await this.#app?.close()
    this.#access.keys?.stop()
    await this.#link?.close()
    return true
  }

  async #listen(): Promise<void> {
    const { host, port, connectionsMax } = this.#settings
    this.#app = await buildApp({
      access: this.#access,
      partitions: this.#partitions,
      shedding: { gauge: this.#gauge, connectionsMax },
      board: this.#board,
      logger: this.#logger,
      now: Date.now,
      onBug: this.#hooks.onBug,
      version: VERSION,
      serverTiming: this.#settings.serverTiming === 'yes',
      recorder: this.#recorder,
      metrics: {
        ...{ role: 'gateway', version: VERSION },
        isNatsUp: () => this.#link?.isUp ?? false,
      },
    })
    startAccess(this.#access, this.#logger)
    const listenTextResolver = () => 'accepting connections'
    const url = await this.#app.listen({ host, port, listenTextResolver })
    this.#logger.info({ url, version: VERSION }, 'listening')
  }

  #connect(): Promise<NatsLink> {
    const options = this.#linkOptions
    return NatsLink.connect(
      {
        ...options,
        inbox: '_INBOX_gateway',
        onTrouble: (reason) => this.#logger.warn({ nats: options.servers }, reason),
        onLost: (reason) => this.#hooks.onFault(new Error(reason)),
      },
      this.#stopping.signal,
    )
  }

  async #findCluster(link: NatsLink): Promise<Hello> {
    const { cluster } = this.#settings
    for (;;) {
      const hello = await askHello(link, cluster)
      if (hello !== undefined) return hello
      this.#trouble.warn('the owner of partition 0 does not answer: is its core running?', {
        cluster,
      })
      const { signal } = this.#stopping
      await delay(SEARCH_MS + Math.random() * SEARCH_JITTER_MS, undefined, { signal })
    }
  }

  #reach(link: NatsLink, { partitionCount }: Hello): RemotePartition[] {
    const { cluster, requestDeadlineMs: deadlineMs } = this.#settings
    return Array.from({ length: partitionCount }, (_, partition) => {
      const trouble = (reason: string) => this.#trouble.warn(reason, { partition })
      return new RemotePartition({
        ...{
          link,
          cluster,
          partition,
          partitionCount,
          deadlineMs,
          sender: this.#sender,
        },
        onTrouble: trouble,
        onMismatch: (reason) => this.#hooks.onFault(new Error(reason)),
      })
    })
  }

  #offerNatively(link: NatsLink): NativeApi {
    const native = new NativeApi({
      ...{ link, cluster: this.#settings.cluster, partitions: this.#partitions, version: VERSION },
      gatewayId: this.#sender,
      gauge: this.#gauge,
      recorder: this.#recorder,
      onTrouble: (reason) => this.#trouble.warn(reason),
      onBug: this.#hooks.onBug,
    })
    native.start()
    return native
  }

  #shield(link: NatsLink, { partitionCount }: Hello): PartitionPort[] {
    const { cluster, shieldStaleMs: staleMs } = this.#settings
    const flagsMax = Math.ceil(FLAGS_MAX / partitionCount)
    const shielded = this.#remotes.map((remote, partition) => {
      const shield = new SoldOutShield({ staleMs, flagsMax })
      const listener = new StockListener({
        ...{ link, cluster, partition, partitionCount, shield },
        stock: new HeardStock(this.#board, partition),
        onEpoch: (epoch) => remote.heedEpoch(epoch),
        onTrouble: (reason) => this.#trouble.warn(reason, { partition }),
      })
      listener.start()
      return { listener, port: new ShieldedPartition(remote, shield, listener) }
    })
    this.#listeners = shielded.map(({ listener }) => listener)
    return shielded.map(({ port }) => port)
  }
}
