// How long to wait: doubling bounds, full jitter, and what Retry-After asks.
import { expect, test } from 'vitest'
import { backoffMs } from '../../../gateway/client/backoff.ts'
import { retryAfterMs } from '../../../gateway/client/read-response.ts'

const BACKOFF = { firstMs: 50, maxMs: 2_000 }

test.each([
  [1, 50],
  [2, 100],
  [5, 800],
  [6, 1_600],
  [7, 2_000],
  [1_000_000, 2_000],
])('after %d attempts the wait is anything up to %d ms', (attempts, boundMs) => {
  expect(backoffMs(BACKOFF, attempts, 0, 0)).toBe(0)
  expect(backoffMs(BACKOFF, attempts, 0, 0.5)).toBe(boundMs / 2)
  expect(backoffMs(BACKOFF, attempts, 0, 1)).toBe(boundMs)
  expect(backoffMs(BACKOFF, attempts, 3_000, 0.5), 'after what the server asks').toBe(
    3_000 + boundMs / 2,
  )
})

test.each([
  [null, 0],
  ['0', 0],
  ['7', 7_000],
  ['soon', 0],
  ['-1', 0],
  ['1.5', 0],
  ['99999999999999999999', 0],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
])('Retry-After %j asks for %d ms', (header, expected) => {
  expect(retryAfterMs(header, 10_000)).toBe(expected)
})
