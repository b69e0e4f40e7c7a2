// Live stock of the rows in sight, where there are too many SKUs to read them all each second.
import { readEvents } from './events.js'

/** SKUs that one stream takes. */
const SKUS_MAX = 100
/** Scrolling comes to rest before another stream is asked for. */
const REST_MS = 400
const RETRY_MS = 3_000

/** @typedef {{ sku: string, available: number, held: number, sold: number, stock: number, state: string, seq: string }} Entry */

export class LiveRows {
  /** @type {(entry: Entry) => void} */ onEntry = () => {}
  #api
  #watched = ''
  /** @type {AbortController | undefined} */ #attempt
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api
  }

  /** Follows these from now on, and no others. @param {string[]} skus */
  watch(skus) {
    const wanted = skus.slice(0, SKUS_MAX).sort().join(' ')
    if (wanted === this.#watched) return
    this.#watched = wanted
    this.#restart(REST_MS)
  }

  /** @param {number} waitMs */
  #restart(waitMs) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#attempt?.abort()
      if (this.#watched === '' || this.#api.isRefused) return
      const attempt = new AbortController()
      this.#attempt = attempt
      const again = () => attempt === this.#attempt && this.#restart(RETRY_MS)
      this.#read(this.#watched.split(' '), attempt.signal).then(again, again)
    }, waitMs)
  }

  /** @param {string[]} skus @param {AbortSignal} signal */
  async #read(skus, signal) {
    const query = new URLSearchParams(skus.map((sku) => ['sku', sku]))
    const { headers } = this.#api
    const response = await fetch(`/v1/stock/stream?${query}`, {
      headers,
      signal,
      cache: 'no-store',
    })
    if (!response.ok || response.body === null) return
    for await (const { event, data } of readEvents(response.body)) {
      // A stream that tells bands only has no numbers for an operator.
      if (event === 'stock' && data.seq !== undefined) this.onEntry(data)
    }
  }
}
