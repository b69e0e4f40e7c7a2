// What every call came to and how long it took: plain counters per route that the console and /metrics read.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { OperationResult } from '../api/operations.ts'
import type { ProblemCode } from '../api/problems.ts'
import { LatencyHistogram } from './latency-histogram.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** The code of the problem that is the answer; undefined for any other answer. */
    problemCode: ProblemCode | undefined
  }
}

/** The status of a call that succeeded, or the code of the problem that it met. */
export type CallOutcome = number | ProblemCode

/** Calls of one kind since the process began. */
export class CallRecord {
  readonly outcomes: Map<CallOutcome, number> = new Map()

  count(outcome: CallOutcome): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}

/** Calls of one route. */
export class RouteRecord extends CallRecord {
  readonly method: string
  /** As it was registered: `/v1/skus/:sku`. */
  readonly url: string
  /** From the request's first handler to the last byte handed to the socket. */
  readonly latency: LatencyHistogram = new LatencyHistogram()

  constructor(method: string, url: string) {
    super()
    this.method = method
    this.url = url
  }
}

/**
 * Records every call of every route that is registered after `watch`. Costs one map entry and two array cells per call
 * and allocates nothing. Operations of batches are counted apart, by their names: they are no requests.
 */
export class RequestRecorder {
  readonly #routes = new Map<string, RouteRecord>()
  readonly #operations = new Map<string, CallRecord>()

  /** Every route so far, HEAD left out. */
  get routes(): ReadonlyMap<string, RouteRecord> {
    return this.#routes
  }

  /** What came of the operations of batches, by `op`. */
  get operations(): ReadonlyMap<string, CallRecord> {
    return this.#operations
  }

  /** The record of one route, as `POST /v1/batch`. */
  route(name: string): RouteRecord | undefined {
    return this.#routes.get(name)
  }

  /** One operation of a batch was answered. */
  countOperation(op: string, outcome: CallOutcome): void {
    let record = this.#operations.get(op)
    if (record === undefined) {
      record = new CallRecord()
      this.#operations.set(op, record)
    }
    record.count(outcome)
  }

  /** The operations of a batch were answered; those of bad form have no name. */
  countOperations(operations: readonly unknown[], results: readonly OperationResult[]): void {
    for (const [place, { status, code }] of results.entries()) {
      const op = status === 400 ? 'malformed' : (operations[place] as { op: string }).op
      this.countOperation(op, (code as ProblemCode | undefined) ?? status)
    }
  }

  /** Hooks into `app`; call it before routes are registered. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', (options) => {
      const { method, url } = options
      if (typeof method !== 'string' || method === 'HEAD') return
      const record = new RouteRecord(method, url)
      this.#routes.set(`${method} ${url}`, record)
      const isStream = options.config?.isStream === true
      options.onResponse = [...hooksOf(options), recordInto(record, isStream)]
    })
  }
}

function hooksOf({ onResponse }: RouteOptions) {
  if (onResponse === undefined) return []
  return Array.isArray(onResponse) ? onResponse : [onResponse]
}

// One closure per route: what is counted is known without looking the route up.
function recordInto(record: RouteRecord, isStream: boolean) {
  return (_: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    record.count(reply.problemCode ?? reply.statusCode)
    // How long a client listened is not how long it waited.
    if (!isStream) record.latency.add(reply.elapsedTime)
    done()
  }
}
