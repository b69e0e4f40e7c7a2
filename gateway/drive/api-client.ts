// The server's HTTP API: one call, or one batch of operations, repeated until it is answered.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { DriveError } from './errors.ts'
import {
  type ApiAnswer,
  type ApiCall,
  attemptHttp,
  describeProblem,
  isObject,
  isSetback,
  unreadable,
} from './http-attempt.ts'
import { type Answer, isUndecided, type Operation } from './operations.ts'
import { Patience, type Setback } from './patience.ts'

export interface ApiClientOptions {
  /** Looked up for every attempt, because a restarted server may listen elsewhere. */
  readonly baseUrl: () => string
  /** Sent with every request; undefined for a server that asks for none. */
  readonly apiKey?: string | undefined
  readonly retryForMs: number
  /** Called once per outage. */
  readonly onOutage: (reason: string) => void
  /** Called with every answered operation, refusals included, before anything else sees it. */
  readonly onAcknowledged: (operation: Operation, answer: Answer) => void
}

/** What the client measured so far. */
export interface ClientMeasurements {
  /** Batch requests that were answered. */
  readonly requests: number
  readonly retries: number
  /** Of answered batch requests, in ms; 0 when there was none. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Speaks to one server. Takes many calls at once; knows nothing of the sale. */
export class ApiClient {
  readonly #options: ApiClientOptions
  readonly #patience: Patience
  /** Microseconds. */
  readonly #batchLatency: RecordableHistogram = createHistogram()

  constructor(options: ApiClientOptions) {
    this.#options = options
    this.#patience = new Patience(options.retryForMs, options.onOutage)
  }

  measurements(): ClientMeasurements {
    const latency = this.#batchLatency
    const percentileMs = (percentile: number): number =>
      latency.count === 0 ? 0 : latency.percentile(percentile) / 1000
    return {
      requests: latency.count,
      retries: this.#patience.retryCount,
      p50Ms: percentileMs(50),
      p99Ms: percentileMs(99),
    }
  }

  /**
   * Makes one call, repeating it until it is decided; only calls that are safe to repeat belong here.
   * @throws DriveError when there is no progress for too long, or the answer is no JSON object.
   */
  async call(call: ApiCall): Promise<ApiAnswer> {
    const wait = this.#patience.begin()
    for (;;) {
      const outcome = await this.#attempt(call)
      if (!isSetback(outcome)) {
        this.#patience.noteProgress()
        return outcome
      }
      await wait.afterSetback(outcome)
    }
  }

  /**
   * Has every item's operation answered, repeating the undecided ones with the same keys and ids.
   * `onAnswer` is told each answer once.
   * @throws DriveError as `call` does, or `server_refused` when the batch is refused as a whole.
   */
  async batch<Item extends { readonly operation: Operation }>(
    items: readonly Item[],
    onAnswer: (item: Item, answer: Answer) => void,
  ): Promise<void> {
    const wait = this.#patience.begin()
    let open = items
    while (open.length > 0) {
      const answers = await this.#attemptBatch(open.map((item) => item.operation))
      if (!Array.isArray(answers)) {
        await wait.afterSetback(answers)
        continue
      }
      const undecided: Item[] = []
      let lastUndecided: Answer | undefined
      open.forEach((item, index) => {
        const answer = answers[index]
        if (answer === undefined) return
        if (isUndecided(answer)) {
          undecided.push(item)
          lastUndecided = answer
          return
        }
        this.#options.onAcknowledged(item.operation, answer)
        onAnswer(item, answer)
      })
      if (undecided.length < open.length) this.#patience.noteProgress()
      if (lastUndecided !== undefined) await wait.afterSetback(setbackOf(lastUndecided))
      open = undecided
    }
  }

  #attempt(call: ApiCall): Promise<ApiAnswer | Setback> {
    return attemptHttp(this.#options.baseUrl(), call, this.#options.apiKey)
  }

  async #attemptBatch(operations: readonly Operation[]): Promise<Answer[] | Setback> {
    const call = { method: 'POST', path: '/v1/batch', body: { operations } } as const
    const beganAtMs = performance.now()
    const outcome = await this.#attempt(call)
    if (isSetback(outcome)) return outcome
    if (outcome.status !== 200) throw refused(call, outcome)
    this.#batchLatency.record(Math.max(1, Math.round((performance.now() - beganAtMs) * 1000)))
    const { results } = outcome.body as { results?: unknown }
    if (!Array.isArray(results) || results.length !== operations.length) {
      throw unreadable(call, `not one result for each of ${operations.length} operations`)
    }
    if (!results.every(isAnswer)) throw unreadable(call, 'a result has no status, or no id or code')
    return results
  }
}

/** The fault of a call that the server decided against, where the drive cannot go on without it. */
export function refused(call: ApiCall, answer: ApiAnswer): DriveError {
  const problem = describeProblem(answer.body)
  const message = `${call.method} ${call.path} is answered ${answer.status} ${problem}`
  return new DriveError('server_refused', message)
}

function isAnswer(value: unknown): value is Answer {
  if (!isObject(value)) return false
  const { status, id, code } = value
  return typeof status === 'number' && typeof (status < 300 ? id : code) === 'string'
}

function setbackOf(answer: Answer): Setback {
  const words = 'code' in answer ? answer.code : ''
  const reason = `operations are answered ${answer.status} ${words}`
  return { code: 'server_unavailable', reason, retryAfter: null }
}
