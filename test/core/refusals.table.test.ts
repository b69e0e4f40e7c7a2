// Every refusal and its rank: one row is a history, a command, and the refusal it must meet. A refusal has no effect.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import { STOCK_MAX } from '../../core/limits.ts'
import { isRetryable, type Refusal, refuse } from '../../core/refusal.ts'
import {
  adjust,
  amend,
  cancel,
  confirm,
  extend,
  giveBack,
  idOf,
  open,
  readReservation,
  readSku,
  reserve,
  START,
} from '../fixtures/commands.ts'
import { testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()
const HOUR = 3_600_000

/** Commands in turn; a number lets so many ms pass. */
type History = readonly (Command | number)[]
type Row = readonly [name: string, history: History, command: Command, refusal: Refusal]

const gone = refuse('reservation_expired')
const holding: History = [open(10), reserve('a', 4)]
const sold: History = [...holding, confirm('a')]
const cancelled: History = [...holding, cancel('a')]
const expired: History = [...holding, 15 * 60_000]
const notOpen = (opensAt: number): Refusal => ({ kind: 'refusal', code: 'sale_not_open', opensAt })
const buyerLimit = (limit: number, used: number): Refusal => ({
  kind: 'refusal',
  code: 'buyer_limit',
  limit,
  used,
})
const soldOut = (available: number, heldUnits: number, final: boolean): Refusal => ({
  kind: 'refusal',
  code: 'sold_out',
  available,
  heldUnits,
  final,
})
const tooLarge = (limit: number): Refusal => ({
  kind: 'refusal',
  code: 'quantity_too_large',
  limit,
})
const holdLimit = (maxHoldMs: number): Refusal => ({
  kind: 'refusal',
  code: 'hold_limit',
  maxHoldMs,
})
const short = (available: number): Refusal => ({
  kind: 'refusal',
  code: 'insufficient_available',
  available,
})
const everyRule = { opensAt: START + HOUR, closesAt: START + 2 * HOUR, paused: true, perBuyer: 1 }

function checkRow(history: History, command: Command, refusal: Refusal): void {
  const shop = partitions()
  for (const step of history) {
    if (typeof step === 'number') shop.pass(step)
    else shop.ask(step)
  }
  const before = { hash: shop.hash, seq: shop.state.lastSeq }
  expect(shop.ask(command)).toEqual(refusal)
  expect({ hash: shop.hash, seq: shop.state.lastSeq }).toEqual(before)
}

describe('reserving is refused', () => {
  const rows: Row[] = [
    ['at a SKU nobody opened', [], reserve('a'), refuse('unknown_sku')],
    ['when the key was used with another quantity', holding, reserve('a', 5), refuse('key_reused')],
    ['with a reused key even when it ended', expired, reserve('a', 5), refuse('key_reused')],
    ['one ms before it opens', [open(1, { opensAt: START + 1 })], reserve('a'), notOpen(START + 1)],
    ['at the ms it closes', [open(1, { closesAt: START })], reserve('a'), refuse('sale_closed')],
    ['while paused', [open(1, { paused: true })], reserve('a'), refuse('sale_paused')],
    [
      'for longer than a hold may last',
      [open(1, { maxHoldMs: 5_000 })],
      reserve('a', 1, { holdMs: 5_001 }),
      holdLimit(5_000),
    ],
    ['beyond what a buyer may have', [open(9, { perBuyer: 3 })], reserve('a', 4), buyerLimit(3, 0)],
    [
      'when held units use up the limit',
      [open(9, { perBuyer: 3 }), reserve('a', 2)],
      reserve('b', 2),
      buyerLimit(3, 2),
    ],
    [
      'when sold units use up the limit',
      [open(9, { perBuyer: 3 }), reserve('a', 3), confirm('a')],
      reserve('b'),
      buyerLimit(3, 3),
    ],
    ['when units are held elsewhere', holding, reserve('b', 7), soldOut(6, 4, false)],
    ['for good when not even all holds suffice', holding, reserve('b', 11), soldOut(6, 4, true)],
    [
      'for good when everything is sold',
      [...sold, adjust(-6, 'k')],
      reserve('b'),
      soldOut(0, 0, true),
    ],
    ['of a stock of nothing', [open(0)], reserve('a'), soldOut(0, 0, true)],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

describe('of several reasons the first one is given', () => {
  const rows: Row[] = [
    [
      'a reused key before the schedule',
      [open(9), reserve('a'), open(9, everyRule)],
      reserve('a', 2),
      refuse('key_reused'),
    ],
    [
      'closed before not yet open',
      [open(9, { opensAt: START + HOUR, closesAt: START - 1 })],
      reserve('a'),
      refuse('sale_closed'),
    ],
    [
      'closed before paused',
      [open(9, { ...everyRule, opensAt: undefined, closesAt: START })],
      reserve('a'),
      refuse('sale_closed'),
    ],
    ['not yet open before paused', [open(9, everyRule)], reserve('a', 2), notOpen(START + HOUR)],
    [
      'paused before the hold',
      [open(9, { ...everyRule, opensAt: undefined, maxHoldMs: 2_000 })],
      reserve('a', 2, { holdMs: HOUR }),
      refuse('sale_paused'),
    ],
    [
      "the hold before the buyer's limit",
      [open(9, { perBuyer: 1, maxHoldMs: 2_000 })],
      reserve('a', 2, { holdMs: 2_001 }),
      holdLimit(2_000),
    ],
    [
      "the buyer's limit before the stock",
      [open(1, { perBuyer: 2 })],
      reserve('a', 3),
      buyerLimit(2, 0),
    ],
    [
      'a reused key before a full store of keys',
      [open(1), adjust(1, 'k')],
      adjust(2, 'k'),
      refuse('key_reused'),
    ],
    [
      'the stock limit before what is available',
      [open(STOCK_MAX), reserve('a', 1), adjust(0, 'z')],
      adjust(1, 'k'),
      refuse('stock_limit'),
    ],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

describe('opening and adjusting are refused', () => {
  const rows: Row[] = [
    ['without a stock for a new SKU', [], open(undefined), refuse('stock_required')],
    ['with another stock for an old one', [open(5)], open(6), refuse('stock_fixed')],
    ['with the stock of today', [open(5), adjust(1, 'k')], open(6), refuse('stock_fixed')],
    [
      'with another stock and other rules',
      [open(5)],
      open(6, { paused: true }),
      refuse('stock_fixed'),
    ],
    ['at a SKU nobody opened', [], adjust(1, 'k'), refuse('unknown_sku')],
    [
      'with the key of another delta',
      [open(5), adjust(1, 'k')],
      adjust(2, 'k'),
      refuse('key_reused'),
    ],
    [
      'with the key of another reason',
      [open(5), adjust(1, 'k', 'found')],
      adjust(1, 'k', 'lost'),
      refuse('key_reused'),
    ],
    ['beyond the largest stock', [open(STOCK_MAX)], adjust(1, 'k'), refuse('stock_limit')],
    ['for units that are held', holding, adjust(-7, 'k'), short(6)],
    ['for units that are sold', sold, adjust(-7, 'k'), short(6)],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

describe('amending is refused', () => {
  const contradict = (contradiction: string): Refusal => ({
    ...{ kind: 'refusal', code: 'rules_contradict', contradiction },
  })
  const long = contradict('holdMs must not exceed maxHoldMs')
  const early = contradict('closesAt must be after opensAt')
  const scheduled = [open(5, { opensAt: START, closesAt: START + HOUR })]
  const rows: Row[] = [
    ['at a SKU nobody opened', [], amend({ paused: true }), refuse('unknown_sku')],
    ['at another SKU', [open(5)], amend({ paused: true }, 'hat'), refuse('unknown_sku')],
    ['with a hold that the rules do not allow', [open(5)], amend({ holdMs: HOUR + 1 }), long],
    ['with a whole below the hold', [open(5)], amend({ maxHoldMs: 899_999 }), long],
    ['with both, against each other', [], amend({ holdMs: 5_000 }), refuse('unknown_sku')],
    ['with a close at the opening', scheduled, amend({ closesAt: START }), early],
    ['with an opening at the close', scheduled, amend({ opensAt: START + HOUR }), early],
    [
      'with two contradictions, by the first',
      scheduled,
      amend({ closesAt: 0, maxHoldMs: 1_000 }),
      long,
    ],
    [
      'after other changes',
      [...scheduled, amend({ closesAt: START + 1 })],
      amend({ opensAt: START + 1 }),
      early,
    ],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

describe("another buyer's reservation", () => {
  const other = refuse('other_buyer')
  const rows: Row[] = [
    ['is not cancelled', holding, cancel('a', 'bob'), other],
    ['is not extended', holding, extend('a', 1_000_000, 'bob'), other],
    ['is not shown', holding, readReservation('a', 'bob'), other],
    ['is not his whose name only begins alike', holding, cancel('a', 'ad'), other],
    ['says nothing of having been sold', sold, cancel('a', 'bob'), other],
    ['says nothing of having been cancelled', cancelled, extend('a', 5_000, 'bob'), other],
    ['says nothing of having expired', expired, cancel('a', 'bob'), other],
    ['says nothing of how long it may last', holding, extend('a', HOUR + 1, 'bob'), other],
    ['that is unknown is unknown', [open(1)], cancel('a', 'bob'), refuse('unknown_reservation')],
    ['of his own refuses as ever', sold, cancel('a', 'ada'), refuse('already_confirmed')],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))

  test('is told apart from his own', () => {
    const shop = partitions()
    shop.askAll(...(holding as Command[]))
    expect(shop.ask(readReservation('a', 'ada'))).toMatchObject({ buyer: 'ada', state: 'held' })
    expect(shop.ask(extend('a', 1_000_000, 'ada'))).toMatchObject({ expiresAt: START + 1_000_000 })
    expect(shop.ask(cancel('a', 'ada'))).toMatchObject({ state: 'cancelled' })
  })
})

describe('what a reservation has become decides what it refuses', () => {
  const rows: Row[] = [
    ['unknown: confirm', [open(1)], confirm('a'), refuse('unknown_reservation')],
    ['unknown: cancel', [open(1)], cancel('a'), refuse('unknown_reservation')],
    ['unknown: extend', [open(1)], extend('a', 5_000), refuse('unknown_reservation')],
    ['unknown: return', [open(1)], giveBack('a'), refuse('unknown_reservation')],
    ['unknown: read', [open(1)], readReservation('a'), refuse('unknown_reservation')],
    ['held: confirm too many', holding, confirm('a', 5), tooLarge(4)],
    ['held: extend beyond the whole', holding, extend('a', HOUR + 1), holdLimit(HOUR)],
    ['held: return', holding, giveBack('a'), refuse('not_confirmed')],
    ['confirmed: confirm another quantity', sold, confirm('a', 3), refuse('already_confirmed')],
    ['confirmed: cancel', sold, cancel('a'), refuse('already_confirmed')],
    ['confirmed: extend', sold, extend('a', 5_000), refuse('already_confirmed')],
    ['confirmed: return too many', sold, giveBack('a', 5), tooLarge(4)],
    [
      'confirmed in part: return too many',
      [...holding, confirm('a', 2)],
      giveBack('a', 3),
      tooLarge(2),
    ],
    ['cancelled: confirm', cancelled, confirm('a'), refuse('already_cancelled')],
    ['cancelled: extend', cancelled, extend('a', 5_000), refuse('already_cancelled')],
    ['cancelled: return', cancelled, giveBack('a'), refuse('already_cancelled')],
    ['expired: confirm', expired, confirm('a'), gone],
    ['expired: confirm too many', expired, confirm('a', 99), gone],
    ['expired: cancel', expired, cancel('a'), gone],
    ['expired: extend', expired, extend('a', 5_000), gone],
    ['expired: return', expired, giveBack('a'), gone],
    [
      'another SKU: confirm',
      [...holding, open(1, {}, 'hat')],
      {
        ...confirm('a'),
        id: { ...idOf('a'), skuHash: idOf('a', 'hat').skuHash },
      },
      refuse('unknown_reservation'),
    ],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

describe('reading is refused', () => {
  const rows: Row[] = [
    ['of a SKU nobody opened', [], readSku(), refuse('unknown_sku')],
    [
      'after a SKU nobody opened',
      [open(1)],
      { kind: 'list-skus', after: 'hat', limit: 9 },
      refuse('unknown_sku'),
    ],
  ]
  test.each(rows)('%s', (_, history, command, refusal) => checkRow(history, command, refusal))
})

test('says which refusals may turn into a yes by themselves', () => {
  const retryable = [
    soldOut(0, 1, false),
    notOpen(1),
    refuse('sale_paused'),
    short(0),
    refuse('adjustment_limit'),
  ]
  const final = [
    soldOut(0, 0, true),
    refuse('sale_closed'),
    refuse('key_reused'),
    buyerLimit(1, 1),
    gone,
    tooLarge(1),
  ]
  expect(retryable.map(isRetryable)).toEqual(retryable.map(() => true))
  expect(final.map(isRetryable)).toEqual(final.map(() => false))
})
