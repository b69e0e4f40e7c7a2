// The port between the client and whatever carries its requests: one attempt at a time, no retries.
import type { Operation, SkuCall } from './operations.ts'

/** The terms of one attempt. */
export interface Attempt {
  /** Aborts when nobody waits for the answer any more, or the time is over; the attempt then rejects soon. */
  readonly signal: AbortSignal
  /** Nobody waits for longer than this, in ms: a server may drop the command afterwards. */
  readonly timeoutMs: number
  /** W3C Trace Context: the trace that all of it belongs to. */
  readonly traceparent?: string | undefined
}

/**
 * What a server said to one request, as HTTP says it. A 408 or 503 counts as not executed only when its body is a
 * problem with Holdfast's own `type`: a proxy says 503 also when it lost the connection behind it.
 */
export interface TransportAnswer {
  readonly status: number
  /** The JSON of the body; empty when it is no JSON object. `replayed: true` marks a first answer given again. */
  readonly body: Readonly<Record<string, unknown>>
  readonly requestId: string | undefined
  /** From Retry-After, in ms; 0 without it. */
  readonly retryAfterMs: number
}

/**
 * Carries requests. One contract for all: a promise resolves with answers, whatever their status, or rejects with an
 * AttemptError that says how far the attempt came. It never repeats an attempt by itself.
 */
export interface ClientTransport {
  /** The most operations that `send` takes at once. */
  readonly operationsMax: number
  /** The most bytes that the operations of one `send` may have as JSON, with a comma for each. */
  readonly bytesMax: number
  /** One answer per operation, in order; each stands alone. */
  send(operations: readonly Operation[], attempt: Attempt): Promise<readonly TransportAnswer[]>
  call(call: SkuCall, attempt: Attempt): Promise<TransportAnswer>
  /** Called once, when nothing is in flight any more. */
  close(): Promise<void>
}

/**
 * How far a failed attempt came: `not_sent` certainly had no effect, `no_answer` may have had one, and `bad_answer`
 * got an answer that makes no sense. The first two are worth another attempt.
 */
export type AttemptErrorKind = 'not_sent' | 'no_answer' | 'bad_answer'

/** An attempt that brought no answer one could read. */
export class AttemptError extends Error {
  readonly kind: AttemptErrorKind

  constructor(kind: AttemptErrorKind, reason: string, cause?: unknown) {
    super(reason, { cause })
    this.name = 'AttemptError'
    this.kind = kind
  }
}
