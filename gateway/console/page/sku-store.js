// All SKUs as the page knows them: read page by page in the background, with what each had sold over the last minutes.

/**
 * @typedef {{ unitPrice?: number, currency?: string, holdMs: number, maxHoldMs: number, perBuyer?: number, opensAt?: number,
 *   closesAt?: number, paused: boolean }} Rules
 */
/**
 * @typedef {{ sku: string, stock: number, available: number, held: number, sold: number, state: string, rules: Rules,
 *   seq: string }} Sku
 */
/** @typedef {{ skus: number, stock: number, available: number, held: number, sold: number }} Totals */

const PAGE = 1_000
/** Between two pages; a small sale is read whole each second. */
const PAGE_MS = 1_000
const TRAIL_MS = 5_000
/** Five minutes of what was sold. */
const TRAIL_LENGTH = 60

export class SkuStore {
  /** Something is new. */
  onChange = () => {}
  /** Whether all pages were read at least once. */
  isWhole = false
  /** @type {Map<string, Sku>} */ #skus = new Map()
  /** @type {Map<string, number[]>} */ #trails = new Map()
  /** @type {Map<string, number>} */ #takenAt = new Map()
  /** @type {Set<string>} */ #seen = new Set()
  /** @type {string | undefined} */ #after
  #trailAt = 0
  #api

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api
  }

  /** @returns {Sku[]} */
  get all() {
    return [...this.#skus.values()]
  }

  /** @param {string} sku */
  get(sku) {
    return this.#skus.get(sku)
  }

  /** What the SKU had sold, every five seconds, oldest first. @param {string} sku */
  trail(sku) {
    return this.#trails.get(sku) ?? []
  }

  /** @returns {Totals} */
  get totals() {
    const totals = { skus: this.#skus.size, stock: 0, available: 0, held: 0, sold: 0 }
    for (const { stock, available, held, sold } of this.#skus.values()) {
      totals.stock += stock
      totals.available += available
      totals.held += held
      totals.sold += sold
    }
    return totals
  }

  /**
   * Takes what an answer says, unless something newer came while it was on its way.
   * @param {Sku} sku @param {number} [askedAt] by this page's own clock
   */
  take(sku, askedAt = performance.now()) {
    const known = this.#skus.get(sku.sku)
    const isOlder = known !== undefined && BigInt(sku.seq) < BigInt(known.seq)
    if (isOlder && askedAt < (this.#takenAt.get(sku.sku) ?? 0)) return
    this.#skus.set(sku.sku, sku)
    this.#takenAt.set(sku.sku, performance.now())
  }

  /** Whether a round takes many seconds, because there are many SKUs. */
  get isLarge() {
    return this.#skus.size > PAGE
  }

  /** Takes what the stream of live stock says of a SKU that is known. @param {import('./live-rows.js').Entry} entry */
  takeEntry(entry) {
    const known = this.#skus.get(entry.sku)
    if (known !== undefined) this.take({ ...known, ...entry }, 0)
  }

  /** Reads on for ever, a page at a time; the first round without a pause. */
  async follow() {
    for (;;) {
      const isDue = !document.hidden && !this.#api.isRefused
      const isRead = isDue && (await this.#readPage())
      if (isRead) this.#leaveTrail()
      const isFirstRound = isRead && !this.isWhole
      if (!isFirstRound) await new Promise((resolve) => setTimeout(resolve, PAGE_MS))
    }
  }

  async #readPage() {
    const query = this.#after === undefined ? '' : `&after=${encodeURIComponent(this.#after)}`
    const askedAt = performance.now()
    const { ok, body } = await this.#api.get(`/v1/skus?limit=${PAGE}${query}`)
    if (!ok) return false
    for (const sku of /** @type {Sku[]} */ (body.skus)) {
      this.take(sku, askedAt)
      this.#seen.add(sku.sku)
    }
    this.#after = body.next
    if (body.next === undefined) this.#endRound()
    this.onChange()
    return true
  }

  // What a whole round did not meet is of another journal.
  #endRound() {
    for (const sku of this.#skus.keys()) if (!this.#seen.has(sku)) this.#skus.delete(sku)
    this.#seen.clear()
    this.isWhole = true
  }

  #leaveTrail() {
    const now = performance.now()
    if (!this.isWhole || now - this.#trailAt < TRAIL_MS) return
    this.#trailAt = now
    for (const { sku, sold } of this.#skus.values()) {
      const trail = this.#trails.get(sku) ?? []
      trail.push(sold)
      if (trail.length > TRAIL_LENGTH) trail.shift()
      this.#trails.set(sku, trail)
    }
  }
}
