// The drill's side of the process that examines: started when needed, given a deadline, replaced when it dies.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { invariant } from '../../../core/invariant.ts'
import { DrillError } from '../errors.ts'
import { type Examination, type Reading, STEPS, type Step } from './examine.ts'
import type { WorkerMessage } from './examine-worker.ts'

const WORKER = fileURLToPath(new URL('./examine-worker.js', import.meta.url))
/** Directories that one process reads: LMDB keeps a little of each that it refused. */
const EXAMINATIONS_PER_PROCESS = 250
/** Of what a dying process wrote, this much is kept. */
const LAST_WORDS_LENGTH = 1_000

/** How a step ended that never came to a reading. */
export type Observation =
  | Reading
  | { readonly step: Step; readonly kind: 'died'; readonly signal: string; readonly words: string }
  | { readonly step: Step; readonly kind: 'hung' }

/** Examines one directory at a time in a child process. */
export class Examiner {
  readonly #deadlineMs: number
  readonly #worker: string
  #child: ChildProcess | undefined
  #examined = 0
  #isReady = false
  #words = ''

  /** A directory that takes longer than `deadlineMs` hangs. `worker` is the script of the process. */
  constructor(deadlineMs: number, worker: string = WORKER) {
    this.#deadlineMs = deadlineMs
    this.#worker = worker
  }

  /** What every step came to. When mere reading kills the process, a new one goes on with what a start would do. */
  async examine(examination: Examination): Promise<readonly Observation[]> {
    const seen = await this.#run(examination)
    const last = seen.at(-1)
    const isReading = last?.step === 'verify' || last?.step === 'replay'
    if (!isReading || (last.kind !== 'died' && last.kind !== 'hung')) return seen
    return [...seen, ...(await this.#run({ ...examination, from: 'rebuild' }))]
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || hasEnded(child)) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async #run(examination: Examination): Promise<readonly Observation[]> {
    const child = await this.#livingChild()
    this.#examined++
    this.#words = ''
    const seen: Observation[] = []
    let hasHung = false
    const timer = setTimeout(() => {
      hasHung = true
      child.kill('SIGKILL')
    }, this.#deadlineMs)
    try {
      if (await this.#readAll(child, examination, seen)) return seen
    } finally {
      clearTimeout(timer)
    }
    this.#child = undefined
    const step = stepAfter(seen.at(-1)?.step, examination)
    return [...seen, hasHung ? { step, kind: 'hung' } : this.#deathOf(child, step)]
  }

  async #livingChild(): Promise<ChildProcess> {
    if (this.#examined >= EXAMINATIONS_PER_PROCESS) await this.end()
    if (this.#child === undefined || hasEnded(this.#child)) this.#child = this.#start()
    return this.#child
  }

  #start(): ChildProcess {
    const child = fork(this.#worker, [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#examined = 0
    this.#isReady = false
    child.stderr?.on('data', (text) => {
      this.#words = `${this.#words}${text}`.slice(-LAST_WORDS_LENGTH)
    })
    return child
  }

  // True when the process has said that it is done, false when it ended before.
  #readAll(child: ChildProcess, examination: Examination, seen: Observation[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = (isDone: boolean) => {
        for (const event of ['message', 'close', 'error']) child.removeAllListeners(event)
        resolve(isDone)
      }
      child.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') this.#isReady = true
        else if (message.kind === 'done') settle(true)
        else seen.push(message)
      })
      // `close` comes after everything that it wrote has been read.
      child.on('close', () => settle(false))
      child.on('error', (error) => reject(new DrillError('server_ended', error.message)))
      child.send(examination, () => undefined)
    })
  }

  #deathOf(child: ChildProcess, step: Step): Observation {
    const words = this.#words.trim()
    if (child.signalCode !== null) return { step, kind: 'died', signal: child.signalCode, words }
    const message = `The process that examines ended with exit code ${child.exitCode}: ${words}`
    if (!this.#isReady) throw new DrillError('server_ended', message)
    return { step, kind: 'fault', code: undefined, message }
  }
}

function stepAfter(step: Step | undefined, { from }: Examination): Step {
  if (step === undefined) return from
  const next = STEPS[STEPS.indexOf(step) + 1]
  invariant(next !== undefined, 'a process that took the last step says that it is done')
  return next
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
