// Room for reservations while overloaded: what comes of it on disks of every speed.
import { describe, expect, test } from 'vitest'
import { ReservationRoom } from '../../gateway/reservation-room.ts'

/** A full house: each round of the loop takes all there is room for, and then waits for their commit. */
class Loop {
  readonly room = new ReservationRoom()
  /** Of the loop, for each reservation. */
  readonly #workMs: number
  #nowMs = 5_000
  #idleMs = 70

  constructor(workMs: number) {
    this.#workMs = workMs
    this.room.begin(this.#nowMs, this.#idleMs)
  }

  /** Sells for `seconds`; `commitMs` is what of a commit the loop has nothing else to do in. */
  sell(seconds: number, commitMs: number): void {
    const endMs = this.#nowMs + seconds * 1_000
    while (this.#nowMs < endMs) {
      this.#nowMs += this.room.size * this.#workMs + commitMs
      this.#idleMs += commitMs
      this.room.adjust(this.#nowMs, this.#idleMs)
    }
  }

  /** The share of the time that the loop works. */
  busyShare(commitMs: number): number {
    const workMs = this.room.size * this.#workMs
    return workMs / (workMs + commitMs)
  }
}

describe('room for reservations', () => {
  test.each([
    { commitMs: 1, workMs: 0.05 },
    { commitMs: 4, workMs: 0.05 },
    { commitMs: 10, workMs: 0.05 },
    { commitMs: 10, workMs: 0.03 },
  ])(
    'keeps a loop busy that waits $commitMs ms for a commit, at $workMs ms a reservation',
    (of) => {
      const loop = new Loop(of.workMs)
      loop.sell(3, of.commitMs)
      expect(loop.busyShare(of.commitMs)).toBeGreaterThanOrEqual(7 / 8 - 0.02)
      // Hardly more than it takes: an eighth beyond the least that does.
      const least = Math.max(64, (7 * of.commitMs) / of.workMs)
      expect(loop.room.size).toBeLessThanOrEqual(least * 1.2)
    },
  )

  test('is given back when commits are fast again, down to 64', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 10)
    expect(loop.room.size).toBeGreaterThan(800)
    loop.sell(5, 0)
    expect(loop.room.size).toBe(64)
  })

  test('is bounded, whatever the loop waits for', () => {
    const loop = new Loop(0.001)
    loop.sell(60, 100)
    expect(loop.room.size).toBe(2_048)
  })

  test('begins anew with each overload', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 10)
    loop.room.begin(90_000, 9_000)
    expect(loop.room.size).toBe(64)
    loop.room.adjust(90_049, 9_049)
    expect(loop.room.size, 'a span is not over yet').toBe(64)
    loop.room.adjust(90_050, 9_050)
    expect(loop.room.size).toBe(72)
  })
})
