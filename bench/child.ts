// A process of its own for what must not share a heap with what ran before: asked by messages, one at a time.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterError } from '../gateway/cluster/errors.ts'
import { HOLDFAST_FLAGS } from './holdfast-flags.ts'

/** A heap that is not the bound; and garbage of a warm-up can be collected before it counts. */
const NODE_FLAGS = [...HOLDFAST_FLAGS, '--max-old-space-size=8192', '--expose-gc']

/** A running child; its module calls `answerParent`. */
export class Child {
  readonly #name: string
  readonly #process: ChildProcess

  /** Starts the compiled module `entry`. */
  constructor(entry: URL) {
    const path = fileURLToPath(entry)
    this.#name = basename(path)
    this.#process = fork(path, { execArgv: NODE_FLAGS, serialization: 'advanced' })
  }

  /** @throws ClusterError `process_ended` when it ends instead of answering; why is on stderr. */
  async ask<Reply>(question: object): Promise<Reply> {
    const listening = new AbortController()
    const { signal } = listening
    try {
      this.#process.send(question)
      return await Promise.race([
        once(this.#process, 'message', { signal }).then(([reply]) => reply as Reply),
        once(this.#process, 'exit', { signal }).then(([code, by]) => this.#ended(code ?? by)),
      ])
    } finally {
      listening.abort()
    }
  }

  /** Ends it, whatever it is doing, and waits until it is gone. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }

  #ended(how: number | string): never {
    throw new ClusterError('process_ended', `${this.#name} ended (${how}) instead of answering`)
  }
}

/** Asks a new child one question. */
export async function askOnce<Reply>(entry: URL, question: object): Promise<Reply> {
  const child = new Child(entry)
  try {
    return await child.ask<Reply>(question)
  } finally {
    await child.end()
  }
}
