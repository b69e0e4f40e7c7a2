// The stream of figures: read by fetch, so that the key goes in a header; reconnects by itself; knows when it is stale.
import { readEvents } from './events.js'

/** @typedef {{ p50Ms?: number, p99Ms?: number }} Latency */
/** @typedef {Record<string, number>} Rates */
/**
 * @typedef {{ reservations: number, confirms: number, cancels: number, returns: number, calls: number, refusals: Rates,
 *   errors: Rates, rejected: Rates, reserve: Latency, confirm: Latency, batch: Latency }} Calls
 */
/**
 * @typedef {{ loopP99Ms: number, rssBytes: number, inFlight: number, shedPerSecond: number, subscribers: number }} Process
 */
/** @typedef {{ at: number, reasons: string[], calls: Calls, process: Process, commitP99Ms?: number }} Sample */
/** @typedef {Sample & { uptimeMs: number, partitions: any[] }} FullSample */
/** @typedef {{ version: string, who: { kind: string, name?: string }, kept: Sample[] }} Hello */
/**
 * live: a message came just now. stale: none for 3 s. cut: no connection. refused: the key does not do.
 * @typedef {'connecting' | 'live' | 'stale' | 'cut' | 'refused'} Link
 */

const STALE_MS = 3_000
/** A connection that is silent for so long is given up: its other end may be gone without a word. */
const GIVE_UP_MS = 10_000
const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 15_000
const LOOK_MS = 250

export class Feed {
  /** @type {(hello: Hello) => void} */ onHello = () => {}
  /** @type {(sample: FullSample) => void} */ onSample = () => {}
  /** @type {(link: Link) => void} */ onLink = () => {}
  /** @type {Link} */ link = 'connecting'
  /** When the last message came, by this machine's clock. */
  heardAt = 0
  /** When the next attempt begins, while cut off. */
  retryAt = 0
  #api
  #retryMs = RETRY_MIN_MS
  #begunAt = 0
  /** @type {AbortController | undefined} */ #attempt
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api
    setInterval(() => this.#look(), LOOK_MS)
  }

  /** Connects now, whatever was going on. */
  connect() {
    clearTimeout(this.#timer)
    this.#attempt?.abort()
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#begunAt = performance.now()
    this.retryAt = 0
    if (this.link === 'refused') this.#turn('connecting')
    this.#read(attempt.signal).then(
      () => this.#lose(attempt),
      () => this.#lose(attempt),
    )
  }

  /** @param {AbortSignal} signal */
  async #read(signal) {
    const { headers } = this.#api
    const response = await fetch('/v1/console/stream', { headers, signal, cache: 'no-store' })
    if (!response.ok || response.body === null) {
      const reply = this.#api.settle(response, await response.json())
      if (reply.status === 401 || reply.status === 403) this.#turn('refused')
      return
    }
    for await (const { event, data } of readEvents(response.body)) {
      this.heardAt = performance.now()
      this.#retryMs = RETRY_MIN_MS
      if (event === 'hello') this.onHello(data)
      if (event !== 'sample') continue
      this.onSample(data)
      this.#turn('live')
    }
  }

  /** @param {AbortController} attempt */
  #lose(attempt) {
    if (attempt !== this.#attempt || this.link === 'refused') return
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2)
    const waitMs = this.#retryMs * (0.75 + Math.random() / 2)
    this.retryAt = performance.now() + waitMs
    this.#turn('cut')
    this.#timer = setTimeout(() => this.connect(), waitMs)
  }

  #look() {
    if (this.link === 'refused') return
    const now = performance.now()
    const silentMs = now - Math.max(this.heardAt, this.#begunAt)
    if (this.link === 'live' && now - this.heardAt > STALE_MS) this.#turn('stale')
    // Not while the next attempt is waited for: there is nothing to give up.
    if (silentMs > GIVE_UP_MS && this.retryAt === 0) this.#attempt?.abort()
  }

  /** @param {Link} link */
  #turn(link) {
    if (link === this.link) return
    this.link = link
    this.onLink(link)
  }
}
