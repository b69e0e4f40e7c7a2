// Request-Timeout-Ms: how long a caller waits for an answer.
import { RequestProblem } from './problem-body.ts'

/** The longest that can be asked for, in ms. */
export const TIMEOUT_MS_MAX = 60_000
const DIGITS = /^[1-9][0-9]{0,4}$/

/** The header's value in ms. @throws RequestProblem `bad_request` that names the header. */
export function readTimeoutMs(header: unknown): number {
  const timeoutMs = typeof header === 'string' && DIGITS.test(header) ? Number(header) : 0
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs
  throw new RequestProblem(
    'bad_request',
    `Request-Timeout-Ms must be a whole number from 1 to ${TIMEOUT_MS_MAX}.`,
  )
}
