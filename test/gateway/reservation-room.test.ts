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
  #refused = 30

  constructor(workMs: number) {
    this.#workMs = workMs
    this.room.begin(this.#nowMs, this.#idleMs, this.#refused)
  }

  /** Sells for `seconds`; `commitMs` is what of a commit the loop has nothing else to do in. */
  sell(seconds: number, commitMs: number): void {
    const endMs = this.#nowMs + seconds * 1_000
    while (this.#nowMs < endMs) {
      this.#nowMs += this.room.size * this.#workMs + commitMs
      this.#idleMs += commitMs
      this.#refused++
      this.room.adjust(this.#nowMs, this.#idleMs, this.#refused)
    }
  }

  /** Those who found no room are kept waiting elsewhere: for `seconds` there is nearly nothing to do. */
  rest(seconds: number): void {
    for (let spans = 0; spans < seconds * 20; spans++) {
      this.#nowMs += 50
      this.#idleMs += 45
      this.room.adjust(this.#nowMs, this.#idleMs, this.#refused)
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

  test('is given back slower than it is taken, down to 64', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 10)
    const before = loop.room.size
    expect(before).toBeGreaterThan(800)
    loop.sell(0.05, 0)
    expect(loop.room.size, 'a sixteenth at a time').toBe(Math.round((before * 15) / 16))
    loop.sell(5, 0)
    expect(loop.room.size).toBe(64)
  })

  test('stays while the loop has as much to do as it should', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 10)
    const before = loop.room.size
    const commitMs = (idle: number) => (before * 0.05 * idle) / (1 - idle)
    for (const idle of [0.065, 0.12]) {
      loop.sell(1, commitMs(idle))
      expect(loop.room.size, `${idle} of the time idle`).toBe(before)
    }
    loop.sell(1, commitMs(0.06))
    expect(loop.room.size, 'more than it takes').toBeLessThan(before)
  })

  test('does not grow while nobody asks for it', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 4)
    // The span in which the last ones were refused.
    loop.rest(0.05)
    const before = loop.room.size
    loop.rest(2.5)
    expect(loop.room.size).toBe(before)
  })

  test('is bounded, whatever the loop waits for', () => {
    const loop = new Loop(0.001)
    loop.sell(60, 100)
    expect(loop.room.size).toBe(2_048)
  })

  test('begins anew with each overload', () => {
    const loop = new Loop(0.05)
    loop.sell(3, 10)
    loop.room.begin(90_000, 9_000, 500)
    expect(loop.room.size).toBe(64)
    loop.room.adjust(90_049, 9_049, 501)
    expect(loop.room.size, 'a span is not over yet').toBe(64)
    loop.room.adjust(90_050, 9_050, 501)
    expect(loop.room.size).toBe(72)
    loop.room.adjust(90_100, 9_100, 501)
    expect(loop.room.size, 'nobody was refused').toBe(72)
  })
})
