// Live stock as an async iterator over server-sent events: it resumes by itself, at another gateway if it must.
import { backoffMs } from './backoff.ts'
import { BaseUrls } from './base-urls.ts'
import { HoldfastError } from './errors.ts'
import { EventParser } from './event-parser.ts'
import type { HttpTransportOptions } from './http-transport.ts'
import { answerOf, readResponse } from './read-response.ts'
import { isRefusal } from './refusals.ts'
import { NewsFilter, readNews, type StockNews } from './stock-news.ts'
import { AttemptError } from './transport.ts'
import { describeAnswer, faultCodeOf, setbackOf } from './verdict.ts'

const SKUS_MAX = 100
/** The server gives a sign of life every 15 s. */
const SILENCE_MS = 45_000
const BACKOFF = { firstMs: 200, maxMs: 10_000 }

export interface WatchOptions extends HttpTransportOptions {
  /** Ends the iteration with the signal's reason. Leaving the loop ends it as well. */
  readonly signal?: AbortSignal | undefined
  /** A stream that says nothing for so long is taken for broken, in ms; 45,000 unless said. */
  readonly silenceMs?: number | undefined
}

/**
 * The state of each of `skus`, then every change, for as long as it is iterated. Broken connections and unavailable
 * servers are waited for; a SKU never comes older than before, except behind a `gap`. Whoever takes too long between
 * two of them misses those in between, never the last.
 * @throws HoldfastError for what waiting does not mend: an unknown SKU, missing rights, answers that make no sense.
 */
export async function* watchStock(
  baseUrls: string | readonly string[],
  skus: readonly string[],
  options: WatchOptions = {},
): AsyncGenerator<StockNews, never> {
  const watch = new Watch(typeof baseUrls === 'string' ? [baseUrls] : baseUrls, skus, options)
  for (;;) yield* watch.connection()
}

class Watch {
  readonly #urls: BaseUrls
  readonly #path: string
  readonly #options: WatchOptions
  readonly #filter = new NewsFilter()
  #lastId = ''
  #failures = 0
  /** What Retry-After asked for. */
  #wishMs = 0

  constructor(baseUrls: readonly string[], skus: readonly string[], options: WatchOptions) {
    this.#urls = new BaseUrls(baseUrls, Math.random())
    this.#path = `/v1/stock/stream?${queryOf(skus)}`
    this.#options = options
  }

  /** What one connection tells, and the wait before the next. */
  async *connection(): AsyncGenerator<StockNews, void> {
    this.#options.signal?.throwIfAborted()
    const url = this.#urls.pick(performance.now())
    const line = new Line(this.#options)
    let waitMs: number | undefined
    this.#wishMs = 0
    try {
      const response = await this.#ask(url, line)
      waitMs = response === undefined ? undefined : yield* this.#read(response, line)
    } catch (error) {
      if (error instanceof HoldfastError) throw error
      if (error instanceof AttemptError) throw new HoldfastError('bad_answer', error.message)
      this.#options.signal?.throwIfAborted()
      this.#noteFailure(url)
    } finally {
      line.end()
    }
    await pause(waitMs ?? this.#backoffMs(), this.#options.signal)
  }

  // Undefined where another attempt is due.
  async #ask(url: string, line: Line): Promise<Response | undefined> {
    const headers = new Headers(this.#options.headers)
    headers.set('accept', 'text/event-stream')
    if (this.#lastId !== '') headers.set('last-event-id', this.#lastId)
    const fetch = this.#options.fetch ?? globalThis.fetch
    const init = { headers, signal: line.signal, redirect: 'manual', cache: 'no-store' } as const
    const response = await fetch(url + this.#path, init)
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (response.status === 200 && isStream) return response
    const answer = answerOf(await readResponse(response))
    const setback = setbackOf(answer)
    if (setback !== undefined) {
      this.#noteFailure(url)
      this.#wishMs = setback.retryAfterMs
      return undefined
    }
    const code = isRefusal(answer) ? 'bad_request' : (faultCodeOf(answer) ?? 'bad_answer')
    const { body, requestId } = answer
    const { code: said } = body
    const problemCode = typeof said === 'string' ? said : undefined
    throw new HoldfastError(code, describeAnswer(answer), { problemCode, requestId })
  }

  async *#read({ body }: Response, line: Line): AsyncGenerator<StockNews, number | undefined> {
    const parser = new EventParser(this.#lastId)
    const decoder = new TextDecoder()
    const reader = body?.getReader()
    for (;;) {
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) return parser.retryMs
      line.noteLife()
      for (const event of parser.take(decoder.decode(chunk.value, { stream: true }))) {
        this.#failures = 0
        const news = readNews(event)
        if (news !== undefined && this.#filter.isNew(news)) yield news
        // Only now: who leaves between two events of one batch has not heard the second.
        this.#lastId = event.lastId
      }
    }
  }

  #noteFailure(url: string): void {
    this.#failures++
    this.#urls.noteFailure(url, performance.now())
  }

  #backoffMs(): number {
    return backoffMs(BACKOFF, Math.max(1, this.#failures), this.#wishMs, Math.random())
  }
}

/** Ends a request that is silent for too long, or that nobody wants any more. */
class Line {
  readonly #ending = new AbortController()
  readonly #silenceMs: number
  readonly #outer: AbortSignal | undefined
  readonly #onAbort = (): void => this.#ending.abort(this.#outer?.reason)
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor({ signal, silenceMs = SILENCE_MS }: WatchOptions) {
    this.#silenceMs = silenceMs
    this.#outer = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.noteLife()
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  noteLife(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ending.abort(new Error('silence')), this.#silenceMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
    this.#ending.abort()
  }
}

function queryOf(skus: readonly string[]): string {
  const isSane = skus.length > 0 && skus.length <= SKUS_MAX
  if (!isSane || !skus.every((sku) => /^[A-Za-z0-9_-]+$/.test(sku))) {
    throw new HoldfastError('bad_request', '1 to 100 SKUs of letters, digits, _ and - are watched')
  }
  return skus.map((sku) => `sku=${sku}`).join('&')
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
