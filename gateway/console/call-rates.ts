// What the recorder counted since the last look, as rates: sales, refusals and errors by code, durations.
import { PROBLEMS, type ProblemCode } from '../api/problems.ts'
import { quantileMs } from '../http/latency-histogram.ts'
import type { CallOutcome, CallRecord, RequestRecorder } from '../http/request-recorder.ts'

/** Per second. */
type RatesByCode = Readonly<Record<string, number>>

/** Durations of one call in ms; undefined members when there was none. */
export interface Latency {
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

/** What came since the last look; rates are per second. */
export interface CallSample {
  /** New reservations, batches included. */
  readonly reservations: number
  readonly confirms: number
  readonly cancels: number
  readonly returns: number
  /** Calls of any kind, answered. */
  readonly calls: number
  /** The business said no. */
  readonly refusals: RatesByCode
  /** The server could not. */
  readonly errors: RatesByCode
  /** The caller was wrong: bad form, no key, too much at once. */
  readonly rejected: RatesByCode
  readonly reserve: Latency
  readonly confirm: Latency
  readonly batch: Latency
}

type Kind = 'refusals' | 'errors' | 'rejected'

const RESERVE = 'POST /v1/reservations'
const BATCH = 'POST /v1/batch'
const change = (name: string) => `${RESERVE}/:id/${name}`

const REFUSAL_STATUSES: ReadonlySet<number> = new Set([404, 409, 410, 422])
const CREATED = 201
const OK = 200

/** Looks at one recorder from time to time and tells the differences. */
export class CallRates {
  readonly #recorder: RequestRecorder
  readonly #outcomes = new Map<CallRecord, Map<CallOutcome, number>>()
  readonly #durations = new Map<string, Float64Array>()

  constructor(recorder: RequestRecorder) {
    this.#recorder = recorder
  }

  /** What came in the `elapsedMs` since the last call of this. */
  take(elapsedMs: number): CallSample {
    const perSecond = (count: number) => Math.round((count * 10_000) / elapsedMs) / 10
    const routes = new Map<string, Map<CallOutcome, number>>()
    for (const [name, record] of this.#recorder.routes) routes.set(name, this.#newOf(record))
    const operations = new Map<string, Map<CallOutcome, number>>()
    for (const [op, record] of this.#recorder.operations) operations.set(op, this.#newOf(record))
    const successes = (route: string, op: string, status: number) =>
      perSecond((routes.get(route)?.get(status) ?? 0) + (operations.get(op)?.get(status) ?? 0))
    return {
      reservations: successes(RESERVE, 'reserve', CREATED),
      confirms: successes(change('confirm'), 'confirm', OK),
      cancels: successes(change('cancel'), 'cancel', OK),
      returns: successes(change('return'), 'return', OK),
      calls: perSecond([...routes.values()].reduce((sum, counts) => sum + totalOf(counts), 0)),
      ...problemRates([...routes.values(), ...operations.values()], perSecond),
      reserve: this.#latency(RESERVE),
      confirm: this.#latency(change('confirm')),
      batch: this.#latency(BATCH),
    }
  }

  #newOf(record: CallRecord): Map<CallOutcome, number> {
    const before = this.#outcomes.get(record)
    const since = new Map<CallOutcome, number>()
    for (const [outcome, count] of record.outcomes) {
      const more = count - (before?.get(outcome) ?? 0)
      if (more > 0) since.set(outcome, more)
    }
    if (since.size > 0) this.#outcomes.set(record, new Map(record.outcomes))
    return since
  }

  #latency(route: string): Latency {
    const counts = this.#recorder.route(route)?.latency.counts
    if (counts === undefined) return { p50Ms: undefined, p99Ms: undefined }
    const before = this.#durations.get(route)
    const since =
      before === undefined ? counts : counts.map((count, at) => count - (before[at] ?? 0))
    const latency = { p50Ms: quantileMs(since, 0.5), p99Ms: quantileMs(since, 0.99) }
    this.#durations.set(route, counts.slice())
    return latency
  }
}

function totalOf(counts: ReadonlyMap<CallOutcome, number>): number {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}

function problemRates(
  counted: readonly ReadonlyMap<CallOutcome, number>[],
  perSecond: (count: number) => number,
): Record<Kind, Record<string, number>> {
  const sums = new Map<ProblemCode, number>()
  for (const counts of counted) {
    for (const [outcome, count] of counts) {
      if (typeof outcome === 'string') sums.set(outcome, (sums.get(outcome) ?? 0) + count)
    }
  }
  const rates: Record<Kind, Record<string, number>> = { refusals: {}, errors: {}, rejected: {} }
  for (const [code, sum] of sums) rates[kindOf(code)][code] = perSecond(sum)
  return rates
}

function kindOf(code: ProblemCode): Kind {
  const { status } = PROBLEMS[code]
  if (REFUSAL_STATUSES.has(status) && code !== 'not_found') return 'refusals'
  return status >= 500 ? 'errors' : 'rejected'
}
