// The containers under the state, each against the simplest thing that does the same.
import { describe, expect, test } from 'vitest'
import { AccountTable } from '../../core/account-table.ts'
import { Adjustments } from '../../core/adjustments.ts'
import { HashIndex, NO_ROW } from '../../core/hash-index.ts'
import {
  CANCELLED,
  HELD,
  type NewReservation,
  ReservationTable,
} from '../../core/reservation-table.ts'
import { Ring } from '../../core/ring.ts'
import { type Random, randomTest } from '../fixtures/seed.ts'

/** Hashes that land in few shards and on few slots, and some that are equal. */
function crowdedHash(random: Random): number {
  const shard = random.pick([0, 1, 1023]) << 22
  const slot = random.pick([0, 1, 2, 0x3ffffe, 0x3fffff, random.integer(0, 0x3fffff)])
  return shard | slot
}

function candidates(index: HashIndex, hash: number): number[] {
  const rows: number[] = []
  for (let row = index.first(hash); row !== NO_ROW; row = index.next()) rows.push(row)
  return rows
}

describe('a hash index', () => {
  for (const [name, hashOf] of [
    ['crowded hashes', crowdedHash],
    ['one single hash', () => -1],
    ['any hashes', (random: Random) => random.word()],
  ] as const) {
    randomTest(`finds exactly the rows that are in it: ${name}`, (random) => {
      const hashes = new Map<number, number>()
      const index = new HashIndex()
      const present = new Set<number>()
      const size = name === 'one single hash' ? 60 : 400
      for (let step = 0; step < 4_000; step++) {
        const row = random.integer(0, size)
        if (present.has(row)) {
          index.remove(row, hashes.get(row) ?? 0)
          present.delete(row)
        } else {
          const hash = hashOf(random)
          hashes.set(row, hash)
          index.insert(row, hash)
          present.add(row)
        }
        if (step % 40 !== 0) continue
        for (let probe = 0; probe <= size; probe++) {
          const isFound = candidates(index, hashes.get(probe) ?? 0).includes(probe)
          expect(isFound, `row ${probe} at step ${step}`).toBe(present.has(probe))
        }
      }
    })
  }

  test('refuses to remove what is not there', () => {
    const index = new HashIndex()
    index.insert(1, 5)
    expect(() => index.remove(2, 5)).toThrow('a removed row is in the index')
    expect(() => index.insert(-1, 5)).toThrow('a row number is not negative')
  })

  test('grows by what it holds', () => {
    const index = new HashIndex()
    const empty = index.bytes
    for (let row = 0; row < 100_000; row++) index.insert(row, Math.imul(row, 0x9e3779b9))
    expect(index.bytes).toBeGreaterThan(empty)
    expect(index.bytes).toBeLessThan(100_000 * 16)
    for (let row = 0; row < 100_000; row += 997) {
      expect(candidates(index, Math.imul(row, 0x9e3779b9))).toContain(row)
    }
  })
})

describe('an account table', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_-.'
  const nameOf = (random: Random): string => {
    const length = random.pick([1, 2, 3, 4, 5, 7, 8, 13, 63, 64])
    return Array.from({ length }, () => letters[random.integer(0, random.oneIn(2) ? 1 : 37)]).join(
      '',
    )
  }

  randomTest('keeps every buyer apart, and forgets only who is idle', (random) => {
    const table = new AccountTable(random.word())
    const model = new Map<string, { account: number; units: number; reservations: number }>()
    const names = Array.from({ length: 300 }, () => nameOf(random))
    for (let step = 0; step < 6_000; step++) {
      const buyer = random.pick(names)
      const skuIndex = random.integer(0, 2)
      const key = `${skuIndex}/${buyer}`
      const known = model.get(key)
      expect(table.find(skuIndex, buyer)).toBe(known?.account ?? NO_ROW)
      if (known === undefined) {
        const account = table.findOrOpen(skuIndex, buyer)
        model.set(key, { account, units: 0, reservations: 0 })
        continue
      }
      expect([table.units(known.account), table.reservations(known.account)]).toEqual([
        known.units,
        known.reservations,
      ])
      expect([table.skuIndex(known.account), table.buyer(known.account)]).toEqual([skuIndex, buyer])
      const delta = random.integer(-known.units, 3)
      table.addUnits(known.account, delta)
      known.units += delta
      table.addReservations(known.account, -known.reservations)
      known.reservations = random.integer(0, 1)
      table.addReservations(known.account, known.reservations)
      table.closeIfIdle(known.account)
      if (known.units === 0 && known.reservations === 0) model.delete(key)
    }
    const found: string[] = []
    table.forEach((account) => {
      found.push(`${table.skuIndex(account)}/${table.buyer(account)}`)
    })
    expect(found.sort()).toEqual([...model.keys()].sort())
    expect(table.count).toBe(model.size)
  })

  test('gives a freed record to the next buyer of its size, clean', () => {
    const table = new AccountTable(3)
    const first = table.findOrOpen(0, 'alfa')
    table.addUnits(first, 5)
    table.addUnits(first, -5)
    table.closeIfIdle(first)
    const second = table.findOrOpen(1, 'beta')
    expect(second).toBe(first)
    expect([table.units(second), table.reservations(second), table.skuIndex(second)]).toEqual([
      0, 0, 1,
    ])
    expect(table.find(0, 'alfa')).toBe(NO_ROW)
  })

  test('hashes a buyer alike in every process, whatever its seed', () => {
    const hashes = [1, 2].map((seed) => {
      const table = new AccountTable(seed)
      return table.hashOfBuyer(table.findOrOpen(4, 'ada'))
    })
    expect(hashes[0]).toBe(hashes[1])
  })

  test('refuses names without length or too long, and counts below nothing', () => {
    const table = new AccountTable(3)
    expect(() => table.findOrOpen(0, '')).toThrow('a name of legal length')
    expect(() => table.findOrOpen(0, 'x'.repeat(65))).toThrow('a name of legal length')
    const account = table.findOrOpen(0, 'x'.repeat(64))
    expect(() => table.addUnits(account, -1)).toThrow('not negative')
    expect(() => table.addReservations(account, -1)).toThrow('not negative')
  })
})

describe('a reservation table', () => {
  randomTest('keeps what it was given, and gives freed rows out again', (random) => {
    const table = new ReservationTable()
    const model = new Map<number, NewReservation>()
    for (let step = 1; step <= 6_000; step++) {
      if (model.size > 0 && random.oneIn(3)) {
        const row = random.pick([...model.keys()])
        table.end(row, CANCELLED, 0, 5)
        table.remove(row)
        model.delete(row)
        continue
      }
      // Half of the rows share their low word, some also the middle one.
      const id = {
        skuHash: 1,
        high: step,
        middle: random.pick([7, random.word()]),
        low: random.pick([9, random.word()]),
      }
      const reservation: NewReservation = {
        id,
        account: random.integer(0, 2 ** 31 - 1),
        seq: 2 ** 40 + step,
        quantity: random.pick([1, 999_999, 1_000_000]),
        remaining: random.integer(0, 1_000_000_000),
        reservedAt: 253_402_300_799_999 - step,
        holdMs: random.integer(1_000, 604_800_000),
      }
      model.set(table.insert(reservation), reservation)
    }
    expect(table.count).toBe(model.size)
    expect(table.rowLimit).toBeLessThan(6_000)
    for (const [row, { id, ...rest }] of model) {
      expect(table.candidate(id, true)).toBe(row)
      expect(table.candidate(id, false)).toBe(NO_ROW)
      const { seq, quantity, remaining, reservedAt, holdMs, account } = rest
      expect([table.idHigh(row), table.idMiddle(row), table.idLow(row)]).toEqual([
        id.high,
        id.middle,
        id.low,
      ])
      expect({
        seq: table.seq(row),
        quantity: table.quantity(row),
        remaining: table.remaining(row),
        reservedAt: table.reservedAt(row),
        holdMs: table.holdMs(row),
        account: table.account(row),
      }).toEqual({ seq, quantity, remaining, reservedAt, holdMs, account })
      expect(table.until(row)).toBe(reservedAt + holdMs)
      expect(table.state(row)).toBe(HELD)
    }
  })

  test('ends a hold once, and forgets no hold', () => {
    const table = new ReservationTable()
    const id = { skuHash: 0, high: 0, middle: 0, low: 0 }
    const details = { account: 0, seq: 1, quantity: 1, remaining: 0, reservedAt: 0, holdMs: 1_000 }
    const row = table.insert({ id, ...details })
    expect(() => table.remove(row)).toThrow('a held reservation is never forgotten')
    expect(() => table.end(row, HELD, 0, 5)).toThrow('a hold ends')
    table.end(row, CANCELLED, 0, 5)
    expect(() => table.end(row, CANCELLED, 0, 6)).toThrow('only a hold ends')
    expect(() => table.setUntil(row, 7)).toThrow('only a hold is extended')
    expect(() => table.setReturned(row, 1)).toThrow('only sold units are returned')
    table.remove(row)
    expect(() => table.remove(row)).toThrow('a removed row holds a reservation')
  })
})

describe('a ring', () => {
  randomTest('is a queue with a bound', (random) => {
    const ring = new Ring<number>(8)
    const model: number[] = []
    for (let step = 0; step < 2_000; step++) {
      if (random.oneIn(2)) {
        expect(ring.isFull).toBe(model.length === 8)
        if (ring.isFull) expect(() => ring.push(step)).toThrow('a full queue takes nothing more')
        else model.push(step)
        if (model.at(-1) === step) ring.push(step)
      } else {
        expect(ring.peek()).toBe(model[0])
        expect(ring.shift()).toBe(model.shift())
      }
      expect(ring.length).toBe(model.length)
    }
  })

  test('has a power of two of places', () => {
    expect(() => new Ring(6)).toThrow('a power of two')
  })
})

describe('the adjustments', () => {
  const counters = { stock: 1, available: 1, held: 0, sold: 0 }
  const made = (key: string, at: number) => ({
    ...{ sku: 'shoe', key, delta: 1, reason: 'r', at, seq: 1 },
    ...counters,
  })

  test('are forgotten oldest first, a few at a time, and only when old', () => {
    const adjustments = new Adjustments()
    for (let at = 0; at < 10; at++) adjustments.add(made(`k${at}`, at))
    adjustments.forget(6, 3)
    expect([...adjustments.values()].map(({ at }) => at)).toEqual([3, 4, 5, 6, 7, 8, 9])
    adjustments.forget(6, 99)
    expect([...adjustments.values()].map(({ at }) => at)).toEqual([7, 8, 9])
    adjustments.forget(99, 99)
    expect(adjustments.count).toBe(0)
    adjustments.add(made('k0', 50))
    adjustments.forget(50, 1)
    expect(adjustments.count).toBe(0)
  })

  test('take a key once', () => {
    const adjustments = new Adjustments()
    adjustments.add(made('k', 1))
    expect(() => adjustments.add(made('k', 2))).toThrow('an adjustment key is used once')
  })
})
