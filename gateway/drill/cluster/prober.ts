// Asks the gateways all the time, and holds them to their deadline: a gateway that runs answers, whatever else is down.
import { setTimeout as delay } from 'node:timers/promises'
import type { HoldfastProcess } from '../../cluster/holdfast-process.ts'

const PAUSE_MS = 50
/** Beyond the deadline of a request, for a busy machine. */
const GRACE_MS = 3_000

/** Probes that a gateway which ran all the time left without an answer. */
export class Prober {
  readonly #gateways: readonly HoldfastProcess[]
  readonly #allowedMs: number
  readonly #end = new AbortController()
  /** When each gateway was last disturbed, by performance.now(). */
  readonly #disturbedAt: number[]
  #probes = 0
  #late = 0

  /** `deadlineMs` is what the gateways give a request. */
  constructor(gateways: readonly HoldfastProcess[], deadlineMs: number) {
    this.#gateways = gateways
    this.#allowedMs = deadlineMs + GRACE_MS
    this.#disturbedAt = gateways.map(() => 0)
  }

  get probes(): number {
    return this.#probes
  }

  get late(): number {
    return this.#late
  }

  /** The gateway is killed or stopped now, or runs again: what it owes since before counts for nothing. */
  disturb(number: number): void {
    this.#disturbedAt[number] = performance.now()
  }

  start(): void {
    for (const number of this.#gateways.keys()) void this.#probe(number)
  }

  stop(): void {
    this.#end.abort()
  }

  async #probe(number: number): Promise<void> {
    const { signal } = this.#end
    for (let count = 0; !signal.aborted; count++) {
      const beganAt = performance.now()
      const answered = await this.#ask(
        `${this.#gateways[number]?.url}/v1/skus/probe-${count % 100}`,
      )
      if (signal.aborted) return
      const isTold = (this.#disturbedAt[number] ?? 0) >= beganAt
      if (!answered && !isTold && this.#isRunning(number)) this.#late++
      this.#probes++
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  // A refused or broken connection is an answer too: the process is not there, and says so at once.
  async #ask(url: string): Promise<boolean> {
    const timeout = AbortSignal.timeout(this.#allowedMs)
    try {
      await (await fetch(url, { signal: timeout })).arrayBuffer()
      return true
    } catch {
      return !timeout.aborted
    }
  }

  #isRunning(number: number): boolean {
    const child = this.#gateways[number]?.process
    return child?.exitCode === null && child.signalCode === null
  }
}
