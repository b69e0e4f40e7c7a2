// A real Holdfast process, to be started, paused, killed and started again with the same words.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { invariant } from '../../core/invariant.ts'
import { ClusterError } from './errors.ts'

/** The command, as seen from the sources and from the compiled code. */
const PLACES = ['../../bin/holdfast.js', '../../../bin/holdfast.js'] as const
/** As bin/holdfast.js asks for. */
const NODE_FLAGS = ['--max-semi-space-size=64']

interface LogLine {
  readonly msg: string
  readonly url?: string
}

export interface HoldfastProcessOptions {
  /** For messages: `core 0`. */
  readonly name: string
  /** The command and its flags, without a port; asked for at each start. */
  readonly words: () => readonly string[]
  /** What it logs when it has done starting. */
  readonly readyWhen: 'recovered' | 'serving'
  /** It listens: on this port, or for 0 on a free one, which it keeps over restarts. Undefined: it does not. */
  readonly port?: number
  /** File to which its log is appended. */
  readonly logFile?: string
  /** The command of another checkout, `bin/holdfast.js`; otherwise this one's. */
  readonly bin?: string
}

/** One process on 127.0.0.1. */
export class HoldfastProcess {
  readonly #options: HoldfastProcessOptions
  readonly #log: WriteStream | undefined
  #child: ChildProcess | undefined
  #url = 'http://127.0.0.1:9'

  constructor(options: HoldfastProcessOptions) {
    this.#options = options
    const { logFile } = options
    this.#log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' })
  }

  get name(): string {
    return this.#options.name
  }

  /** Where it listens, or listened last. */
  get url(): string {
    return this.#url
  }

  get process(): ChildProcess | undefined {
    return this.#child
  }

  /** Starts it and waits until it is ready. @throws ClusterError `process_ended` with its last line. */
  async start(): Promise<void> {
    const { bin = binPath() } = this.#options
    const child = spawn(process.execPath, [...NODE_FLAGS, bin, ...this.#words()], {
      // A group of its own, so that a Ctrl-C in the terminal reaches only who stops the others in order.
      detached: true,
      // The channel tells it when this process is gone: it then drains.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.#child = child
    const { stdout } = child
    invariant(stdout !== null, 'its output is piped')
    let lastLine = 'it said nothing'
    for await (const line of createInterface({ input: stdout })) {
      this.#log?.write(`${line}\n`)
      lastLine = line
      const entry = JSON.parse(line) as LogLine
      this.#url = entry.url ?? this.#url
      if (entry.msg === this.#options.readyWhen) {
        this.#keepReading(child)
        return
      }
    }
    throw new ClusterError('process_ended', `${this.name} ended instead of starting: ${lastLine}`)
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and the exit code it drains with; null when it was killed by a signal. One that stands still is woken. */
  async stop(): Promise<number | null> {
    const gone = this.#end('SIGTERM')
    this.#child?.kill('SIGCONT')
    await gone
    return this.#child?.exitCode ?? null
  }

  #words(): string[] {
    const { words, port } = this.#options
    if (port === undefined) return [...words()]
    const known = new URL(this.#url).port
    return [...words(), '--port', known === '9' ? String(port) : known]
  }

  // A full pipe would stop it.
  #keepReading(child: ChildProcess): void {
    if (this.#log === undefined) child.stdout?.resume()
    else child.stdout?.pipe(this.#log, { end: false })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

function binPath(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const path = paths.find((one) => existsSync(one))
  invariant(path !== undefined, 'the package has its command')
  return path
}
