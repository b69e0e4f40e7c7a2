// Gathers calls into batches, keeps a bounded number of them in flight, and repeats what was not settled.
import { type Backoff, backoffMs } from './backoff.ts'
import { HoldfastError } from './errors.ts'
import { type ClientRequest, isSkuCall } from './operations.ts'
import { type Flight, PendingCall } from './pending-call.ts'
import {
  type Attempt,
  AttemptError,
  type ClientTransport,
  type TransportAnswer,
} from './transport.ts'
import { type Setback, setbackOf, setbackOfError } from './verdict.ts'

export interface DispatchOptions {
  /** Attempts on their way at once. */
  readonly inFlightMax: number
  /** Calls that may wait for their answers at once. */
  readonly pendingMax: number
  /** How long one attempt may take, in ms. */
  readonly attemptMs: number
  readonly backoff: Backoff
}

/** One call to be carried out. */
export interface Errand<Result> {
  readonly request: ClientRequest
  readonly bytes: number
  readonly deadlineMs: number
  readonly traceparent: string | undefined
  readonly signal: AbortSignal | undefined
  /** The result that a decisive answer says. @throws AttemptError when it makes no sense. */
  readonly read: (answer: TransportAnswer) => Result
}

const { setImmediate: ofNode } = globalThis as { setImmediate?: (run: () => void) => unknown }

// Calls of one event-loop turn share a batch. Browsers have no setImmediate; a timeout of 0 ends the turn as well.
function afterThisTurn(run: () => void): void {
  if (ofNode === undefined) setTimeout(run, 0)
  else ofNode(run)
}

/** Carries out calls over one transport, until each has its answer or its deadline has come. */
export class Dispatcher {
  readonly #transport: ClientTransport
  readonly #options: DispatchOptions
  /** Ready to go, in the order in which they came. */
  readonly #operations = new Set<PendingCall>()
  readonly #skuCalls = new Set<PendingCall>()
  #inFlight = 0
  #pending = 0
  #isDue = false
  #isSkuTurn = false
  #onIdle: (() => void) | undefined

  constructor(transport: ClientTransport, options: DispatchOptions) {
    this.#transport = transport
    this.#options = options
  }

  /** Resolves with the result. @throws HoldfastError, or the signal's reason. */
  carryOut<Result>(errand: Errand<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#pending >= this.#options.pendingMax) {
        reject(new HoldfastError('client_busy', `${this.#pending} calls wait for their answers`))
        return
      }
      this.#pending += 1
      const call = new PendingCall({
        ...errand,
        onAnswer: (answer) => resolve(errand.read(answer)),
        onFailure: reject,
        onSettled: (settled) => this.#forget(settled),
      })
      this.#enqueue(call)
    })
  }

  /** Resolves when every call is settled and no attempt is on its way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#noteIdle()
    })
  }

  #enqueue(call: PendingCall): void {
    this.#queueOf(call).add(call)
    this.#makeDue()
  }

  #queueOf(call: PendingCall): Set<PendingCall> {
    return isSkuCall(call.request) ? this.#skuCalls : this.#operations
  }

  #forget(call: PendingCall): void {
    this.#pending -= 1
    this.#queueOf(call).delete(call)
    const { flight } = call
    if (flight !== undefined) {
      flight.waiting -= 1
      if (flight.waiting === 0) flight.controller.abort(new Error('nobody waits for it any more'))
    }
    this.#noteIdle()
  }

  #noteIdle(): void {
    if (this.#pending === 0 && this.#inFlight === 0) this.#onIdle?.()
  }

  #makeDue(): void {
    if (this.#isDue) return
    this.#isDue = true
    afterThisTurn(() => {
      this.#isDue = false
      this.#sendWhatIsReady()
    })
  }

  #sendWhatIsReady(): void {
    while (this.#inFlight < this.#options.inFlightMax) {
      const calls = this.#takeNext()
      if (calls === undefined) return
      void this.#fly(calls)
    }
  }

  // Both kinds in turn, so that neither can starve the other.
  #takeNext(): readonly PendingCall[] | undefined {
    this.#isSkuTurn = !this.#isSkuTurn
    return this.#isSkuTurn
      ? (takeOne(this.#skuCalls) ?? this.#takeBatch())
      : (this.#takeBatch() ?? takeOne(this.#skuCalls))
  }

  #takeBatch(): readonly PendingCall[] | undefined {
    const { operationsMax, bytesMax } = this.#transport
    const calls: PendingCall[] = []
    let bytes = 0
    for (const call of this.#operations) {
      bytes += call.bytes + 1
      const isFull = calls.length === operationsMax || (calls.length > 0 && bytes > bytesMax)
      // A request belongs to one trace.
      const isOfOther = calls.length > 0 && call.traceparent !== calls[0]?.traceparent
      if (isFull || isOfOther) break
      calls.push(call)
      this.#operations.delete(call)
    }
    return calls.length === 0 ? undefined : calls
  }

  async #fly(calls: readonly PendingCall[]): Promise<void> {
    const flight: Flight = { controller: new AbortController(), waiting: calls.length }
    for (const call of calls) call.flight = flight
    this.#inFlight += 1
    const longestMs = calls.reduce((longest, call) => Math.max(longest, call.remainingMs), 1)
    const timeoutMs = Math.ceil(Math.min(this.#options.attemptMs, longestMs))
    const reason = new Error(`no answer within ${timeoutMs} ms`)
    const timer = setTimeout(() => flight.controller.abort(reason), timeoutMs)
    const { signal } = flight.controller
    const traceparent = calls[0]?.traceparent
    const outcome = await this.#attempt(calls, { signal, timeoutMs, traceparent })
    clearTimeout(timer)
    for (const call of calls) call.flight = undefined
    this.#inFlight -= 1
    this.#land(calls, outcome)
    this.#makeDue()
    this.#noteIdle()
  }

  async #attempt(
    calls: readonly PendingCall[],
    attempt: Attempt,
  ): Promise<readonly TransportAnswer[] | AttemptError> {
    try {
      const answers = await this.#send(calls, attempt)
      if (answers.length === calls.length) return answers
      const counts = `${answers.length} results for ${calls.length} operations`
      return new AttemptError('bad_answer', `the answer is wrong: ${counts}`)
    } catch (error) {
      if (error instanceof AttemptError) return error
      return new AttemptError('bad_answer', `the transport failed: ${error}`, error)
    }
  }

  async #send(
    calls: readonly PendingCall[],
    attempt: Attempt,
  ): Promise<readonly TransportAnswer[]> {
    const [first] = calls
    if (first !== undefined && isSkuCall(first.request)) {
      return [await this.#transport.call(first.request, attempt)]
    }
    const operations = calls.flatMap(({ request }) => (isSkuCall(request) ? [] : [request]))
    return this.#transport.send(operations, attempt)
  }

  #land(calls: readonly PendingCall[], outcome: readonly TransportAnswer[] | AttemptError): void {
    // One chance for all calls of a batch, so that those that wait equally long go together again.
    const chance = Math.random()
    calls.forEach((call, index) => {
      if (call.isSettled) return
      const answer = outcome instanceof AttemptError ? undefined : outcome[index]
      const setback =
        outcome instanceof AttemptError ? setbackOfError(outcome) : answer && setbackOf(answer)
      if (setback !== undefined) this.#repeatLater(call, setback, chance)
      else if (answer !== undefined) call.answer(answer)
      else call.failBadly(outcome)
    })
  }

  #repeatLater(call: PendingCall, setback: Setback, chance: number): void {
    call.noteSetback(setback)
    const { backoff } = this.#options
    const delayMs = backoffMs(backoff, call.attempts, setback.retryAfterMs, chance)
    if (delayMs >= call.remainingMs) call.giveUp()
    else call.wait(delayMs, () => this.#enqueue(call))
  }
}

function takeOne(queue: Set<PendingCall>): readonly PendingCall[] | undefined {
  for (const call of queue) {
    queue.delete(call)
    return [call]
  }
  return undefined
}
