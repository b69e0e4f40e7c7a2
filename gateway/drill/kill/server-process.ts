// A real server in a process of its own, to be started, killed and started again on the same data.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DrillError } from '../errors.ts'

const BIN = fileURLToPath(new URL('../../../../bin/holdfast.js', import.meta.url))

interface LogLine {
  readonly msg: string
  readonly url?: string
}

/** One `holdfast serve` on a free port of 127.0.0.1. */
export class ServerProcess {
  readonly #flags: readonly string[]
  #child: ChildProcess | undefined
  #url = 'http://127.0.0.1:9'

  /** `flags` go to `holdfast serve` as they are; the port is chosen here. */
  constructor(flags: readonly string[]) {
    this.#flags = flags
  }

  /** Where it listens, or listened last. */
  get url(): string {
    return this.#url
  }

  /** Starts it and waits until it sells. @throws DrillError when it ends before that. */
  async start(): Promise<void> {
    const child = spawn(BIN, ['serve', '--port', '0', ...this.#flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    let lastLine = ''
    for await (const line of createInterface({ input: child.stdout })) {
      lastLine = line
      const entry = JSON.parse(line) as LogLine
      this.#url = entry.url ?? this.#url
      if (entry.msg === 'recovered') {
        // What it logs from now on is of no interest, but a full pipe would stop it.
        child.stdout.resume()
        return
      }
    }
    throw new DrillError('server_ended', `The server ended instead of starting: ${lastLine}`)
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and the exit code it drains with. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM')
    return this.#child?.exitCode ?? null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}
