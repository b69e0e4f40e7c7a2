// How long to wait before asking again. Pure: chance comes in, the caller waits.

export interface Backoff {
  /** Bound of the first wait, in ms; it doubles with every further attempt. */
  readonly firstMs: number
  /** Bound of all waits, in ms. */
  readonly maxMs: number
}

/**
 * Milliseconds to wait after `attempts` failed attempts, from 1: the server's own wish, and a full jitter beyond it
 * that spreads the clients which failed together. `chance` is 0 … 1.
 */
export function backoffMs(
  backoff: Backoff,
  attempts: number,
  retryAfterMs: number,
  chance: number,
): number {
  const boundMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempts - 1, 30))
  return retryAfterMs + boundMs * chance
}
