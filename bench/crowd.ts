// A crowd in a process of its own: reservations by open loop at a given rate, or by closed loop as fast as it goes.
import { setTimeout as delay } from 'node:timers/promises'
import { postOf, RawConnection } from './raw-connection.ts'

/** Reservations that found no free connection for so long are given up by the crowd itself. */
const GIVE_UP_MS = 1_000
const SKUS = 100

export interface CrowdOrder {
  readonly port: number
  readonly connections: number
  /** Arrivals; undefined for a closed loop. */
  readonly perSecond: number | undefined
  readonly seconds: number
}

/** What the crowd got. What was due is made, refused, given up, or still under way at the end. */
export interface CrowdReport {
  readonly seconds: number
  readonly due: number
  readonly made: number
  readonly busy: number
  readonly givenUp: number
  readonly other: number
}

class Crowd {
  readonly #order: CrowdOrder
  readonly #requests: readonly Buffer[]
  readonly #free: RawConnection[] = []
  readonly #all: RawConnection[] = []
  /** The number of the arrival that waits longest for a connection. */
  #first = 0
  /** Arrivals so far. */
  #due = 0
  #made = 0
  #busy = 0
  #givenUp = 0
  #other = 0
  #next = 0
  #isOver = false

  constructor(order: CrowdOrder) {
    this.#order = order
    this.#requests = Array.from({ length: SKUS * 16 }, (_, index) => {
      const body = { sku: `sku-${index % SKUS}`, buyer: `buyer-${index}`, quantity: 1 }
      return postOf('/v1/reservations', JSON.stringify(body))
    })
  }

  async run(): Promise<CrowdReport> {
    const { connections, port, seconds } = this.#order
    for (let count = 0; count < connections; count++) {
      this.#all.push(await RawConnection.open(port))
    }
    this.#free.push(...this.#all)
    const startedAt = performance.now()
    const ticker = setInterval(() => this.#arrive(performance.now() - startedAt), 1)
    this.#dispatch()
    await delay(seconds * 1_000)
    this.#isOver = true
    clearInterval(ticker)
    const [made, busy, givenUp, other] = [this.#made, this.#busy, this.#givenUp, this.#other]
    const taken = (performance.now() - startedAt) / 1_000
    for (const connection of this.#all) connection.close()
    return { seconds: taken, due: this.#due, made, busy, givenUp, other }
  }

  // Arrivals are numbered and evenly spaced, so that those who wait are two numbers and cost nothing.
  #arrive(elapsedMs: number): void {
    const { perSecond } = this.#order
    if (perSecond === undefined) return
    this.#due = Math.floor((elapsedMs * perSecond) / 1_000)
    const oldest = Math.max(0, Math.floor(((elapsedMs - GIVE_UP_MS) * perSecond) / 1_000))
    this.#givenUp += Math.max(0, oldest - this.#first)
    this.#first = Math.max(this.#first, oldest)
    this.#dispatch()
  }

  #dispatch(): void {
    const isOpen = this.#order.perSecond !== undefined
    while (this.#free.length > 0 && !this.#isOver) {
      if (isOpen && this.#first >= this.#due) return
      const connection = this.#free.pop()
      const request = this.#requests[this.#next++ % this.#requests.length]
      if (connection === undefined || request === undefined) return
      if (isOpen) this.#first++
      else this.#due++
      connection.send(request, (status) => this.#heed(connection, status))
    }
  }

  #heed(connection: RawConnection, status: number): void {
    if (status === 201) this.#made++
    else if (status === 503) this.#busy++
    else this.#other++
    this.#free.push(connection)
    this.#dispatch()
  }
}

process.once('message', (order) => {
  new Crowd(order as CrowdOrder).run().then(
    (report) => process.send?.(report, () => process.exit(0)),
    (fault) => {
      process.stderr.write(`${fault}\n`)
      process.exit(1)
    },
  )
})
