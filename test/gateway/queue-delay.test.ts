// The delay of a queue by marks, held against a queue that keeps the time of every item.
import { expect, test } from 'vitest'
import { QueueDelay } from '../../gateway/queue-delay.ts'
import { randomTest } from '../fixtures/seed.ts'

test('a queue that every turn empties is never behind', () => {
  const delay = new QueueDelay()
  for (let turn = 1; turn < 10; turn++) delay.note(turn * 5, 0, turn)
  expect([delay.isBehind, delay.delayMs(100)]).toEqual([false, 0])
})

randomTest(
  'is never more than the head has waited, and never less than since the turn it saw',
  (random) => {
    const delay = new QueueDelay()
    /** When each item came, and at which turn's end it was there first. */
    const queue: { cameMs: number; seenMs: number | undefined }[] = []
    let count = 0
    for (let nowMs = 0; nowMs < 500; nowMs += 1 + random.integer(0, 5)) {
      const come = random.oneIn(4) ? random.integer(0, 20) : 0
      count += come
      for (let item = 0; item < come; item++) queue.push({ cameMs: nowMs, seenMs: undefined })
      queue.splice(0, random.integer(0, 6))
      for (const item of queue) item.seenMs ??= nowMs
      delay.note(count, queue.length, nowMs)
      const laterMs = nowMs + random.integer(0, 10)
      const [head] = queue
      expect(delay.isBehind).toBe(head !== undefined)
      if (head === undefined) continue
      expect(delay.delayMs(laterMs)).toBe(laterMs - (head.seenMs ?? Number.NaN))
      expect(delay.delayMs(laterMs)).toBeLessThanOrEqual(laterMs - head.cameMs)
    }
  },
)
