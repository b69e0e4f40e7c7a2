// Idempotency keys of what was asked for and is not decided: asking for the same again is the same attempt.

/** @typedef {import('./actions.js').Request} Request */

/** Answers that decide a request: its effect is there, or it is refused for what it asks. Any other leaves it open. */
const REFUSALS = [400, 404, 409, 410, 422]

export class AttemptKeys {
  /** @type {Map<string, string>} */ #keys = new Map()

  /** The key to send `request` with: that of its last try while nobody knows what came of it. @param {Request} request */
  keyOf(request) {
    const name = nameOf(request)
    const key = this.#keys.get(name) ?? newKey()
    this.#keys.set(name, key)
    return key
  }

  /** Takes note of what came of a try. @param {Request} request @param {string} key @param {import('./api.js').Reply} reply */
  settle(request, key, { ok, status }) {
    const name = nameOf(request)
    if (!ok && !REFUSALS.includes(status)) this.#keys.set(name, key)
    else if (this.#keys.get(name) === key) this.#keys.delete(name)
  }
}

// SKU and action are in the path, amount and reason in the body.
/** @param {Request} request */
function nameOf({ method, path, body }) {
  return JSON.stringify([method, path, body])
}

// Not crypto.randomUUID: the page may be served without TLS inside a house.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `console-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
