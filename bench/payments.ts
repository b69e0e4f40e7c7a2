// Those who pay: holds that are confirmed at a steady rate over connections of their own, and how long each took.
import { invariant } from '../core/invariant.ts'
import { postOf, RawConnection } from './raw-connection.ts'

const CONNECTIONS = 64
const SKU = 'paid'
const BATCH = 1_000
const HOLD_MS = 3_600_000
/** Whoever has waited so long for his confirmation counts as unpaid. */
const PATIENCE_MS = 10_000

/** When each payment was due, from the start, and how long it took from then, in ms. */
export class PaymentTimes {
  readonly #due: number[] = []
  readonly #took: number[] = []
  failed = 0

  get count(): number {
    return this.#took.length
  }

  add(dueMs: number, tookMs: number): void {
    this.#due.push(dueMs)
    this.#took.push(tookMs)
  }

  /** The time that the share `quantile` did not exceed. */
  quantile(quantile: number): number {
    const sorted = [...this.#took].sort((left, right) => left - right)
    return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? Number.NaN
  }

  /** When the last payment was due that took longer than `limitMs`; 0 when none did. */
  lastAbove(limitMs: number): number {
    return this.#due.reduce(
      (last, dueMs, index) => ((this.#took[index] ?? 0) > limitMs ? dueMs : last),
      0,
    )
  }
}

export class Payments {
  readonly #url: string
  readonly #holds: string[] = []

  private constructor(url: string) {
    this.#url = url
  }

  static async open(url: string): Promise<Payments> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ stock: 1_000_000_000, holdMs: HOLD_MS })
    await fetch(`${url}/v1/skus/${SKU}`, { method: 'PUT', headers, body })
    return new Payments(url)
  }

  /** Confirms `perSecond` holds a second, each from the moment it is due, however late a connection is free. */
  async pay(perSecond: number, seconds: number): Promise<PaymentTimes> {
    const count = perSecond * seconds
    while (this.#holds.length < count) await this.#reserve()
    const port = Number(new URL(this.#url).port)
    // Anew each time: the server ends connections that have been idle for long.
    const opened = Array.from({ length: CONNECTIONS }, () => RawConnection.open(port))
    const free = await Promise.all(opened)
    const times = new PaymentTimes()
    const startedAt = performance.now()
    const waiting: number[] = []
    let due = 0
    let answered = 0
    const dispatch = () => {
      while (waiting.length > 0) {
        const connection = free.shift()
        const hold = connection && this.#holds.pop()
        if (connection === undefined || hold === undefined) return
        const dueMs = waiting.shift() as number
        connection.send(postOf(`/v1/reservations/${hold}/confirm`, '{}'), (status) => {
          answered++
          if (status !== 200) times.failed++
          times.add(dueMs, performance.now() - startedAt - dueMs)
          free.push(connection)
          dispatch()
        })
      }
    }
    await new Promise<void>((resolve) => {
      const ticker = setInterval(() => {
        const elapsedMs = performance.now() - startedAt
        for (; due < count && (due * 1_000) / perSecond <= elapsedMs; due++) {
          waiting.push((due * 1_000) / perSecond)
        }
        dispatch()
        const isOver = elapsedMs > seconds * 1_000 + PATIENCE_MS
        if (answered < count && !isOver) return
        clearInterval(ticker)
        times.failed += count - answered
        resolve()
      }, 1)
    })
    for (const connection of free) connection.close()
    return times
  }

  async #reserve(): Promise<void> {
    const one = { op: 'reserve', sku: SKU, buyer: 'ada', quantity: 1 }
    const response = await fetch(`${this.#url}/v1/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations: Array(BATCH).fill(one) }),
    })
    const { results } = (await response.json()) as { results: { id?: string }[] }
    for (const { id } of results) {
      invariant(id !== undefined, 'every hold is made')
      this.#holds.push(id)
    }
  }
}
