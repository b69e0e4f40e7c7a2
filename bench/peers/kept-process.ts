// A server of a peer under a keeper: whatever becomes of the bench, the server ends and its folder goes.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { compiledUrl } from './compiled-url.ts'
import { PeerError } from './peer-error.ts'

const START_MS = 30_000
const RETRY_MS = 25

/** A user that a process is started as. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface KeptOptions {
  /** For messages: `PostgreSQL`. */
  readonly name: string
  /** Its working directory, which holds all its files and is removed after it. */
  readonly folder: string
  readonly command: string
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Whoever starts it, when left out. */
  readonly owner?: Owner | undefined
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGKILL'
}

/** One server of a peer. */
export class KeptProcess {
  readonly #keeper: ChildProcess
  readonly #name: string
  readonly #exited: Promise<unknown>
  #said: string | undefined

  constructor(options: KeptOptions) {
    this.#name = options.name
    // A group of its own, so that a Ctrl-C in the terminal reaches only the bench; the channel then tells the keeper.
    const how = { detached: true, execArgv: [] }
    this.#keeper = fork(compiledUrl('keeper.js'), [JSON.stringify(options)], how)
    this.#exited = once(this.#keeper, 'exit')
    this.#keeper.once('message', (words) => {
      this.#said = String(words)
    })
  }

  /** Asks until `attempt` does not throw. @throws PeerError when the server ends instead, or takes too long. */
  async ready<Answer>(attempt: () => Promise<Answer>): Promise<Answer> {
    const patience = performance.now() + START_MS
    for (;;) {
      const answer = await attempt().catch((reason: unknown) => ({ reason }))
      if (!isFailed(answer)) return answer
      if (this.#said !== undefined || this.#keeper.exitCode !== null) {
        throw new PeerError('server_ended', `${this.#name} did not start: ${this.#said}`)
      }
      if (performance.now() > patience) {
        throw new PeerError('server_silent', `${this.#name} does not answer: ${answer.reason}`)
      }
      await delay(RETRY_MS)
    }
  }

  /** Ends it, and waits until it is gone and its folder with it. */
  async stop(): Promise<void> {
    if (this.#keeper.connected) this.#keeper.disconnect()
    await this.#exited
  }
}

function isFailed<Answer>(
  answer: Answer | { readonly reason: unknown },
): answer is { readonly reason: unknown } {
  return typeof answer === 'object' && answer !== null && 'reason' in answer
}
