// The due wheel against a sorted list: what expires, what waits, what is next.
import { describe, expect, test } from 'vitest'
import { DueWheel } from '../../core/due-wheel.ts'
import { NO_ROW } from '../../core/hash-index.ts'
import { DUE_TICK_MS } from '../../core/limits.ts'
import { CANCELLED, ReservationTable } from '../../core/reservation-table.ts'
import { randomTest } from '../fixtures/seed.ts'

describe('a due wheel', () => {
  const ROUND = 65_536 * DUE_TICK_MS

  randomTest(
    'gives what is due in the order of the deadlines, as a sorted list would',
    (random) => {
      const table = new ReservationTable()
      const wheel = new DueWheel(table)
      const held = new Map<number, { until: number; seq: number }>()
      let at = random.pick([0, 1_700_000_000_000 + random.integer(0, 99)])
      let seq = 0
      let hasLooked = false
      const add = (): void => {
        const holdMs = random.pick([
          17,
          1_000,
          1_001,
          random.integer(17, 60_000),
          ROUND,
          2 * ROUND + 3,
        ])
        const id = { skuHash: 0, high: ++seq, middle: 0, low: random.word() }
        const details = { account: 0, quantity: 1, remaining: 0, reservedAt: at, holdMs }
        const row = table.insert({ id, seq, ...details })
        wheel.add(row)
        held.set(row, { until: at + holdMs, seq })
      }
      const extend = (row: number, seqOfRow: number): void => {
        const until = at + random.pick([17, 5_000, ROUND + 1])
        wheel.remove(row)
        table.setUntil(row, until)
        wheel.add(row)
        held.set(row, { until, seq: seqOfRow })
      }
      const drop = (row: number): void => {
        wheel.remove(row)
        held.delete(row)
        table.end(row, CANCELLED, 0, at)
        table.remove(row)
      }
      const expectDue = (most: number): void => {
        const due = [...held].filter(([, { until }]) => until <= at)
        due.sort(([, left], [, right]) => left.until - right.until || left.seq - right.seq)
        const since = due[0]?.[1].until ?? at
        for (const { until } of held.values()) expect(wheel.doneUntil).toBeLessThanOrEqual(until)
        // Before its first look the wheel knows of no time, and so of nothing that is late.
        if (hasLooked) {
          expect(wheel.backlog(at, 1e6), 'what waits').toEqual({ count: due.length, since })
        }
        for (const [row] of due.slice(0, most)) {
          expect(wheel.peek(at)).toBe(row)
          expect(wheel.peek(at), 'looking does not take').toBe(row)
          drop(row)
        }
        if (due.length <= most) expect(wheel.peek(at)).toBe(NO_ROW)
        hasLooked = true
      }
      for (let step = 0; step < 5_000; step++) {
        const action = random.integer(0, 9)
        const [first] = held
        if (action < 5 || first === undefined) add()
        else if (action === 5) extend(first[0], first[1].seq)
        else if (action === 6) drop(random.pick([...held.keys()]))
        else {
          at += random.oneIn(200) ? ROUND + random.integer(-20, ROUND) : random.integer(0, 900)
          expectDue(random.oneIn(3) ? 2 : Number.MAX_SAFE_INTEGER)
        }
        if (step % 100 === 0) {
          const next = [...held].sort(
            ([, left], [, right]) => left.until - right.until || left.seq - right.seq,
          )
          const rows = next.map(([row]) => row)
          const limit = random.pick([1, 5, 100])
          expect(wheel.soonest(limit, 1e6), 'what is next').toEqual(rows.slice(0, limit))
        }
        // A hold that is overdue is neither extended nor joined by new ones: expiry goes first.
        expectDue(Number.MAX_SAFE_INTEGER)
        expect(wheel.count).toBe(held.size)
      }
    },
  )

  test('counts what waits only as far as it is asked to', () => {
    const table = new ReservationTable()
    const wheel = new DueWheel(table)
    wheel.peek(0)
    for (let seq = 1; seq <= 50; seq++) {
      const id = { skuHash: 0, high: seq, middle: 0, low: seq }
      const details = { account: 0, quantity: 1, remaining: 0, reservedAt: 0, holdMs: 999 + seq }
      wheel.add(table.insert({ id, seq, ...details }))
    }
    expect(wheel.backlog(999, 100)).toEqual({ count: 0, since: 999 })
    expect(wheel.backlog(2_000, 100)).toEqual({ count: 50, since: 1_000 })
    expect(wheel.backlog(2_000, 10).count).toBe(10)
    expect(wheel.peek(2_000), 'and what is in hand').not.toBe(NO_ROW)
    expect(wheel.backlog(2_000, 100)).toEqual({ count: 50, since: 1_000 })
  })

  describe('asked what is next', () => {
    /** A wheel at time 0 with holds that last so long, in ms. */
    function wheelOf(lasting: readonly number[]): {
      wheel: DueWheel
      untils: (rows: number[]) => number[]
    } {
      const table = new ReservationTable()
      const wheel = new DueWheel(table)
      wheel.peek(0)
      lasting.forEach((holdMs, index) => {
        const id = { skuHash: 0, high: index, middle: 0, low: index }
        const details = { account: 0, quantity: 1, remaining: 0, reservedAt: 0 }
        wheel.add(table.insert({ id, seq: index + 1, ...details, holdMs }))
      })
      return { wheel, untils: (rows) => rows.map((row) => table.until(row)) }
    }

    test('looks beyond the round when nothing of this one is left', () => {
      const { wheel, untils } = wheelOf([3 * ROUND, ROUND + 5, 2 * ROUND, ROUND + 4, 90])
      expect(untils(wheel.soonest(3, 100))).toEqual([90, ROUND + 4, ROUND + 5])
      expect(untils(wheel.soonest(9, 100))).toHaveLength(5)
      expect(untils(wheel.soonest(1, 100))).toEqual([90])
    })

    test('looks at no more than it may, and then tells of the next moments only', () => {
      const { wheel, untils } = wheelOf([
        ...Array.from({ length: 500 }, (_, index) => 1_000 + 16 * index),
        ...Array.from({ length: 500 }, () => 2 * ROUND + 1_600),
      ])
      expect(untils(wheel.soonest(3, 100))).toEqual([1_000, 1_016, 1_032])
      // 37 of the next moments, then a slot that is full of holds of a later round.
      const seen = untils(wheel.soonest(100, 60))
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => 1_000 + 16 * index))
      expect(seen.length).toBeLessThanOrEqual(60)
      expect(wheel.count, 'and takes none').toBe(1_000)
    })

    test('has nothing to say of none, and first those that are in hand', () => {
      expect(wheelOf([]).wheel.soonest(5, 100)).toEqual([])
      const { wheel, untils } = wheelOf([1_000, 1_001, 1_002, 5_000])
      wheel.remove(wheel.peek(1_000))
      expect(untils(wheel.soonest(2, 100))).toEqual([1_001, 1_002])
      expect(untils(wheel.soonest(9, 100))).toEqual([1_001, 1_002, 5_000])
    })
  })

  test('takes holds only', () => {
    const table = new ReservationTable()
    const wheel = new DueWheel(table)
    const id = { skuHash: 0, high: 0, middle: 0, low: 0 }
    const details = { account: 0, seq: 1, quantity: 1, remaining: 0, reservedAt: 0, holdMs: 1_000 }
    const row = table.insert({ id, ...details })
    table.end(row, CANCELLED, 0, 5)
    expect(() => wheel.add(row)).toThrow('only holds are due')
  })
})
