// The client's HTTP transport: one fetch per attempt, spread over gateways. Only what every runtime with fetch has.
import { BaseUrls } from './base-urls.ts'
import type { Operation, SkuCall } from './operations.ts'
import { isFields } from './read-fields.ts'
import { answerOf, type ReadResponse, readResponse } from './read-response.ts'
import {
  type Attempt,
  AttemptError,
  type ClientTransport,
  type TransportAnswer,
} from './transport.ts'

/** What the server takes at once. */
const OPERATIONS_MAX = 1_000
/** The server's limit is 2^20 for the whole body; this leaves room for what stands around the operations. */
const BYTES_MAX = 1_000_000
/** The longest wait that the server lets one ask for. */
const TIMEOUT_MS_MAX = 60_000

export interface HttpTransportOptions {
  /** An API key, or a buyer's token; or what gives the one of the moment, asked before every attempt. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Used instead of the global one. */
  readonly fetch?: typeof globalThis.fetch
}

interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST'
  readonly path: string
  readonly body?: object
  readonly key?: string
}

/**
 * A transport over HTTP. Requests go to all `baseUrls` in turn; one that failed is passed over for a second.
 * @throws TypeError when a URL or header makes no sense.
 */
export function httpTransport(
  baseUrls: string | readonly string[],
  options: HttpTransportOptions = {},
): ClientTransport {
  return new HttpTransport(typeof baseUrls === 'string' ? [baseUrls] : baseUrls, options)
}

class HttpTransport implements ClientTransport {
  readonly operationsMax: number = OPERATIONS_MAX
  readonly bytesMax: number = BYTES_MAX
  readonly #urls: BaseUrls
  readonly #headers: Headers
  readonly #apiKey: HttpTransportOptions['apiKey']
  readonly #fetch: typeof globalThis.fetch

  constructor(baseUrls: readonly string[], options: HttpTransportOptions) {
    this.#urls = new BaseUrls(baseUrls, Math.random())
    this.#headers = new Headers(options.headers)
    this.#apiKey = options.apiKey
    if (typeof this.#apiKey === 'string') this.#headers.set('authorization', bearer(this.#apiKey))
    const fetch = options.fetch ?? globalThis.fetch
    // Browsers insist that their fetch is not called as somebody's method.
    this.#fetch = (input, init) => fetch(input, init)
  }

  async send(
    operations: readonly Operation[],
    attempt: Attempt,
  ): Promise<readonly TransportAnswer[]> {
    const call = { method: 'POST', path: '/v1/batch', body: { operations } } as const
    const response = await this.#exchange(call, attempt)
    const whole = answerOf(response)
    // What was refused as a whole is the answer to each.
    if (response.status !== 200) return operations.map(() => whole)
    const { results } = whole.body
    if (!Array.isArray(results)) throw new AttemptError('bad_answer', 'the answer has no results')
    return results.map((result) => answerOfResult(result, whole))
  }

  async call(call: SkuCall, attempt: Attempt): Promise<TransportAnswer> {
    const response = await this.#exchange(httpCallOf(call), attempt)
    const answer = answerOf(response)
    const isReplay = response.headers.get('idempotent-replayed') === 'true'
    return isReplay ? { ...answer, body: { ...answer.body, replayed: true } } : answer
  }

  async close(): Promise<void> {
    // The runtime keeps the connections, and closes those that idle.
  }

  async #exchange(call: HttpCall, attempt: Attempt): Promise<ReadResponse> {
    const init = this.#initOf(call, attempt)
    await this.#authorise(init.headers)
    const url = this.#urls.pick(performance.now())
    try {
      const response = await this.#fetch(url + call.path, init)
      const read = await readResponse(response)
      if (read.status === 502 || read.status === 503) this.#noteFailure(url)
      return read
    } catch (error) {
      if (error instanceof AttemptError) throw error
      this.#noteFailure(url)
      throw new AttemptError(
        isUnsent(error) ? 'not_sent' : 'no_answer',
        reasonOf(error, url),
        error,
      )
    }
  }

  // Nothing was sent yet when this fails, and its own words may hold a secret.
  async #authorise(headers: Headers): Promise<void> {
    if (typeof this.#apiKey !== 'function') return
    try {
      headers.set('authorization', bearer(await this.#apiKey()))
    } catch (error) {
      throw new AttemptError('not_sent', 'apiKey gave no key that can be sent', error)
    }
  }

  #noteFailure(url: string): void {
    this.#urls.noteFailure(url, performance.now())
  }

  #initOf(call: HttpCall, attempt: Attempt): RequestInit & { readonly headers: Headers } {
    const headers = new Headers(this.#headers)
    headers.set('request-timeout-ms', String(Math.min(attempt.timeoutMs, TIMEOUT_MS_MAX)))
    if (attempt.traceparent !== undefined) headers.set('traceparent', attempt.traceparent)
    // In quotes any visible character may stand, a comma too.
    if (call.key !== undefined) {
      headers.set('idempotency-key', `"${call.key.replace(/["\\]/g, '\\$&')}"`)
    }
    // A redirected POST would come back as a GET.
    const init = {
      method: call.method,
      headers,
      signal: attempt.signal,
      redirect: 'manual',
    } as const
    if (call.body === undefined) return init
    headers.set('content-type', 'application/json')
    return { ...init, body: JSON.stringify(call.body) }
  }
}

// A header that cannot be sent would be told with its value.
function bearer(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return `Bearer ${key}`
  throw new TypeError('apiKey must be visible ASCII')
}

function httpCallOf(call: SkuCall): HttpCall {
  const path = `/v1/skus/${encodeURIComponent(call.sku)}`
  switch (call.op) {
    case 'look-up-sku':
      return { method: 'GET', path }
    case 'open-sku':
      return { method: 'PUT', path, body: call.terms }
    case 'amend-sku':
      return { method: 'PATCH', path, body: call.changes }
    case 'adjust-stock': {
      const { key, delta, reason } = call
      return { method: 'POST', path: `${path}/stock`, key, body: { delta, reason } }
    }
  }
}

function answerOfResult(result: unknown, whole: TransportAnswer): TransportAnswer {
  const { status } = isFields(result) ? result : {}
  if (!isFields(result) || !Number.isInteger(status)) {
    throw new AttemptError('bad_answer', 'the answer is wrong: a result has no status')
  }
  return { ...whole, status: Number(status), body: result }
}

/** Whether a connection certainly was not made; where the runtime does not say so, it may have been. */
function isUnsent(error: unknown): boolean {
  const { cause } = error as { cause?: unknown }
  const causes = cause instanceof AggregateError ? cause.errors : [cause]
  return causes.length > 0 && causes.every(isConnectFailure)
}

function isConnectFailure(cause: unknown): boolean {
  const { syscall, code } = (cause ?? {}) as { syscall?: unknown; code?: unknown }
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function reasonOf(error: unknown, url: string): string {
  const { message, cause } = error as { message?: unknown; cause?: { code?: unknown } }
  const code = cause?.code === undefined ? '' : ` (${cause.code})`
  return `no answer from ${url}: ${message}${code}`
}
