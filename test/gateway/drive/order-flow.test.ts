// A sale line on its way: reserved, then confirmed or left, answer by answer.
import { expect, test } from 'vitest'
import type { ReturnLine, SaleLine } from '../../../gateway/drive/classify-line.ts'
import type { Answer, Operation } from '../../../gateway/drive/operations.ts'
import { generous, openShop } from './shop.ts'

function sale(line: number, quantity: number): SaleLine {
  const origin = { timeMs: 0, sku: 'A', buyer: '7', isGuest: false, priceMinorUnits: 1 }
  return { kind: 'sale', line, quantity, ...origin }
}

function back(line: number, quantity: number): ReturnLine {
  return { kind: 'return', line, timeMs: 0, sku: 'A', buyer: '7', quantity }
}

/** Answers one kind of operation in a way of its own and says yes to the rest. */
function except(op: Operation['op'], answer: Answer): (operation: Operation) => Answer {
  return (operation) => (operation.op === op ? answer : generous(operation))
}

test('reserves with a key of run and line, then confirms', async () => {
  const shop = openShop({ answer: generous })
  shop.flow.onLine(sale(3, 5))
  await shop.settle()
  expect(shop.sent).toEqual([
    { op: 'reserve', key: 'test-3', sku: 'A', buyer: '7', quantity: 5 },
    { op: 'confirm', id: 'test-3' },
  ])
  expect(shop.tally.confirmed).toEqual({ lines: 1, units: 5 })
  expect(shop.ledger.soldChange).toBe(5)
})

test('leaves abandoned lines held, to be looked up later', async () => {
  const shop = openShop({ answer: generous, abandonShare: 1 })
  shop.flow.onLine(sale(1, 5))
  await shop.settle()
  expect(shop.sent.map(({ op }) => op)).toEqual(['reserve'])
  expect(shop.ledger.abandoned).toEqual([{ id: 'test-1', quantity: 5, found: 'held' }])
  expect(shop.ledger.soldChange).toBe(0)
})

test('counts refusals by code and sold-out SKUs once', async () => {
  const shop = openShop({ answer: except('reserve', { status: 409, code: 'sold_out' }) })
  shop.flow.onLine(sale(1, 5))
  shop.flow.onLine(sale(2, 6))
  await shop.settle()
  expect([...shop.tally.refused]).toEqual([['sold_out', { lines: 2, units: 11 }]])
  expect(shop.tally.soldOutSkus).toBe(1)
})

test('makes a return wait for its purchases and sends totals, newest purchase first', async () => {
  const shop = openShop({ answer: generous, batchSize: 1 })
  for (const line of [sale(1, 5), sale(2, 2), back(3, 3), back(4, 1)]) shop.flow.onLine(line)
  await shop.settle()
  const operations = shop.sent.map((sent) => ('id' in sent ? `${sent.op} ${sent.id}` : sent.op))
  expect(operations.indexOf('return test-2')).toBeGreaterThan(operations.indexOf('confirm test-2'))
  expect(operations.indexOf('return test-1')).toBeGreaterThan(operations.indexOf('confirm test-1'))
  const totals = shop.sent.flatMap((sent) =>
    sent.op === 'return' ? [[sent.id, sent.returnedTotal]] : [],
  )
  expect(new Map(totals as [string, number][])).toEqual(
    new Map([
      ['test-1', 2],
      ['test-2', 2],
    ]),
  )
  expect(shop.tally.returned).toEqual({ lines: 2, units: 4 })
  expect(shop.ledger.soldChange).toBe(3)
})

test('never has two returns of one purchase on their way, and never a smaller total', async () => {
  let sentBefore = 0
  const onTheirWay: number[] = []
  const totals: number[] = []
  const shop = openShop({
    batchSize: 1,
    answer: (operation) => {
      if (operation.op !== 'return') return generous(operation)
      const sentNow = shop.sent.filter((sent) => sent.op === 'return').length
      onTheirWay.push(sentNow - sentBefore)
      sentBefore = sentNow
      totals.push(operation.returnedTotal)
      return generous(operation)
    },
  })
  shop.flow.onLine(sale(1, 9))
  await shop.settle()
  for (let line = 2; line <= 5; line += 1) shop.flow.onLine(back(line, 2))
  await shop.settle()
  expect(totals).toEqual([2, 8])
  expect(onTheirWay).toEqual([1, 1])
  expect(shop.tally.returned).toEqual({ lines: 4, units: 8 })
  expect(shop.ledger.soldChange).toBe(1)
})

test.each([
  ['return_of_refused', except('reserve', { status: 409, code: 'sold_out' }), 0],
  ['return_of_abandoned', generous, 1],
  ['return_of_unconfirmed', except('confirm', { status: 410, code: 'reservation_expired' }), 0],
] as const)('counts %s, and the units beyond all purchases', async (reason, answer, share) => {
  const shop = openShop({ answer, abandonShare: share })
  shop.flow.onLine(sale(1, 5))
  shop.flow.onLine(back(2, 8))
  await shop.settle()
  expect(shop.tally.returned.lines).toBe(0)
  expect(Object.fromEntries(shop.tally.notReturned)).toEqual({
    [reason]: { lines: 0, units: 5 },
    return_without_purchase: { lines: 1, units: 3 },
  })
})

test('counts a return that nobody made', async () => {
  const shop = openShop({ answer: generous })
  shop.flow.onLine({ ...back(1, 2), buyer: undefined })
  await shop.settle()
  const reason = ['return_without_customer', { lines: 1, units: 2 }]
  expect([...shop.tally.notReturned]).toEqual([reason])
})

test('finds a promise broken when an acknowledged reservation is unknown', async () => {
  const lost = { status: 404, code: 'unknown_reservation' }
  const shop = openShop({ answer: except('confirm', lost) })
  shop.flow.onLine(sale(1, 5))
  await shop.settle()
  expect(shop.discrepancies.first).toEqual([
    {
      sku: 'A',
      field: 'reservation test-1',
      expected: 'held or expired',
      found: 'unknown_reservation',
    },
  ])
})

test('finds a promise broken when an acknowledged confirmation cannot be returned', async () => {
  const shop = openShop({ answer: except('return', { status: 409, code: 'not_confirmed' }) })
  shop.flow.onLine(sale(1, 5))
  shop.flow.onLine(back(2, 5))
  await shop.settle()
  expect(shop.discrepancies.first).toMatchObject([
    { expected: 'confirmed', found: 'not_confirmed' },
  ])
  expect(shop.tally.notReturned.get('refused_not_confirmed')).toEqual({ lines: 1, units: 5 })
})

test('looks a replayed reservation up and counts what an earlier drive sold only once', async () => {
  const earlier = { status: 200, id: 'r', state: 'confirmed', quantity: 5 } as const
  const shop = openShop({
    soldBefore: 3,
    answer: (operation) => {
      if (operation.op === 'reserve') return { ...earlier, state: 'held', replayed: true }
      return { ...earlier, confirmed: 5, returned: 2 }
    },
  })
  shop.flow.onLine(sale(1, 5))
  shop.flow.onLine(back(2, 1))
  shop.flow.onLine(back(3, 3))
  await shop.settle()
  expect(shop.sent.map(({ op }) => op)).not.toContain('confirm')
  expect(shop.tally.replayed).toBe(1)
  expect(shop.tally.returned).toEqual({ lines: 2, units: 4 })
  // Two of the four returned units had come back before this drive read its opening counts.
  expect(shop.ledger.soldChange).toBe(-2)
})
