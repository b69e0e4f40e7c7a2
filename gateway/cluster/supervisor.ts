// Keeps processes running: one that ends by itself, or is killed, is started again after a pause.
import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

const PAUSE_MS_FIRST = 100
const PAUSE_MS_MAX = 3_000

/** What can be kept running. */
export interface Supervised {
  readonly process: ChildProcess | undefined
  /** Resolves when it is ready. @throws when it ends before that. */
  start(): Promise<void>
}

/** Looks after one process from its first successful start on. */
export class Supervisor {
  readonly #name: string
  readonly #supervised: Supervised
  readonly #onNote: (note: string) => void
  readonly #stopping = new AbortController()

  /** `onNote` is told of every end and every start that fails. */
  constructor(name: string, supervised: Supervised, onNote: (note: string) => void) {
    this.#name = name
    this.#supervised = supervised
    this.#onNote = onNote
  }

  /** Starts it for the first time, and sees to it from then on. @throws when the first start fails. */
  async begin(): Promise<void> {
    await this.#supervised.start()
    void this.#keep()
  }

  /** Starts it no more; ending it is left to the caller. */
  stop(): void {
    this.#stopping.abort()
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      const ending = await endOf(this.#supervised.process)
      if (signal.aborted) return
      this.#onNote(`${this.#name} ended (${ending}); starting it again`)
      const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** failures)
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      failures = (await this.#restart()) ? 0 : Math.min(10, failures + 1)
    }
  }

  async #restart(): Promise<boolean> {
    try {
      await this.#supervised.start()
      return true
    } catch (fault) {
      this.#onNote(fault instanceof Error ? fault.message : String(fault))
      return false
    }
  }
}

function endOf(child: ChildProcess | undefined): Promise<string> {
  if (child === undefined) return Promise.resolve('it never started')
  const words = () => child.signalCode ?? `exit code ${child.exitCode}`
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(words())
  return new Promise((resolve) => child.once('exit', () => resolve(words())))
}
