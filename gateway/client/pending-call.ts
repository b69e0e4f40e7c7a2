// One call until it is settled: its deadline, its signal, and whether any attempt so far may have taken effect.
import { HoldfastError, type HoldfastErrorCode } from './errors.ts'
import { type ClientRequest, isChange } from './operations.ts'
import { AttemptError, type TransportAnswer } from './transport.ts'
import { describeAnswer, faultCodeOf, type Setback } from './verdict.ts'

/** An attempt on its way, shared by the calls of one batch. */
export interface Flight {
  readonly controller: AbortController
  /** Calls in it that still wait. */
  waiting: number
}

export interface CallTerms {
  readonly request: ClientRequest
  /** Of the request as JSON. */
  readonly bytes: number
  readonly deadlineMs: number
  readonly traceparent: string | undefined
  readonly signal: AbortSignal | undefined
  /** Takes the decisive answer. @throws AttemptError when it makes no sense. */
  readonly onAnswer: (answer: TransportAnswer) => void
  readonly onFailure: (reason: unknown) => void
  /** Called once, after either. */
  readonly onSettled: (call: PendingCall) => void
}

/** Settles exactly once: with an answer, a fault, the signal's reason, or at its deadline. */
export class PendingCall {
  readonly request: ClientRequest
  readonly bytes: number
  readonly traceparent: string | undefined
  /** Set while an attempt is on its way. */
  flight: Flight | undefined
  readonly #terms: CallTerms
  readonly #deadlineAtMs: number
  readonly #deadlineTimer: ReturnType<typeof setTimeout>
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  #isOpen = false
  #isSettled = false
  #lastSetback: Setback | undefined

  constructor(terms: CallTerms) {
    this.#terms = terms
    this.request = terms.request
    this.bytes = terms.bytes
    this.traceparent = terms.traceparent
    this.#deadlineAtMs = performance.now() + terms.deadlineMs
    this.#deadlineTimer = setTimeout(() => this.giveUp(), terms.deadlineMs)
    terms.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Attempts that failed so far. */
  get attempts(): number {
    return this.#attempts
  }

  get remainingMs(): number {
    return this.#deadlineAtMs - performance.now()
  }

  /** Remembers that an attempt settled nothing. */
  noteSetback(setback: Setback): void {
    this.#attempts += 1
    this.#isOpen ||= setback.isOpen
    this.#lastSetback = setback
  }

  /** Calls `next` after `delayMs`, unless the call is settled before. */
  wait(delayMs: number, next: () => void): void {
    this.#retryTimer = setTimeout(next, delayMs)
  }

  /** Settles with a decisive answer: a result, or the fault that it is. */
  answer(answer: TransportAnswer): void {
    if (this.#isSettled) return
    const { requestId } = answer
    const code = faultCodeOf(answer)
    if (code !== undefined) {
      this.#isOpen ||= code === 'server_error'
      const { code: problemCode } = answer.body
      const said = typeof problemCode === 'string' ? { problemCode } : {}
      this.#fail(code, `the server answers ${describeAnswer(answer)}`, { requestId, ...said })
      return
    }
    try {
      this.#terms.onAnswer(answer)
    } catch (error) {
      this.failBadly(error, requestId)
      return
    }
    this.#settle()
  }

  /** Settles with `bad_answer`: what came makes no sense, so nobody knows what happened. */
  failBadly(error: unknown, requestId?: string): void {
    this.#isOpen = true
    const reason = error instanceof AttemptError ? error.message : `the transport failed: ${error}`
    this.#fail('bad_answer', reason, { requestId, cause: error })
  }

  /** Settles without an answer: certainly not executed, or open. A flight that did not land leaves it open. */
  giveUp(): void {
    if (this.flight !== undefined) this.#isOpen = true
    const { reason = 'no attempt was answered', requestId, cause } = this.#lastSetback ?? {}
    const tried = `${this.#attempts} attempts failed, ${this.#terms.deadlineMs} ms to answer; last: ${reason}`
    if (this.#isOpen && isChange(this.request)) {
      this.#fail('outcome_unknown', `${this.request.op} may have happened: ${tried}`, {
        requestId,
        cause,
      })
    } else {
      this.#fail('unavailable', `${this.request.op} was not executed: ${tried}`, {
        requestId,
        cause,
      })
    }
  }

  #fail(
    code: HoldfastErrorCode,
    message: string,
    said: { problemCode?: string; requestId?: string | undefined; cause?: unknown },
  ): void {
    if (this.#isSettled) return
    const { request } = this
    const fault = new HoldfastError(code, message, {
      mayHaveHappened: this.#isOpen && isChange(request),
      key: 'key' in request ? request.key : undefined,
      id: 'id' in request ? request.id : undefined,
      ...said,
    })
    this.#terms.onFailure(fault)
    this.#settle()
  }

  readonly #onAbort = (): void => {
    if (this.#isSettled) return
    this.#terms.onFailure(this.#terms.signal?.reason)
    this.#settle()
  }

  #settle(): void {
    this.#isSettled = true
    clearTimeout(this.#deadlineTimer)
    clearTimeout(this.#retryTimer)
    this.#terms.signal?.removeEventListener('abort', this.#onAbort)
    this.#terms.onSettled(this)
  }
}
