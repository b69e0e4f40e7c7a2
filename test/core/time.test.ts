// Expiry, forgetting, and a clock that does as it likes.
import { describe, expect, test } from 'vitest'
import type { Event } from '../../core/event.ts'
import { BLOCK_EVENTS_MAX, DUE_TICK_MS, FORGET_PER_EVENT_MAX } from '../../core/limits.ts'
import type { ReservationId } from '../../core/reservation-id.ts'
import {
  adjust,
  cancel,
  confirm,
  extend,
  idOf,
  open,
  readReservation,
  reserve,
  START,
} from '../fixtures/commands.ts'
import {
  replayed,
  restored,
  type TestPartition,
  testPartitions,
} from '../fixtures/test-partition.ts'

const partitions = testPartitions()
const MINUTE = 60_000
const HOUR = 3_600_000
/** The wheel's round: 65,536 slots. */
const ROUND = 65_536 * DUE_TICK_MS

function expiredIds(events: readonly Event[]): ReservationId[] {
  return events.flatMap((event) => (event.kind === 'expired' ? [event.id] : []))
}

function ids(...keys: string[]): ReservationId[] {
  return keys.map((key) => idOf(key))
}

describe('expiry', () => {
  test('comes at the exact ms, without a command', () => {
    const shop = partitions()
    shop.askAll(open(5), reserve('a', 2, { holdMs: 1_234 }))
    expect(shop.pass(1_233)).toEqual([])
    expect(shop.pass(1)).toEqual([{ kind: 'expired', at: START + 1_234, id: idOf('a') }])
    expect(shop.units()).toEqual([5, 0, 0])
  })

  test('goes in the order of the deadlines, then of reserving, across SKUs', () => {
    const shop = partitions()
    shop.askAll(
      open(9),
      reserve('late', 1, { holdMs: 5_000 }),
      reserve('soon', 1, { holdMs: 2_000 }),
    )
    shop.askAll(reserve('same', 1, { holdMs: 5_000 }), reserve('tick', 1, { holdMs: 5_001 }))
    shop.askAll(reserve('first', 1, { holdMs: 1_000 }))
    expect(expiredIds(shop.pass(HOUR))).toEqual(ids('first', 'soon', 'late', 'same', 'tick'))
  })

  test('comes before anything else is decided', () => {
    const shop = partitions()
    shop.askAll(open(1), reserve('a', 1, { holdMs: 1_000 }))
    shop.now += 1_000
    const asked = [shop.submit(reserve('b')), shop.submit(readReservation('a'))]
    shop.settle()
    expect(asked.map(({ outcome }) => outcome)).toMatchObject([
      { isNew: true },
      { state: 'expired' },
    ])
    expect(shop.journal.map(({ kind }) => kind)).toEqual([
      'opened',
      'reserved',
      'expired',
      'reserved',
    ])
  })

  test('of a mass goes on in the next block, and commands wait for its end', () => {
    const shop = partitions()
    const holds = 2 * BLOCK_EVENTS_MAX + 10
    shop.ask(open(holds))
    for (let hold = 0; hold < holds; hold++) shop.submit(reserve(`h${hold}`, 1, { holdMs: 1_000 }))
    shop.settle()
    shop.now += 1_000
    const asked = shop.submit(reserve('next'))
    const blocks: number[] = []
    let isBusy = true
    while (isBusy) {
      isBusy = shop.run()
      expect(asked.outcome).toBeUndefined()
      blocks.push(shop.commit().length)
    }
    expect(blocks).toEqual([BLOCK_EVENTS_MAX, BLOCK_EVENTS_MAX, 11])
    expect(asked.outcome).toMatchObject({ isNew: true, remaining: holds - 1 })
    expect(expiredIds(shop.journal)).toEqual(
      ids(...Array.from({ length: holds }, (_, n) => `h${n}`)),
    )
  })

  test('that fills a block stays in order when more falls due meanwhile', () => {
    const shop = partitions()
    const holds = BLOCK_EVENTS_MAX + 1
    shop.ask(open(holds + 1))
    for (let hold = 0; hold < holds; hold++) shop.submit(reserve(`h${hold}`, 1, { holdMs: 1_000 }))
    shop.submit(reserve('later', 1, { holdMs: 1_001 }))
    shop.settle()
    shop.now += 1_000
    expect(shop.run()).toBe(true)
    expect(shop.commit()).toHaveLength(BLOCK_EVENTS_MAX)
    shop.now += 1
    expect(expiredIds(shop.settle())).toEqual(ids(`h${holds - 1}`, 'later'))
  })

  const leaps = [ROUND - 1, ROUND, ROUND + 1, ROUND + DUE_TICK_MS, 3 * ROUND + 7, 24 * HOUR]
  test.each(leaps)('survives a leap of the clock by %i ms', (leap) => {
    const shop = partitions()
    shop.askAll(
      open(9),
      reserve('a', 1, { holdMs: 1_000 }),
      reserve('b', 1, { holdMs: 30 * MINUTE }),
    )
    shop.pass(1)
    const due = [1_000, 30 * MINUTE].filter((holdMs) => holdMs <= leap + 1).length
    expect(expiredIds(shop.pass(leap))).toEqual(ids('a', 'b').slice(0, due))
    shop.ask(reserve('c', 1, { holdMs: 1_000 }))
    expect(expiredIds(shop.pass(1_000))).toContainEqual(idOf('c'))
  })

  const rules = { maxHoldMs: 7 * 24 * HOUR }
  test.each([ROUND, ROUND + 1, 2 * ROUND, 2 * ROUND + 5, 7 * 24 * HOUR])(
    'of a hold of %i ms waits for its own round',
    (holdMs) => {
      const shop = partitions()
      shop.askAll(open(9, rules), reserve('a', 1, { holdMs }))
      for (let step = 0; step < 5; step++)
        expect(shop.pass(Math.floor((holdMs - 1) / 5))).toEqual([])
      shop.now = START + holdMs - 1
      expect(shop.settle()).toEqual([])
      expect(expiredIds(shop.pass(1))).toEqual(ids('a'))
    },
  )

  test('moves with an extension, within a round and across rounds', () => {
    const shop = partitions()
    shop.askAll(
      open(9, rules),
      reserve('a', 1, { holdMs: 1_000 }),
      reserve('b', 1, { holdMs: 1_000 }),
    )
    shop.askAll(extend('a', 1_010), extend('b', ROUND + 1_000))
    expect(shop.pass(1_009)).toEqual([])
    expect(expiredIds(shop.pass(1))).toEqual(ids('a'))
    expect(shop.pass(ROUND - 11)).toEqual([])
    expect(expiredIds(shop.pass(1))).toEqual(ids('b'))
  })

  test('spares a hold that is extended in the very tick it would have expired in', () => {
    const shop = partitions()
    shop.askAll(open(9, { holdMs: 16_000 }), reserve('early', 1, { holdMs: 16_000 }))
    shop.askAll(reserve('a', 1, { holdMs: 16_015 }), reserve('b', 1, { holdMs: 16_015 }))
    // The tick is opened by the first of its holds; the others of it are already taken out of their slot.
    const opened = DUE_TICK_MS * Math.ceil(START / DUE_TICK_MS) - START
    shop.now = START + 16_000 + opened
    shop.settle()
    shop.askAll(extend('a', 2_000), cancel('b'))
    expect(expiredIds(shop.pass(1_999))).toEqual([])
    expect(expiredIds(shop.pass(1))).toEqual(ids('a'))
  })

  test('goes on after a restore as it would have without', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 1, { holdMs: 5_000 }), reserve('b', 1, { holdMs: 3_000 }))
    shop.askAll(extend('b', 9_000), reserve('c', 1, { holdMs: 5_000 }))
    for (const state of [restored(shop.state), replayed(shop.journal)]) {
      const other = partitions(state, [...shop.journal])
      expect(expiredIds(other.pass(HOUR))).toEqual(ids('a', 'c', 'b'))
    }
  })
})

describe('the clock', () => {
  test('may go back: logical time waits for it', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 1, { holdMs: 5_000 }))
    shop.now -= HOUR
    expect(shop.ask(reserve('b', 1, { holdMs: 5_000 }))).toMatchObject({ expiresAt: START + 5_000 })
    expect(shop.pass(HOUR + 4_999)).toEqual([])
    expect(expiredIds(shop.pass(1))).toEqual(ids('a', 'b'))
    const times = shop.journal.map(({ at }) => at)
    expect(times).toEqual([...times].sort((left, right) => left - right))
  })

  test('that goes back does not bring an expired hold back or open a closed sale', () => {
    const shop = partitions()
    shop.askAll(open(9, { closesAt: START + 5_000 }), reserve('a', 1, { holdMs: 5_000 }))
    shop.pass(5_000)
    shop.now -= HOUR
    expect(shop.ask(confirm('a'))).toMatchObject({ code: 'reservation_expired' })
    expect(shop.ask(reserve('b'))).toMatchObject({ code: 'sale_closed' })
  })

  test('of a restarted partition begins no earlier than its last event', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 1, { holdMs: 5_000 }))
    const other = partitions(replayed(shop.journal), [...shop.journal])
    other.now = START - HOUR
    expect(other.ask(reserve('b', 1, { holdMs: 5_000 }))).toMatchObject({
      expiresAt: START + 5_000,
    })
  })
})

describe('forgetting', () => {
  /** A partition that remembers for a minute, with one sold, one cancelled and one expired reservation. */
  function ended(): TestPartition {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.askAll(open(99), reserve('sold'), confirm('sold'), reserve('back'), cancel('back'))
    shop.askAll(reserve('out', 1, { holdMs: 1_000 }), adjust(1, 'k'))
    shop.pass(1_000)
    return shop
  }

  test('happens at the first event after the time is over, and to nothing younger', () => {
    const shop = ended()
    shop.now = START + MINUTE - 1
    shop.ask(reserve('x'))
    expect(shop.ask(readReservation('sold'))).toMatchObject({ state: 'confirmed' })
    shop.now = START + MINUTE
    expect(shop.ask(readReservation('sold')), 'no event, no time').toMatchObject({
      kind: 'reservation',
    })
    shop.ask(reserve('y'))
    for (const key of ['sold', 'back']) {
      expect(shop.ask(readReservation(key))).toMatchObject({ code: 'unknown_reservation' })
    }
    expect(shop.ask(readReservation('out'))).toMatchObject({ state: 'expired' })
    shop.now = START + MINUTE + 1_000
    shop.ask(reserve('z'))
    expect(shop.ask(readReservation('out'))).toMatchObject({ code: 'unknown_reservation' })
    expect(shop.units()).toEqual([96, 3, 1])
  })

  test('frees the keys of adjustments', () => {
    const shop = ended()
    shop.now = START + MINUTE - 1
    shop.ask(reserve('x'))
    expect(shop.ask(adjust(1, 'k'))).toMatchObject({ isReplay: true })
    shop.now = START + MINUTE
    shop.ask(reserve('y'))
    expect(shop.ask(adjust(1, 'k'))).toMatchObject({ isReplay: false, stock: 101 })
  })

  test('never touches a hold, however old', () => {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.askAll(open(9), reserve('old', 1, { holdMs: HOUR }))
    shop.pass(HOUR - 1)
    shop.ask(reserve('new'))
    expect(shop.ask(confirm('old'))).toMatchObject({ state: 'confirmed' })
  })

  test('keeps a bounded pace, and catches up', () => {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.ask(open(99))
    for (let hold = 0; hold < 40; hold++) shop.askAll(reserve(`h${hold}`), cancel(`h${hold}`))
    shop.now += MINUTE
    const counts = ['x', 'y', 'z'].map((key) => {
      shop.ask(reserve(key))
      return shop.state.reservations.count
    })
    expect(counts).toEqual([41 - FORGET_PER_EVENT_MAX, 42 - 2 * FORGET_PER_EVENT_MAX, 3])
  })

  test('closes the account of a buyer with nothing left, and keeps that of one who bought', () => {
    const shop = partitions()
    shop.partition.configure(MINUTE, shop.now)
    shop.askAll(open(9), reserve('a'), cancel('a'), reserve('b', 1, { buyer: 'bob' }), confirm('b'))
    expect(shop.state.accounts.count).toBe(2)
    shop.now += MINUTE
    shop.ask(reserve('c', 1, { buyer: 'cat' }))
    expect(shop.state.accounts.find(0, 'ada')).toBe(-1)
    expect(shop.state.accounts.count).toBe(2)
  })

  test('obeys the retention of the journal, not of the program', () => {
    const shop = ended()
    shop.partition.configure(MINUTE, shop.now)
    expect(shop.run()).toBe(false)
    expect(shop.commit(), 'the same retention is no event').toEqual([])
    shop.partition.configure(2 * MINUTE, shop.now)
    expect(shop.settle()).toMatchObject([{ kind: 'configured', retentionMs: 2 * MINUTE }])
    shop.now = START + 2 * MINUTE - 1
    shop.ask(reserve('x'))
    expect(shop.ask(readReservation('sold'))).toMatchObject({ state: 'confirmed' })
    expect(replayed(shop.journal).retentionMs).toBe(2 * MINUTE)
  })
})
