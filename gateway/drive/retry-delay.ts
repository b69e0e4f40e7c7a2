// How long to wait before asking again. No clock: the caller sleeps.

const DELAY_MS_FIRST = 50
const DELAY_MS_MAX = 2_000
const RETRY_AFTER_MS_MAX = 60_000

export interface RetryDelay {
  /** Attempts that failed so far, from 1. */
  readonly attempts: number
  /** The server's Retry-After header, in whole seconds as Holdfast sends it. */
  readonly retryAfter: string | null
  /** 0 … 1: spreads the clients that failed together. */
  readonly jitter: number
}

/** Milliseconds to wait: doubling from 50 to 2,000 with half of it left to chance, at least Retry-After. */
export function retryDelayMs(delay: RetryDelay): number {
  const doubled = Math.min(DELAY_MS_MAX, DELAY_MS_FIRST * 2 ** Math.min(delay.attempts - 1, 10))
  const jittered = doubled * (0.5 + delay.jitter / 2)
  const seconds = /^\d{1,6}$/.test(delay.retryAfter ?? '') ? Number(delay.retryAfter) : 0
  return Math.max(jittered, Math.min(RETRY_AFTER_MS_MAX, seconds * 1000))
}
