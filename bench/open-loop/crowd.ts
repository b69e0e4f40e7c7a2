// A crowd in a process of its own: reservations by open loop at a given rate, or by closed loop as fast as it goes.
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import { answerParent } from '../answer-parent.ts'
import { Arrivals } from './arrivals.ts'
import { Latencies } from './latencies.ts'
import { postOf, RawConnection } from './raw-connection.ts'

const SKUS = 100
/** Connections that are opened at once. */
const OPENING_MAX = 64
const TICK_MS = 1

export interface CrowdOrder {
  readonly kind: 'open'
  readonly port: number
  readonly connections: number
  /** Arrivals; undefined for a closed loop. */
  readonly perSecond: number | undefined
  readonly seconds: number
  /** Who found no free connection for so long is given up by the crowd itself; undefined: everybody waits. */
  readonly giveUpMs: number | undefined
  /** How long, after those seconds, what has arrived may still be answered. */
  readonly drainMs: number
}

/** Follows an order, when its connections are open. */
export interface CrowdStart {
  readonly kind: 'start'
}

/** What the crowd got. What was due is made, refused, given up, or without an answer at the end. */
export interface CrowdReport {
  readonly seconds: number
  readonly due: number
  readonly made: number
  readonly busy: number
  readonly givenUp: number
  readonly other: number
  /** Of what was made, from when each was due to its answer; as Latencies gives it. */
  readonly latencies: string
}

class Crowd {
  readonly #order: CrowdOrder
  readonly #arrivals: Arrivals | undefined
  readonly #requests: readonly Buffer[]
  readonly #free: RawConnection[] = []
  readonly #all: RawConnection[] = []
  readonly #latencies = new Latencies()
  #startedAt = 0
  /** Sent by the closed loop. */
  #sent = 0
  #made = 0
  #busy = 0
  #other = 0
  #next = 0
  #isOver = false

  constructor(order: CrowdOrder) {
    this.#order = order
    const { perSecond, seconds, giveUpMs } = order
    const endMs = seconds * 1_000
    if (perSecond !== undefined) {
      this.#arrivals = new Arrivals({ perSecond, endMs, ...(giveUpMs && { giveUpMs }) })
    }
    this.#requests = Array.from({ length: SKUS * 16 }, (_, index) => {
      const body = { sku: `sku-${index % SKUS}`, buyer: `buyer-${index}`, quantity: 1 }
      return postOf('/v1/reservations', JSON.stringify(body))
    })
  }

  async open(): Promise<void> {
    const { connections, port } = this.#order
    while (this.#all.length < connections) {
      const length = Math.min(OPENING_MAX, connections - this.#all.length)
      const opening = Array.from({ length }, () => RawConnection.open(port))
      this.#all.push(...(await Promise.all(opening)))
    }
    this.#free.push(...this.#all)
  }

  async run(): Promise<CrowdReport> {
    this.#startedAt = performance.now()
    const ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#tick()
    await delay(this.#order.seconds * 1_000)
    const seconds = this.#elapsedMs() / 1_000
    await this.#drain()
    this.#isOver = true
    clearInterval(ticker)
    for (const connection of this.#all) connection.close()
    const { due, givenUp } = this.#arrivals ?? { due: this.#sent, givenUp: 0 }
    const [made, busy, other] = [this.#made, this.#busy, this.#other]
    return { seconds, due, made, busy, givenUp, other, latencies: this.#latencies.text() }
  }

  async #drain(): Promise<void> {
    const endMs = this.#elapsedMs() + this.#order.drainMs
    const isBusy = () => this.#free.length < this.#all.length || (this.#arrivals?.waiting ?? 0) > 0
    while (isBusy() && this.#elapsedMs() < endMs) await delay(TICK_MS)
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  #tick(): void {
    this.#arrivals?.advance(this.#elapsedMs())
    while (this.#free.length > 0 && this.#dispatch());
  }

  // False when nobody wants anything now.
  #dispatch(): boolean {
    if (this.#isOver) return false
    const dueMs = this.#arrivals === undefined ? this.#elapsedMs() : this.#arrivals.take()
    if (dueMs === undefined) return false
    const connection = this.#free.pop()
    const request = this.#requests[this.#next++ % this.#requests.length]
    if (connection === undefined || request === undefined) return false
    this.#sent++
    connection.send(request, (status) => this.#heed(connection, status, dueMs))
    return true
  }

  #heed(connection: RawConnection, status: number, dueMs: number): void {
    if (status === 201) {
      this.#made++
      this.#latencies.add(this.#elapsedMs() - dueMs)
    } else if (status === 503) this.#busy++
    else this.#other++
    this.#free.push(connection)
    this.#dispatch()
  }
}

let crowd: Crowd | undefined

answerParent(async (order: CrowdOrder | CrowdStart): Promise<CrowdReport | 'ready'> => {
  if (order.kind === 'start' && crowd !== undefined) return crowd.run()
  invariant(order.kind === 'open', 'a crowd opens before it starts')
  crowd = new Crowd(order)
  await crowd.open()
  return 'ready'
})
