// A whole cluster on this machine: a real nats-server, an owner per partition, gateways; started and stopped in order.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from './errors.ts'
import { HoldfastProcess } from './holdfast-process.ts'
import { NatsServer } from './nats-server.ts'
import { Supervisor } from './supervisor.ts'

export interface LocalClusterOptions {
  /** For the journals, nats-server's files and the logs of all processes. */
  readonly directory: string
  readonly partitions: number
  readonly gateways: number
  /** Of the first gateway; the others take the next ones. 0 takes free ones. */
  readonly port: number
  readonly coreFlags?: readonly string[]
  readonly gatewayFlags?: readonly string[]
  /** Told what the supervisor does, and where the cluster stands. */
  readonly onNote: (note: string) => void
}

/** Processes that are kept running until the cluster is stopped. */
export class LocalCluster {
  readonly nats: NatsServer
  readonly cores: readonly HoldfastProcess[]
  readonly gateways: readonly HoldfastProcess[]
  readonly #supervisors: readonly Supervisor[]
  #isStopping = false

  constructor(options: LocalClusterOptions) {
    const { directory, partitions, gateways, onNote } = options
    mkdirSync(join(directory, 'logs'), { recursive: true })
    this.nats = new NatsServer({ directory: join(directory, 'nats'), isDetached: true })
    this.cores = Array.from({ length: partitions }, (_, number) => this.#core(options, number))
    this.gateways = Array.from({ length: gateways }, (_, number) => this.#gateway(options, number))
    this.#supervisors = [
      new Supervisor('nats-server', this.nats, onNote),
      ...[...this.cores, ...this.gateways].map((one) => new Supervisor(one.name, one, onNote)),
    ]
  }

  /** Starts everything; resolves when it sells. @throws ClusterError when something ends instead, or it is stopped. */
  async start(): Promise<void> {
    const [nats, ...others] = this.#supervisors
    await nats?.begin()
    if (this.#isStopping) throw new ClusterError('process_ended', 'stopped while starting')
    await Promise.all(others.map((supervisor) => supervisor.begin()))
  }

  /** Stops in the order in which nothing is lost: gateways, owners, NATS. False when an owner did not end well. */
  async stop(): Promise<boolean> {
    this.#giveUp()
    await Promise.all(this.gateways.map((gateway) => gateway.stop()))
    const statuses = await Promise.all(this.cores.map((core) => core.stop()))
    await this.nats.stop()
    return statuses.every((status) => status === 0)
  }

  /** Ends everything at once, for when something went wrong. */
  async kill(): Promise<void> {
    this.#giveUp()
    const all = [...this.gateways, ...this.cores, this.nats]
    await Promise.all(all.map((one) => one.kill()))
  }

  #giveUp(): void {
    this.#isStopping = true
    for (const supervisor of this.#supervisors) supervisor.stop()
  }

  // The address of NATS is known only when it runs, so it is a flag that is asked for at each start.
  #core({ directory, partitions, coreFlags = [] }: LocalClusterOptions, number: number) {
    return new HoldfastProcess({
      name: `core ${number}`,
      words: () => [
        ...['core', '--partition', `${number}/${partitions}`, '--nats', this.nats.url],
        ...['--data', directory, ...coreFlags],
      ],
      readyWhen: 'serving',
      logFile: join(directory, 'logs', `core-${number}.log`),
    })
  }

  #gateway({ directory, port, gatewayFlags = [] }: LocalClusterOptions, number: number) {
    return new HoldfastProcess({
      name: `gateway ${number}`,
      words: () => ['gateway', '--nats', this.nats.url, ...gatewayFlags],
      readyWhen: 'serving',
      port: port === 0 ? 0 : port + number,
      logFile: join(directory, 'logs', `gateway-${number}.log`),
    })
  }
}
