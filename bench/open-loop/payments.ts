// Those who pay: holds that are confirmed at a steady rate over connections of their own, and how long each took.
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import { readSkus } from '../http-load.ts'
import { Arrivals } from './arrivals.ts'
import { PaymentTimes } from './payment-times.ts'
import { postOf, RawConnection } from './raw-connection.ts'

const CONNECTIONS = 64
const SKU = 'paid'
const BATCH = 1_000
const HOLD_MS = 3_600_000
/** Whoever has waited so long for his confirmation counts as unpaid. */
const PATIENCE_MS = 10_000
const TICK_MS = 1
const BUSY = 503
const RETRY_MS = 200

export class Payments {
  readonly #url: string
  readonly #holds: string[] = []
  #confirmed = 0

  private constructor(url: string) {
    this.#url = url
  }

  static async open(url: string): Promise<Payments> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ stock: 1_000_000_000, holdMs: HOLD_MS })
    await fetch(`${url}/v1/skus/${SKU}`, { method: 'PUT', headers, body })
    return new Payments(url)
  }

  /** Makes the holds and opens the connections; the clock starts when what it gives is called. */
  async prepare(perSecond: number, seconds: number): Promise<() => Promise<PaymentTimes>> {
    while (this.#holds.length < perSecond * seconds) await this.#reserve()
    const port = Number(new URL(this.#url).port)
    // Anew each time: the server ends connections that have been idle for long.
    const opening = Array.from({ length: CONNECTIONS }, () => RawConnection.open(port))
    const connections = await Promise.all(opening)
    const arrivals = new Arrivals({ perSecond, endMs: seconds * 1_000 })
    return async () => {
      const run = new PaymentRun(arrivals, connections, this.#holds)
      const times = await run.run(seconds * 1_000)
      this.#confirmed += times.count - run.refused
      return times
    }
  }

  /** Confirms `perSecond` holds a second, each from the moment it is due, however late a connection is free. */
  async pay(perSecond: number, seconds: number): Promise<PaymentTimes> {
    const run = await this.prepare(perSecond, seconds)
    return run()
  }

  /** Fails unless everything that was confirmed is sold. What was never answered may be sold, too. */
  async checkSold(): Promise<void> {
    const skus = await readSkus(this.#url)
    const sold = skus.find(({ sku }) => sku === SKU)?.sold ?? 0
    invariant(sold >= this.#confirmed, 'every confirmed payment is sold')
  }

  async #reserve(): Promise<void> {
    const one = { op: 'reserve', sku: SKU, buyer: 'ada', quantity: 1 }
    const response = await fetch(`${this.#url}/v1/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations: Array(BATCH).fill(one) }),
    })
    const { results } = (await response.json()) as { results: { status: number; id?: string }[] }
    for (const { status, id } of results) {
      invariant(id !== undefined || status === BUSY, 'every hold is made, sooner or later')
      if (id !== undefined) this.#holds.push(id)
    }
    // A server that was overloaded a moment ago may refuse some of them.
    if (results.some(({ status }) => status === BUSY)) await delay(RETRY_MS)
  }
}

/** One run of payments over connections that are open. */
class PaymentRun {
  readonly #arrivals: Arrivals
  readonly #connections: readonly RawConnection[]
  readonly #free: RawConnection[]
  readonly #holds: string[]
  readonly #times = new PaymentTimes()
  #startedAt = 0
  refused = 0

  constructor(arrivals: Arrivals, connections: readonly RawConnection[], holds: string[]) {
    this.#arrivals = arrivals
    this.#connections = connections
    this.#free = [...connections]
    this.#holds = holds
  }

  async run(durationMs: number): Promise<PaymentTimes> {
    this.#startedAt = performance.now()
    await new Promise<void>((resolve) => {
      const ticker = setInterval(() => {
        const elapsedMs = this.#elapsedMs()
        this.#arrivals.advance(elapsedMs)
        while (this.#dispatch());
        const isAnswered = elapsedMs >= durationMs && this.#times.count === this.#arrivals.due
        if (!isAnswered && elapsedMs <= durationMs + PATIENCE_MS) return
        clearInterval(ticker)
        resolve()
      }, TICK_MS)
    })
    this.#times.failed = this.refused + this.#arrivals.due - this.#times.count
    for (const connection of this.#connections) connection.close()
    return this.#times
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  // False when nobody wants to pay now, or all connections are taken.
  #dispatch(): boolean {
    if (this.#free.length === 0) return false
    const dueMs = this.#arrivals.take()
    if (dueMs === undefined) return false
    const connection = this.#free.shift()
    const hold = this.#holds.pop()
    invariant(connection !== undefined && hold !== undefined, 'there is a hold for each payment')
    connection.send(postOf(`/v1/reservations/${hold}/confirm`, '{}'), (status) => {
      if (status !== 200) this.refused++
      this.#times.add(dueMs, this.#elapsedMs() - dueMs)
      this.#free.push(connection)
      this.#dispatch()
    })
    return true
  }
}
