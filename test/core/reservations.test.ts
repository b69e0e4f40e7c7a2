// What reserving, confirming, cancelling, extending and returning do, and that repeating them does nothing more.
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../core/outcome.ts'
import {
  adjust,
  cancel,
  confirm,
  extend,
  giveBack,
  idOf,
  open,
  readReservation,
  reserve,
  START,
} from '../fixtures/commands.ts'
import { testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()
const MINUTE = 60_000

describe('reserving', () => {
  test('holds the units and says until when', () => {
    const shop = partitions()
    shop.ask(open(10))
    expect(shop.ask(reserve('a', 3, { holdMs: 2_000, meta: 'cart 7' }))).toEqual({
      kind: 'reservation',
      isNew: true,
      isReplay: false,
      id: idOf('a'),
      sku: 'shoe',
      buyer: 'ada',
      quantity: 3,
      state: 'held',
      confirmed: 0,
      returned: 0,
      expiresAt: START + 2_000,
      endedAt: undefined,
      remaining: 7,
      seq: 2,
    })
    expect(shop.units()).toEqual([7, 3, 0])
    expect(shop.journal.at(-1)).toMatchObject({ kind: 'reserved', meta: 'cart 7', at: START })
  })

  test('takes the last unit and no more', () => {
    const shop = partitions()
    shop.ask(open(2))
    expect(shop.ask(reserve('a', 2))).toMatchObject({ isNew: true, remaining: 0 })
    expect(shop.ask(reserve('b', 1))).toMatchObject({
      code: 'sold_out',
      heldUnits: 2,
      final: false,
    })
  })

  test('opens at the exact ms and closes at the exact ms', () => {
    const shop = partitions()
    shop.ask(open(10, { opensAt: START + 50, closesAt: START + 100 }))
    shop.now = START + 49
    expect(shop.ask(reserve('a'))).toMatchObject({ code: 'sale_not_open', opensAt: START + 50 })
    shop.now = START + 50
    expect(shop.ask(reserve('a'))).toMatchObject({ isNew: true })
    shop.now = START + 99
    expect(shop.ask(reserve('b'))).toMatchObject({ isNew: true })
    shop.now = START + 100
    expect(shop.ask(reserve('c'))).toMatchObject({ code: 'sale_closed' })
    expect(shop.ask(reserve('b')), 'a retry after closing').toMatchObject({ isReplay: true })
    expect(shop.ask(confirm('a')), 'a confirm after closing').toMatchObject({ state: 'confirmed' })
  })

  test('uses the hold of the rules of the moment, and takes a hold of exactly the maximum', () => {
    const shop = partitions()
    shop.ask(open(10, { holdMs: 3_000, maxHoldMs: 9_000 }))
    expect(shop.ask(reserve('a'))).toMatchObject({ expiresAt: START + 3_000 })
    expect(shop.ask(reserve('b', 1, { holdMs: 9_000 }))).toMatchObject({ expiresAt: START + 9_000 })
    shop.ask(open(undefined, { holdMs: 4_000, maxHoldMs: 9_000 }))
    expect(shop.ask(reserve('c'))).toMatchObject({ expiresAt: START + 4_000 })
    expect(shop.ask(readReservation('a'))).toMatchObject({ expiresAt: START + 3_000 })
  })

  test('while paused, everything but reserving goes on', () => {
    const shop = partitions()
    shop.askAll(open(10), reserve('a'), reserve('b'), reserve('c'), open(10, { paused: true }))
    expect(shop.ask(reserve('d'))).toMatchObject({ code: 'sale_paused' })
    expect(shop.ask(confirm('a'))).toMatchObject({ state: 'confirmed' })
    expect(shop.ask(cancel('b'))).toMatchObject({ state: 'cancelled' })
    expect(shop.ask(extend('c', 20 * MINUTE))).toMatchObject({ expiresAt: START + 20 * MINUTE })
    expect(shop.ask(giveBack('a'))).toMatchObject({ returned: 1 })
  })
})

describe('a retry of reserving', () => {
  const later: readonly [string, (shop: ReturnType<typeof partitions>) => unknown][] = [
    ['at once', () => undefined],
    ['after other buyers took units', (shop) => shop.askAll(reserve('x', 2), reserve('y', 1))],
    ['after an extension', (shop) => shop.ask(extend('a', 30 * MINUTE))],
    ['after a confirm', (shop) => shop.ask(confirm('a'))],
    ['after a partial confirm', (shop) => shop.ask(confirm('a', 1))],
    ['after a cancel', (shop) => shop.ask(cancel('a'))],
    ['after expiry', (shop) => shop.pass(HOUR)],
    ['after a return', (shop) => shop.askAll(confirm('a'), giveBack('a', 1))],
    ['after the stock changed', (shop) => shop.ask(adjust(5, 'k'))],
    ['after the sale was paused', (shop) => shop.ask(open(10, { paused: true }))],
    ['after everything was taken', (shop) => shop.ask(reserve('x', 7))],
    ['after the limit was cut', (shop) => shop.ask(open(10, { perBuyer: 1 }))],
  ]
  test.each(later)('%s gets the first answer, and changes nothing', (_, happen) => {
    const shop = partitions()
    shop.ask(open(10))
    const first = shop.ask(reserve('a', 3))
    happen(shop)
    const before = shop.hash
    expect(shop.ask(reserve('a', 3))).toEqual({ ...first, isNew: false, isReplay: true })
    expect(shop.hash).toBe(before)
  })

  test('compares the quantity only, as the key is part of the id', () => {
    const shop = partitions()
    shop.ask(open(10))
    const first = shop.ask(reserve('a', 3, { holdMs: 5_000, meta: 'one' }))
    const again = shop.ask(reserve('a', 3, { holdMs: 6_000, meta: 'two' }))
    expect(again).toEqual({ ...first, isNew: false, isReplay: true })
  })
})

describe('confirming', () => {
  test('sells all that is held', () => {
    const shop = partitions()
    shop.askAll(open(10), reserve('a', 4))
    shop.now += 500
    expect(shop.ask(confirm('a', undefined, 'pay-1'))).toMatchObject({
      state: 'confirmed',
      confirmed: 4,
      returned: 0,
      expiresAt: undefined,
      endedAt: START + 500,
      remaining: 6,
      seq: 3,
    })
    expect(shop.units()).toEqual([6, 0, 4])
    expect(shop.journal.at(-1)).toMatchObject({ kind: 'confirmed', paymentId: 'pay-1' })
  })

  test('of fewer units releases the rest at once', () => {
    const shop = partitions()
    shop.askAll(open(4), reserve('a', 4))
    expect(shop.ask(confirm('a', 1))).toMatchObject({ quantity: 4, confirmed: 1, remaining: 3 })
    expect(shop.units()).toEqual([3, 0, 1])
    expect(shop.ask(reserve('b', 3, { buyer: 'bob' }))).toMatchObject({ isNew: true })
  })

  test('of fewer units gives the rest back to the limit of the buyer', () => {
    const shop = partitions()
    shop.askAll(open(10, { perBuyer: 4 }), reserve('a', 4), confirm('a', 1))
    expect(shop.ask(reserve('b', 4))).toMatchObject({ code: 'buyer_limit', used: 1 })
    expect(shop.ask(reserve('b', 3))).toMatchObject({ isNew: true })
  })

  test('again changes nothing, with the same quantity or with none', () => {
    const shop = partitions()
    shop.askAll(open(10), reserve('a', 4))
    const first = shop.ask(confirm('a', 2))
    const before = shop.hash
    expect(shop.ask(confirm('a', 2))).toEqual(first)
    expect(shop.ask(confirm('a'))).toEqual(first)
    expect(shop.hash).toBe(before)
  })

  test('works one ms before the hold ends, and not at the ms it ends', () => {
    const shop = partitions()
    shop.askAll(open(10), reserve('a', 1, { holdMs: 1_000 }), reserve('b', 1, { holdMs: 1_000 }))
    shop.now = START + 999
    expect(shop.ask(confirm('a'))).toMatchObject({ state: 'confirmed', endedAt: START + 999 })
    shop.now = START + 1_000
    expect(shop.ask(confirm('b'))).toEqual({ kind: 'refusal', code: 'reservation_expired' })
    expect(shop.ask(readReservation('b'))).toMatchObject({
      state: 'expired',
      endedAt: START + 1_000,
    })
  })
})

describe('cancelling', () => {
  test('makes the units available, to the buyer too', () => {
    const shop = partitions()
    shop.askAll(open(4, { perBuyer: 4 }), reserve('a', 4))
    expect(shop.ask(cancel('a'))).toMatchObject({
      state: 'cancelled',
      endedAt: START,
      remaining: 4,
    })
    expect(shop.units()).toEqual([4, 0, 0])
    expect(shop.ask(reserve('b', 4))).toMatchObject({ isNew: true })
  })

  test('again changes nothing', () => {
    const shop = partitions()
    shop.askAll(open(4), reserve('a', 4))
    const first = shop.ask(cancel('a'))
    shop.now += 5
    expect(shop.ask(cancel('a'))).toEqual(first)
    expect(shop.state.lastSeq).toBe(3)
  })
})

describe('extending', () => {
  test('counts from now, and the whole hold has a limit', () => {
    const shop = partitions()
    shop.askAll(open(4, { holdMs: 5_000, maxHoldMs: 12_000 }), reserve('a'))
    shop.now = START + 4_000
    expect(shop.ask(extend('a', 5_000))).toMatchObject({ state: 'held', expiresAt: START + 9_000 })
    expect(shop.ask(extend('a', 8_001))).toMatchObject({ code: 'hold_limit', maxHoldMs: 12_000 })
    expect(shop.ask(extend('a', 8_000))).toMatchObject({ expiresAt: START + 12_000 })
    shop.pass(7_999)
    expect(shop.units()).toEqual([3, 1, 0])
    shop.pass(1)
    expect(shop.units()).toEqual([4, 0, 0])
  })

  test('never shortens a hold', () => {
    const shop = partitions()
    shop.askAll(open(4, { holdMs: 5_000 }), reserve('a'))
    const before = shop.hash
    expect(shop.ask(extend('a', 1_000))).toMatchObject({ expiresAt: START + 5_000 })
    expect(shop.ask(extend('a', 5_000))).toMatchObject({ expiresAt: START + 5_000 })
    expect(shop.hash).toBe(before)
  })

  test('obeys the maximum of today, not the one it was reserved under', () => {
    const shop = partitions()
    shop.askAll(open(4, { holdMs: 5_000, maxHoldMs: 60_000 }), reserve('a'))
    shop.ask(open(4, { holdMs: 5_000, maxHoldMs: 6_000 }))
    expect(shop.ask(extend('a', 7_000))).toMatchObject({ code: 'hold_limit', maxHoldMs: 6_000 })
  })
})

describe('returning', () => {
  test('brings sold units back, to the buyer too', () => {
    const shop = partitions()
    shop.askAll(open(4, { perBuyer: 4 }), reserve('a', 4), confirm('a'))
    expect(shop.ask(giveBack('a', 1))).toMatchObject({
      state: 'confirmed',
      confirmed: 4,
      returned: 1,
    })
    expect(shop.units()).toEqual([1, 0, 3])
    expect(shop.ask(giveBack('a'))).toMatchObject({ returned: 4, remaining: 4 })
    expect(shop.ask(reserve('b', 4))).toMatchObject({ isNew: true })
  })

  test('says the total so far, which never falls', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 4), confirm('a'), giveBack('a', 3))
    const before = shop.hash
    for (const total of [0, 1, 2, 3]) {
      expect(shop.ask(giveBack('a', total))).toMatchObject({ returned: 3 })
    }
    expect(shop.hash).toBe(before)
    expect(shop.ask(giveBack('a', 4))).toMatchObject({ returned: 4 })
    expect(shop.ask(giveBack('a'))).toMatchObject({ returned: 4 })
    expect(shop.units()).toEqual([9, 0, 0])
  })

  test('returns what was sold, not what was held', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 4), confirm('a', 2))
    expect(shop.ask(giveBack('a'))).toMatchObject({ confirmed: 2, returned: 2, remaining: 9 })
  })

  test('is unknown once the reservation may be forgotten, rather than done and then denied', () => {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.askAll(open(9), reserve('a', 4), confirm('a'), reserve('b', 1), confirm('b'))
    shop.now += MINUTE - 1
    expect(shop.ask(giveBack('b'))).toMatchObject({ returned: 1 })
    shop.now += 1
    const before = shop.hash
    expect(shop.ask(giveBack('a', 1))).toEqual({ kind: 'refusal', code: 'unknown_reservation' })
    expect(shop.hash).toBe(before)
  })
})

describe('the limit of a buyer', () => {
  test('counts held and sold units at one SKU, and nobody else', () => {
    const shop = partitions()
    shop.askAll(open(20, { perBuyer: 3 }), open(20, { perBuyer: 3 }, 'hat'))
    shop.askAll(reserve('a', 2), confirm('a'), reserve('b', 1))
    expect(shop.ask(reserve('c'))).toMatchObject({ code: 'buyer_limit', limit: 3, used: 3 })
    expect(shop.ask(reserve('c', 3, { buyer: 'bob' }))).toMatchObject({ isNew: true })
    expect(shop.ask(reserve('c', 3, { sku: 'hat' }))).toMatchObject({ isNew: true })
  })

  test('frees what expires', () => {
    const shop = partitions()
    shop.askAll(open(20, { perBuyer: 3 }), reserve('a', 3, { holdMs: 1_000 }))
    shop.now += 999
    expect(shop.ask(reserve('b'))).toMatchObject({ code: 'buyer_limit' })
    shop.now += 1
    expect(shop.ask(reserve('b'))).toMatchObject({ isNew: true })
  })

  test('still counts what was sold long ago, when its reservation is forgotten', () => {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.askAll(open(20, { perBuyer: 3 }), reserve('a', 2), confirm('a'))
    shop.now += MINUTE
    shop.ask(reserve('other', 1, { buyer: 'bob' }))
    expect(shop.ask(readReservation('a'))).toMatchObject({ code: 'unknown_reservation' })
    expect(shop.ask(reserve('b', 2))).toMatchObject({ code: 'buyer_limit', used: 2 })
    expect(shop.ask(reserve('a', 1)), 'a forgotten key is a new one').toMatchObject({ isNew: true })
  })

  test('set below what a buyer has refuses more and takes nothing away', () => {
    const shop = partitions()
    shop.askAll(open(20), reserve('a', 5), open(20, { perBuyer: 2 }))
    expect(shop.ask(reserve('b'))).toMatchObject({ code: 'buyer_limit', limit: 2, used: 5 })
    expect(shop.ask(confirm('a'))).toMatchObject({ confirmed: 5 })
  })
})

const HOUR = 60 * MINUTE

test('an outcome carries the seq of the last event of its SKU, not of others', () => {
  const shop = partitions()
  const outcomes: Outcome[] = shop.askAll(
    open(9),
    open(9, {}, 'hat'),
    reserve('a'),
    adjust(1, 'k', 'x', 'hat'),
  )
  expect(outcomes).toMatchObject([{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }])
  expect(shop.sku('shoe').seq).toBe(3)
  expect(shop.ask(readReservation('a'))).toMatchObject({ seq: 3 })
})
