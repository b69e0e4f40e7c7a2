// Calls to /v1 with the operator's key. A key lives in this tab's session storage and in a header, nowhere else.

const STORED = 'holdfast-key'
const DEADLINE_MS = 15_000

/**
 * What a call came to. `status` 0 means that no answer came.
 * @typedef {{ ok: boolean, status: number, body: any, requestId: string | undefined }} Reply
 */

export class Api {
  /** Told when a call was refused for its key. @type {(reply: Reply) => void} */
  onKeyRefused = () => {}
  /** Whether the key does not do: nothing need be asked again before another one is there. */
  isRefused = false

  /** @returns {string | null} */
  get key() {
    return sessionStorage.getItem(STORED)
  }

  /** @param {string | undefined} key */
  use(key) {
    this.isRefused = false
    if (key === undefined) sessionStorage.removeItem(STORED)
    else sessionStorage.setItem(STORED, key)
  }

  /** @returns {Record<string, string>} */
  get headers() {
    return this.key === null ? {} : { authorization: `Bearer ${this.key}` }
  }

  /** @param {string} path @returns {Promise<Reply>} */
  get(path) {
    return this.call('GET', path)
  }

  /**
   * One call, never rejected.
   * @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [headers]
   * @returns {Promise<Reply>}
   */
  async call(method, path, body, headers = {}) {
    try {
      const response = await fetch(path, {
        method,
        headers: {
          ...this.headers,
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
        cache: 'no-store',
        signal: AbortSignal.timeout(DEADLINE_MS),
      })
      return this.settle(response, await response.json())
    } catch {
      return { ok: false, status: 0, body: {}, requestId: undefined }
    }
  }

  /** @param {Response} response @param {any} body @returns {Reply} */
  settle(response, body) {
    const requestId = body.requestId ?? response.headers.get('x-request-id') ?? undefined
    const reply = { ok: response.ok, status: response.status, body, requestId }
    if (reply.status === 401 || reply.status === 403) {
      this.isRefused = true
      this.onKeyRefused(reply)
    }
    return reply
  }
}
