// Arrivals: evenly spaced, first come first served, and gone when they have waited too long.
import { expect, test } from 'vitest'
import { Arrivals } from '../../../bench/open-loop/arrivals.ts'

const all = (arrivals: Arrivals): number[] => {
  const taken: number[] = []
  for (let due = arrivals.take(); due !== undefined; due = arrivals.take()) taken.push(due)
  return taken
}

test('each is taken once, in order, by the time it arrived and not by the time it was taken', () => {
  const arrivals = new Arrivals({ perSecond: 500, endMs: 1_000 })
  expect(arrivals.take()).toBeUndefined()
  arrivals.advance(1)
  expect(all(arrivals)).toEqual([0])
  arrivals.advance(9)
  expect(arrivals.waiting).toBe(4)
  expect(all(arrivals)).toEqual([2, 4, 6, 8])
  expect(arrivals.waiting).toBe(0)
})

test('nobody arrives after the end, and a rate makes as many as it says', () => {
  const arrivals = new Arrivals({ perSecond: 200, endMs: 3_000 })
  arrivals.advance(10_000)
  expect(arrivals.due).toBe(600)
  expect(all(arrivals).at(-1)).toBe(2_995)
})

test('who has waited too long is counted as gone and not served', () => {
  const arrivals = new Arrivals({ perSecond: 1_000, endMs: 5_000, giveUpMs: 100 })
  arrivals.advance(50)
  expect(arrivals.take()).toBe(0)
  arrivals.advance(200)
  expect(arrivals.givenUp).toBe(99)
  expect(arrivals.take()).toBe(100)
  arrivals.advance(20_000)
  expect(arrivals.waiting).toBe(0)
  expect(arrivals.givenUp + 2).toBe(arrivals.due)
})
