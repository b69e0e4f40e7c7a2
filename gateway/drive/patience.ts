// How long the drive puts up with a server that does not answer. Progress on any request renews it for all.
import { setTimeout as sleep } from 'node:timers/promises'
import { DriveError, type DriveErrorCode } from './errors.ts'
import { retryDelayMs } from './retry-delay.ts'

/** Why an attempt brought no answer. */
export interface Setback {
  readonly code: Extract<DriveErrorCode, 'server_unreachable' | 'server_unavailable'>
  /** For the person at the terminal, such as `ECONNREFUSED` or `503 draining`. */
  readonly reason: string
  readonly retryAfter: string | null
}

/** A shorter silence is not worth a word: a busy server answers 503 now and then. */
const OUTAGE_MS_MIN = 1_000

/** Waits between the attempts of one request. */
export interface Wait {
  /** Sleeps before the next attempt. @throws DriveError once there was no progress for too long. */
  afterSetback(setback: Setback): Promise<void>
}

/** One budget of waiting, shared by all requests of a drive. */
export class Patience {
  readonly #retryForMs: number
  readonly #onOutage: (reason: string) => void
  #progressAtMs = performance.now()
  #isOutage = false
  #retryCount = 0

  /** `onOutage` is called once when nothing was answered for a second, with the reason of that moment. */
  constructor(retryForMs: number, onOutage: (reason: string) => void) {
    this.#retryForMs = retryForMs
    this.#onOutage = onOutage
  }

  /** Attempts that were repeated so far. */
  get retryCount(): number {
    return this.#retryCount
  }

  /** Some request was answered. */
  noteProgress(): void {
    this.#progressAtMs = performance.now()
    this.#isOutage = false
  }

  /** Opens the wait of one request; an idle time before it does not count against the server. */
  begin(): Wait {
    const beganAtMs = performance.now()
    let attempts = 0
    return {
      afterSetback: async (setback) => {
        attempts += 1
        const quietMs = performance.now() - Math.max(beganAtMs, this.#progressAtMs)
        if (quietMs >= this.#retryForMs) throw this.#outOfPatience(setback)
        if (quietMs >= OUTAGE_MS_MIN) this.#beginOutage(setback.reason)
        this.#retryCount += 1
        const { retryAfter } = setback
        const delayMs = retryDelayMs({ attempts, retryAfter, jitter: Math.random() })
        await sleep(Math.min(delayMs, this.#retryForMs - quietMs + 1))
      },
    }
  }

  #beginOutage(reason: string): void {
    if (!this.#isOutage) this.#onOutage(reason)
    this.#isOutage = true
  }

  #outOfPatience(setback: Setback): DriveError {
    const seconds = this.#retryForMs / 1000
    return new DriveError(
      setback.code,
      `no progress for ${seconds} s: ${setback.reason}. Is the server running? Start it with npm start, ` +
        'or name it with --url; the same --run then goes on where this drive stopped',
    )
  }
}
