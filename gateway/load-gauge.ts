// How far a process is behind with what comes in, and what it refuses while it is. Time comes in by a port.
import type { Lane } from './lane.ts'

/** So long must every turn be late before anything is shed: a single pause of the collector is no overload. */
const PATIENCE_MS = 100
/** A late poll that brought less in than this was late by another's fault: refusing its few would help nobody. */
const CROWD_MIN = 64
/** So long must nothing have been shed before the overload is over. */
const RELIEF_MS = 500
/** While overloaded, reservations may wait for this part of the target: short queues drain soon, and confirms pass. */
const CALM_SHARE = 1 / 16

export interface LoadGaugeOptions {
  /** How long requests may wait for their turn before reservations are shed, in ms; 0 sheds nothing, ever. */
  readonly targetMs: number
  /** Monotonic, in ms. */
  readonly monotonicMs?: () => number
  /** Runs `end` when everything that one poll of the network brought in has been taken. */
  readonly afterPoll?: (end: () => void) => void
}

/**
 * What one poll brings in waits in line: the last request of it for all those before. The gauge takes the time since the
 * first for the delay of the queue, after CoDel (Nichols and Jacobson, 2012): a standing delay counts, a burst does not.
 */
export class LoadGauge {
  /** How often each lane was refused. */
  readonly shed: { reserve: number; read: number } = { reserve: 0, read: 0 }
  readonly #targetMs: number
  readonly #calmMs: number
  readonly #monotonicMs: () => number
  readonly #afterPoll: (end: () => void) => void
  readonly #endPoll = (): void => this.#closePoll()
  #pollStartedMs: number | undefined
  #pollCount = 0
  /** Since when every poll was late; undefined when the last one was not. */
  #lateSinceMs: number | undefined
  #lastShedMs = 0
  #isOverloaded = false

  constructor(options: LoadGaugeOptions) {
    this.#targetMs = options.targetMs
    this.#calmMs = options.targetMs * CALM_SHARE
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#afterPoll = options.afterPoll ?? setImmediate
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded
  }

  /** Whether a call of `lane` that has just come must be refused; counts it when so. Call it for every request. */
  refuses(lane: Lane): boolean {
    if (this.#targetMs === 0) return false
    const nowMs = this.#monotonicMs()
    this.#pollCount++
    if (this.#pollStartedMs === undefined) {
      this.#pollStartedMs = nowMs
      this.#afterPoll(this.#endPoll)
      return false
    }
    const waitedMs = nowMs - this.#pollStartedMs
    // A poll can go on for seconds: libuv fetches more while a thousand sockets are ready.
    if (waitedMs > this.#targetMs) this.#heedLateness(nowMs)
    if (!this.#isOverloaded || lane === 'settle' || lane === 'server') return false
    if (waitedMs <= (lane === 'reserve' ? this.#calmMs : this.#targetMs)) return false
    this.shed[lane]++
    this.#lastShedMs = nowMs
    return true
  }

  #heedLateness(nowMs: number): void {
    if (this.#pollCount < CROWD_MIN || this.#isOverloaded) return
    this.#lateSinceMs ??= this.#pollStartedMs ?? nowMs
    if (nowMs - this.#lateSinceMs < PATIENCE_MS) return
    this.#isOverloaded = true
    this.#lastShedMs = nowMs
  }

  #closePoll(): void {
    const nowMs = this.#monotonicMs()
    const waitedMs = nowMs - (this.#pollStartedMs ?? nowMs)
    if (waitedMs > this.#targetMs) this.#heedLateness(nowMs)
    if (waitedMs <= this.#targetMs || this.#pollCount < CROWD_MIN) this.#lateSinceMs = undefined
    if (this.#isOverloaded) this.#isOverloaded = nowMs - this.#lastShedMs < RELIEF_MS
    this.#pollStartedMs = undefined
    this.#pollCount = 0
  }
}
