// The waits between attempts.
import { expect, test } from 'vitest'
import { retryDelayMs } from '../../../gateway/drive/retry-delay.ts'

test('doubles from attempt to attempt up to two seconds', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempts) =>
    retryDelayMs({ attempts, retryAfter: null, jitter: 1 }),
  )
  expect(delays).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 2000])
})

test('leaves half of the delay to chance', () => {
  expect(retryDelayMs({ attempts: 3, retryAfter: null, jitter: 0 })).toBe(100)
})

test('waits at least as long as the server asks for, up to a minute', () => {
  const delay = (retryAfter: string): number => retryDelayMs({ attempts: 1, retryAfter, jitter: 0 })
  expect(['0', '3', '999999', 'soon'].map(delay)).toEqual([25, 3000, 60_000, 25])
})
