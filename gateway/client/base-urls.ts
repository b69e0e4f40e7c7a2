// Which gateway takes the next request: all in turn, those that just failed only when no other is left.

/** How long a gateway that failed is passed over, in ms. */
const REST_MS = 1_000

interface Gateway {
  readonly url: string
  restsUntilMs: number
}

/** The gateways of one cluster. Times are those of a monotonic clock, in ms. */
export class BaseUrls {
  readonly #gateways: readonly Gateway[]
  #next: number

  /** `chance` is 0 … 1 and picks the first, so that many clients do not all begin with the same. @throws TypeError */
  constructor(urls: readonly string[], chance: number) {
    if (urls.length === 0) throw new TypeError('there is no base URL')
    this.#gateways = urls.map((url) => ({ url: checkedUrl(url), restsUntilMs: 0 }))
    this.#next = Math.floor(chance * urls.length) % urls.length
  }

  /** The one to ask now. */
  pick(nowMs: number): string {
    const count = this.#gateways.length
    let picked = this.#next
    for (let step = 0; step < count; step++) {
      const index = (this.#next + step) % count
      if ((this.#gateways[index]?.restsUntilMs ?? 0) > nowMs) continue
      picked = index
      break
    }
    this.#next = (picked + 1) % count
    return this.#gateways[picked]?.url ?? ''
  }

  /** Passes over a gateway for a while. */
  noteFailure(url: string, nowMs: number): void {
    for (const gateway of this.#gateways) {
      if (gateway.url === url) gateway.restsUntilMs = nowMs + REST_MS
    }
  }
}

function checkedUrl(text: string): string {
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`a base URL begins with http: or https:, not ${url.protocol}`)
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('a base URL has no credentials, query or fragment; use `headers`')
  }
  return url.href.replace(/\/+$/, '')
}
