// The owner of one partition behind NATS, the composition root of `holdfast core`: connect, be granted the partition,
// recover, serve, hand back. Reads as prose.
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { processInstance } from '../journal/owner.ts'
import { type Access, openStatusAccess } from './access/access.ts'
import { BoundedLog } from './bounded-log.ts'
import type { EmbeddedPartition } from './embedded-partition.ts'
import { Metrics } from './metrics/metrics.ts'
import { acquireLease, type Lease } from './nats/lease.ts'
import { type LinkOptions, NatsLink } from './nats/link.ts'
import { linkOptions } from './nats/link-options.ts'
import { PartitionService } from './nats/partition-service.ts'
import { requirePayload } from './nats/payload.ts'
import { joinCluster } from './nats/registry.ts'
import { PartitionRecord } from './nats/registry-partition-record.ts'
import { StockFeed } from './nats/stock-feed.ts'
import { PartitionHost } from './partition-host.ts'
import type { ProcessHooks } from './process-hooks.ts'
import type { JournalEnd, Term } from './recover.ts'
import type { CoreSettings } from './settings.ts'
import { startStatusServer } from './status-server.ts'
import { tracedLog } from './traced-log.ts'
import { VERSION } from './version.ts'

/** Kept back of the drain's time for handing the partition back. */
const CLOSE_MS = 1_000

/** Which partition a core owns. */
export interface OwnPartition {
  readonly partition: number
  readonly partitionCount: number
}

/** One process that owns one partition: NATS in front, the journal behind. */
export class CoreServer {
  readonly #settings: CoreSettings
  readonly #own: OwnPartition
  readonly #logger: Logger
  readonly #hooks: ProcessHooks
  readonly #poison: BoundedLog
  readonly #linkOptions: LinkOptions
  readonly #host: PartitionHost
  readonly #statusAccess: Access | undefined
  readonly #starting = new AbortController()
  #link: NatsLink | undefined
  /** Nothing is answered any more: a lease that ends now harms nothing. */
  #isDrained = false
  #lease: Lease | undefined
  #record: PartitionRecord | undefined
  #service: PartitionService | undefined
  #feed: StockFeed | undefined
  #selling: EmbeddedPartition | undefined
  #status: FastifyInstance | undefined

  /** @throws LinkError or ConfigError when the settings make no sense. */
  constructor(settings: CoreSettings, own: OwnPartition, logger: Logger, hooks: ProcessHooks) {
    this.#settings = settings
    this.#own = own
    this.#logger = logger
    this.#hooks = hooks
    this.#poison = new BoundedLog(logger)
    this.#statusAccess =
      settings.statusPort === undefined ? undefined : openStatusAccess(settings, logger)
    this.#linkOptions = linkOptions(settings, `holdfast core ${own.partition}`)
    this.#host = new PartitionHost({
      ...{ settings, ...own, logger, onFault: hooks.onFault },
      onDurable: (block) => this.#feed?.note(block),
    })
  }

  /** Takes the data directory and the partition. Resolves when it serves. @throws when any of it is refused. */
  async start(): Promise<void> {
    this.#host.takeDirectory()
    await this.#tellStatus()
    const link = await this.#connect()
    this.#link = link
    requirePayload(link)
    try {
      await this.#beginToServe(link)
    } catch (fault) {
      // Whoever is the right owner must not wait for a lease that nobody uses.
      await this.#lease?.release()
      throw fault
    }
  }

  /**
   * Stops taking frames, answers those that were taken, closes the journal, hands the partition back.
   * Resolves to false when the last snapshot proved that live state and journal differ: a bug.
   */
  async drain(): Promise<boolean> {
    const startedAt = performance.now()
    this.#starting.abort(new Error('stopped while starting'))
    await this.#service?.stop()
    await this.#host.drain()
    this.#isDrained = true
    this.#feed?.stop()
    const left = () => this.#settings.drainMs - CLOSE_MS - (performance.now() - startedAt)
    const isSame = await this.#host.close(left())
    if (this.#lease?.isValid() === true) await this.#record?.report(this.#host.durableSeq)
    await this.#lease?.release()
    await this.#link?.close()
    await this.#status?.close()
    return isSame
  }

  async #tellStatus(): Promise<void> {
    const { statusHost: host, statusPort: port } = this.#settings
    const access = this.#statusAccess
    if (port === undefined || access === undefined) return
    this.#status = await startStatusServer({
      ...{ host, port, access, logger: this.#logger, onBug: this.#hooks.onBug },
      unreadyReasons: () => this.#unreadyReasons(),
      metrics: new Metrics({
        ...{ role: 'core', version: VERSION, owner: this.#host },
        isNatsUp: () => this.#link?.isUp ?? false,
      }),
    })
  }

  #unreadyReasons(): readonly string[] {
    if (this.#link?.isUp !== true) return ['nats_down']
    if (this.#selling === undefined) return ['recovering']
    return this.#selling.unreadyReasons()
  }

  #connect(): Promise<NatsLink> {
    const options = this.#linkOptions
    return NatsLink.connect(
      {
        ...options,
        inbox: '_INBOX_core',
        onTrouble: (reason) => this.#logger.warn({ nats: options.servers }, reason),
        onLost: (reason) => this.#hooks.onFault(new Error(reason)),
      },
      this.#starting.signal,
    )
  }

  async #beginToServe(link: NatsLink): Promise<void> {
    let term: Term | undefined
    const selling = await this.#host.open(async (end) => {
      term = await this.#beginTerm(link, end)
      return term
    })
    if (term !== undefined) await this.#serve(link, selling, term)
  }

  // The lease first: while another holds it, what it has acknowledged is still growing.
  async #beginTerm(link: NatsLink, end: JournalEnd): Promise<Term> {
    const { cluster } = this.#settings
    const { partition } = this.#own
    const data = `${hostname()}:${this.#host.directory}`
    this.#lease = await this.#acquireLease(link)
    const { clusterId, lastEpoch } = await joinCluster({
      ...{ link, cluster, ...this.#own, clusterId: end.clusterId },
      ...{ journalSeq: end.lastSeq, journalEpoch: end.epoch },
      acceptOlderJournal: this.#settings.acceptOlderJournal === 'yes',
    })
    const epoch = await this.#epochAfter(this.#lease, Math.max(end.epoch, lastEpoch))
    this.#record = await PartitionRecord.open({ link, cluster, partition, epoch, data })
    // NATS may have forgotten; and until the partition sells, its durable seq is none that could be told.
    await this.#record.report(end.lastSeq)
    return { epoch, clusterId }
  }

  // Where NATS counts behind the journal it was made anew, or has lost writes, perhaps those of a lease that somebody
  // still believes in: after one term of silence nobody does.
  async #epochAfter(lease: Lease, lastEpoch: number): Promise<number> {
    if (lease.epoch > lastEpoch) return lease.epoch
    const { leaseMs } = this.#settings
    const words = 'NATS counts behind the journal: waiting until nobody can hold an older lease'
    this.#logger.warn({ revision: lease.epoch, epoch: lastEpoch, leaseMs }, words)
    await delay(leaseMs, undefined, { signal: this.#starting.signal })
    return lastEpoch + 1
  }

  #acquireLease(link: NatsLink): Promise<Lease> {
    const { cluster, leaseMs } = this.#settings
    return acquireLease({
      ...{ link, cluster, leaseMs, partition: this.#own.partition },
      holder: {
        instance: processInstance(),
        host: hostname(),
        pid: process.pid,
        data: this.#host.directory,
      },
      predecessor: this.#host.deadOwner,
      onLost: (reason) => this.#loseLease(reason),
      onRenewed: () => void this.#record?.report(this.#host.durableSeq),
    })
  }

  // What is decided from now on nobody must ever be told, and the journal must not grow by it.
  #loseLease(reason: string): void {
    if (this.#isDrained) return
    this.#host.abandon()
    this.#hooks.onFault(new Error(reason))
  }

  async #serve(link: NatsLink, port: EmbeddedPartition, { epoch, clusterId }: Term): Promise<void> {
    this.#selling = port
    const { cluster } = this.#settings
    const isOwner = () => this.#lease?.isValid() ?? false
    const onPoison = (reason: string, bytes: number) =>
      this.#poison.warn(`frame refused: ${reason}`, { bytes })
    // Without a wait since the host has opened: no SKU can have come that neither this list nor `note` knows.
    this.#feed = new StockFeed({
      ...{ link, cluster, epoch, port, isOwner, onPoison, ...this.#own, now: Date.now },
      skus: this.#host.skus,
      durableSeq: () => this.#host.durableSeq,
    })
    this.#feed.start()
    this.#service = new PartitionService({
      ...{ link, cluster, clusterId, epoch, port, isOwner, onPoison, ...this.#own },
      onTraced: tracedLog(this.#logger, this.#poison),
      // Anybody can claim that; the lease's own entry knows.
      onFenced: (later) => {
        this.#poison.warn('a sender has heard of a later owner: looking at the lease', { later })
        this.#lease?.renewSoon()
      },
    })
    // Whoever reads that line may send frames, and our nats-server must know by then to whom.
    await link.settle()
    if (this.#starting.signal.aborted || !isOwner()) return
    this.#logger.info({ ...this.#own, cluster, epoch, version: VERSION }, 'serving')
  }
}
