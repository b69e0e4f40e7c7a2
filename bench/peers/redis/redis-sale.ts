// A flash sale on Redis as a service would use it: one connection of the vendor's client, which pipelines by itself.
//
// Scripts are loaded once and called by EVALSHA. The client's time limit per command is off: it costs Node three times
// as much as the rest of the command.
import { createClient } from 'redis'
import { invariant } from '../../../core/invariant.ts'
import { RESERVE, SWEEP } from './scripts.ts'

/** Names of all SKUs. */
const SKUS = 'skus'
/** Holds that one call of the sweep ends at most, so that reservations do not wait long. */
const SWEEP_MAX = 100
/** For how long a repeat of an expired reservation is known. */
const REMEMBER_MS = 3_600_000

interface SkuOptions {
  readonly stock: number
  readonly holdMs: number
  /** Units that one buyer may have at a time; 0: as many as there are. */
  readonly limit?: number
}

interface Wish {
  readonly id: string
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
}

export interface Outcome {
  /** `held`, or `expired` for a repeat that comes late; otherwise why not. */
  readonly state: 'held' | 'expired' | 'sold_out' | 'limit_reached' | 'unknown_sku'
  readonly remaining: number
  readonly expiresAt: number
}

export interface Totals {
  readonly stock: number
  readonly available: number
  readonly held: number
  /** Holds that wait for their expiry. */
  readonly holds: number
}

/** One connection to the Redis on `port`. */
export class RedisSale {
  readonly #client: ReturnType<typeof clientOf>
  #reserve = ''
  #sweep = ''

  private constructor(port: number) {
    this.#client = clientOf(port)
  }

  static async connect(port: number): Promise<RedisSale> {
    const sale = new RedisSale(port)
    await sale.#client.connect()
    sale.#reserve = await sale.#client.scriptLoad(RESERVE)
    sale.#sweep = await sale.#client.scriptLoad(SWEEP)
    return sale
  }

  /** False when there is one of this name. */
  async openSku(sku: string, { stock, holdMs, limit = 0 }: SkuOptions): Promise<boolean> {
    if ((await this.#client.sAdd(SKUS, sku)) === 0) return false
    const numbers = { stock, available: stock, held: 0, limit, hold_ms: holdMs }
    await this.#client.hSet(skuKey(sku), numbers)
    return true
  }

  async reserve({ id, sku, buyer, quantity }: Wish, nowMs: number): Promise<Outcome> {
    const key = skuKey(sku)
    const answer = await this.#client.evalSha(this.#reserve, {
      keys: [key, `${key}:buyers`, `${key}:expiries`, `${key}:hold:${id}`],
      arguments: [id, buyer, String(quantity), String(nowMs)],
    })
    const [state, remaining, expiresAt] = answer as unknown as [Outcome['state'], number, number]
    return { state, remaining, expiresAt }
  }

  /** Ends every hold of every SKU whose time has come; answers how many they were. */
  async sweep(nowMs: number): Promise<number> {
    const skus = await this.#client.sMembers(SKUS)
    const ended = await Promise.all(skus.map((sku) => this.#sweepSku(sku, nowMs)))
    return ended.reduce((sum, count) => sum + count, 0)
  }

  async #sweepSku(sku: string, nowMs: number): Promise<number> {
    const key = skuKey(sku)
    let ended = 0
    for (;;) {
      const count = await this.#client.evalSha(this.#sweep, {
        keys: [key, `${key}:buyers`, `${key}:expiries`],
        arguments: [String(nowMs), String(SWEEP_MAX), String(REMEMBER_MS)],
      })
      ended += Number(count)
      if (Number(count) < SWEEP_MAX) return ended
    }
  }

  /** Sums over all SKUs. Fails unless each has available + held = stock. */
  async totals(): Promise<Totals> {
    const skus = await this.#client.sMembers(SKUS)
    const each = await Promise.all(skus.map((sku) => this.#totalsOf(skuKey(sku))))
    const sum = (of: keyof Totals) => each.reduce((total, one) => total + one[of], 0)
    return {
      stock: sum('stock'),
      available: sum('available'),
      held: sum('held'),
      holds: sum('holds'),
    }
  }

  async #totalsOf(key: string): Promise<Totals> {
    const [numbers, holds] = await Promise.all([
      this.#client.hmGet(key, ['stock', 'available', 'held']),
      this.#client.zCard(`${key}:expiries`),
    ])
    const [stock = Number.NaN, available = Number.NaN, held = Number.NaN] = numbers.map(Number)
    invariant(available + held === stock, 'no unit is lost or made')
    return { stock, available, held, holds }
  }

  /** Waits for what is in flight. */
  async close(): Promise<void> {
    await this.#client.close()
  }
}

function clientOf(port: number) {
  return createClient({ socket: { host: '127.0.0.1', port }, commandOptions: { timeout: 0 } })
}

function skuKey(sku: string): string {
  return `{${sku}}`
}
