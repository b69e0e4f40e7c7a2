// The client: one method per call, over any transport. Refusals are results; faults are thrown.
import { type ClientOptions, completeOptions, isCount } from './client-options.ts'
import { Dispatcher } from './dispatcher.ts'
import { HoldfastError } from './errors.ts'
import type { ClientRequest, Operation, RulesChange, SkuCall, SkuTerms } from './operations.ts'
import { type ReservationResult, readReservationResult } from './reservations.ts'
import { readSkuResult, type SkuResult } from './skus.ts'
import type { ClientTransport, TransportAnswer } from './transport.ts'

export type { ClientOptions } from './client-options.ts'

/** How one call behaves. */
export interface CallOptions {
  /**
   * Ends the wait: the call rejects at once with the signal's reason. What was sent before may still take effect;
   * only a call with the same key or id tells.
   */
  readonly signal?: AbortSignal | undefined
  /** Instead of the client's own, in ms. */
  readonly deadlineMs?: number | undefined
  /** W3C Trace Context, passed on as it is. Calls of different traces do not share a batch. */
  readonly traceparent?: string | undefined
}

export interface ReserveRequest {
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  /** How long the hold lasts, in ms; the SKU's rule unless said. */
  readonly holdMs?: number | undefined
  /** At most 512 bytes: journaled and exported, not answered. */
  readonly meta?: string | undefined
  /** 1 to 255 visible ASCII characters; a fresh one unless said. The same key resumes a call. */
  readonly key?: string | undefined
}

export interface ConfirmRequest {
  /** Fewer units than are held: the rest is given back. */
  readonly quantity?: number | undefined
  /** Journaled and exported. */
  readonly paymentId?: string | undefined
}

export interface ReturnRequest {
  /** Units returned so far, all in all; everything unless said. */
  readonly returnedTotal?: number | undefined
}

export interface AdjustRequest {
  /** Units that come, or go when negative. */
  readonly delta: number
  /** Why: journaled. */
  readonly reason: string
  /** As for a reservation. */
  readonly key?: string | undefined
}

/**
 * Calls to one Holdfast cluster. Calls of one event-loop turn share a batch. Every method may be repeated without
 * harm; every one throws HoldfastError for faults and the signal's reason when it is aborted.
 */
export class HoldfastClient {
  readonly #transport: ClientTransport
  readonly #dispatcher: Dispatcher
  readonly #deadlineMs: number
  #closed: Promise<void> | undefined

  /** Owns the transport from now on. @throws RangeError when an option makes no sense. */
  constructor(transport: ClientTransport, options: ClientOptions = {}) {
    this.#transport = transport
    const { deadlineMs, inFlightMax, pendingMax, attemptMs, ...more } = completeOptions(options)
    const backoff = { firstMs: more.backoffMs, maxMs: more.backoffMsMax }
    this.#deadlineMs = deadlineMs
    this.#dispatcher = new Dispatcher(transport, { inFlightMax, pendingMax, attemptMs, backoff })
  }

  /** Holds units for a buyer. */
  async reserve(request: ReserveRequest, options?: CallOptions): Promise<ReservationResult> {
    const { sku, buyer, quantity, holdMs, meta } = request
    const key = keyOf(request.key)
    return this.#operate({ op: 'reserve', key, sku, buyer, quantity, holdMs, meta }, options)
  }

  /** Sells what is held. */
  async confirm(
    id: string,
    request: ConfirmRequest = {},
    options?: CallOptions,
  ): Promise<ReservationResult> {
    const { quantity, paymentId } = request
    return this.#operate({ op: 'confirm', id, quantity, paymentId }, options)
  }

  /** Gives back what is held. */
  async cancel(id: string, options?: CallOptions): Promise<ReservationResult> {
    return this.#operate({ op: 'cancel', id }, options)
  }

  /** Makes a hold last `holdMs` from now; it never becomes shorter. */
  async extend(
    id: string,
    request: { readonly holdMs: number },
    options?: CallOptions,
  ): Promise<ReservationResult> {
    return this.#operate({ op: 'extend', id, holdMs: request.holdMs }, options)
  }

  /** Takes back units that were sold. */
  async return(
    id: string,
    request: ReturnRequest = {},
    options?: CallOptions,
  ): Promise<ReservationResult> {
    return this.#operate({ op: 'return', id, returnedTotal: request.returnedTotal }, options)
  }

  /** Looks a reservation up. */
  async get(id: string, options?: CallOptions): Promise<ReservationResult> {
    return this.#operate({ op: 'get', id }, options)
  }

  /** Looks a SKU up. */
  async sku(sku: string, options?: CallOptions): Promise<SkuResult> {
    return this.#callSku({ op: 'look-up-sku', sku }, options)
  }

  /** Opens a SKU, or replaces its rules. */
  async openSku(sku: string, terms: SkuTerms, options?: CallOptions): Promise<SkuResult> {
    return this.#callSku({ op: 'open-sku', sku, terms: { ...terms } }, options)
  }

  /** Changes some rules of a SKU and leaves the others: pause and resume, open or close now, another limit. */
  async amendSku(sku: string, changes: RulesChange, options?: CallOptions): Promise<SkuResult> {
    return this.#callSku({ op: 'amend-sku', sku, changes: { ...changes } }, options)
  }

  /** Adds units, or takes away units that nobody holds. */
  async adjustStock(
    sku: string,
    request: AdjustRequest,
    options?: CallOptions,
  ): Promise<SkuResult> {
    const { delta, reason } = request
    const key = keyOf(request.key)
    return this.#callSku({ op: 'adjust-stock', sku, key, delta, reason }, options)
  }

  /** Takes no more calls, waits until all that were made are settled, and closes the transport. */
  close(): Promise<void> {
    this.#closed ??= this.#dispatcher.idle().then(() => this.#transport.close())
    return this.#closed
  }

  async #operate(operation: Operation, options?: CallOptions): Promise<ReservationResult> {
    return this.#carryOut(operation, options, (answer) => readReservationResult(operation, answer))
  }

  async #callSku(call: SkuCall, options?: CallOptions): Promise<SkuResult> {
    if (!/^[A-Za-z0-9_-]+$/.test(call.sku)) {
      throw new HoldfastError('bad_request', 'a SKU consists of letters, digits, _ and -')
    }
    return this.#carryOut(call, options, (answer) => readSkuResult(call, answer))
  }

  #carryOut<Result>(
    request: ClientRequest,
    { signal, deadlineMs = this.#deadlineMs, traceparent }: CallOptions = {},
    read: (answer: TransportAnswer) => Result,
  ): Promise<Result> {
    if (this.#closed !== undefined) {
      throw new HoldfastError('client_closed', 'the client was closed before this call')
    }
    signal?.throwIfAborted()
    if (!isCount(deadlineMs)) {
      throw new HoldfastError('bad_request', `deadlineMs makes no sense: ${deadlineMs}`)
    }
    const bytes = bytesOf(request)
    if (bytes > this.#transport.bytesMax) {
      throw new HoldfastError('bad_request', `the call is too large: ${bytes} bytes`)
    }
    return this.#dispatcher.carryOut({
      request,
      bytes,
      deadlineMs,
      signal,
      read,
      ...traceOf(traceparent),
    })
  }
}

const TRACEPARENT = /^[0-9a-f]{2}(-[0-9a-f]+)+$/

// A bad one is left out, as the standard has it: what only watches must not break a sale.
function traceOf(said: string | undefined): { readonly traceparent: string | undefined } {
  return { traceparent: said !== undefined && TRACEPARENT.test(said) ? said : undefined }
}

const KEY = /^[\x21-\x7e]{1,255}$/

// What is no text would fall out of the JSON, and an unkeyed repeat reserves twice.
function keyOf(said: string | undefined): string {
  const key = said ?? crypto.randomUUID()
  if (typeof key === 'string' && KEY.test(key)) return key
  throw new HoldfastError('bad_request', 'a key is 1 to 255 visible ASCII characters')
}

function bytesOf(request: ClientRequest): number {
  try {
    return new TextEncoder().encode(JSON.stringify(request)).length
  } catch (cause) {
    throw new HoldfastError('bad_request', `the call is no JSON: ${cause}`, { cause })
  }
}
