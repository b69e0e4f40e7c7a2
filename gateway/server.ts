// The embedded server, the composition root of `holdfast serve`: listen, recover, sell, drain. Reads as prose.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Access, openAccess, startAccess } from './access/access.ts'
import { buildApp } from './http/app.ts'
import { LoadGauge } from './load-gauge.ts'
import { PartitionHost } from './partition-host.ts'
import { Partitions } from './partitions.ts'
import type { ProcessHooks } from './process-hooks.ts'
import { localTerms } from './recover.ts'
import type { ServeSettings } from './settings.ts'
import { boardOf } from './stock/board-settings.ts'
import { LocalStock } from './stock/local-stock.ts'
import type { StockBoard } from './stock/stock-board.ts'
import { VERSION } from './version.ts'

/** Kept back of the drain's time for closing, when the last snapshot takes long. */
const CLOSE_MS = 1_000

/** One process that sells: HTTP in front, one partition behind, no network between. */
export class Server {
  readonly #settings: ServeSettings
  readonly #logger: Logger
  readonly #hooks: ProcessHooks
  readonly #access: Access
  readonly #gauge: LoadGauge
  readonly #partitions = new Partitions()
  readonly #board: StockBoard
  readonly #stock: LocalStock
  readonly #host: PartitionHost
  #app: FastifyInstance | undefined

  /** @throws ConfigError when the settings let in nobody, or anybody. */
  constructor(settings: ServeSettings, logger: Logger, hooks: ProcessHooks) {
    this.#settings = settings
    this.#logger = logger
    this.#hooks = hooks
    this.#access = openAccess(settings, logger)
    this.#gauge = new LoadGauge({ targetMs: settings.shedDelayMs })
    const { onFault } = hooks
    this.#board = boardOf(settings, this.#partitions)
    this.#stock = new LocalStock(this.#board, this.#partitions)
    this.#host = new PartitionHost({
      ...{ settings, partition: 0, partitionCount: 1, logger, onFault },
      onDurable: (block) => this.#stock.note(block),
    })
  }

  /** Takes the data directory, listens, recovers. Resolves when it sells. @throws when any of it is refused. */
  async start(): Promise<void> {
    const generation = this.#host.takeDirectory()
    await this.#listen()
    const selling = await this.#host.open(localTerms(generation))
    this.#stock.begin(this.#host.durableSeq)
    this.#partitions.put([selling])
  }

  /**
   * Stops taking commands, answers what was taken, closes the journal, takes a last snapshot.
   * Resolves to false when the last snapshot proved that live state and journal differ: a bug.
   */
  async drain(): Promise<boolean> {
    const startedAt = performance.now()
    await this.#host.drain()
    // Answers that have just been released reach their sockets within a turn of the loop.
    await nextTurn()
    await this.#app?.close()
    this.#access.keys?.stop()
    return this.#host.close(this.#settings.drainMs - CLOSE_MS - (performance.now() - startedAt))
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
      metrics: { role: 'serve', version: VERSION, owner: this.#host },
    })
    startAccess(this.#access, this.#logger)
    const listenTextResolver = () => 'accepting connections'
    const url = await this.#app.listen({ host, port, listenTextResolver })
    this.#logger.info({ url, version: VERSION, data: this.#host.directory }, 'listening')
  }
}
