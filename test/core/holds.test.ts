// The list of holds that expire next.
import { expect, test } from 'vitest'
import { HOLDS_PER_PAGE_MAX } from '../../core/limits.ts'
import type { DueHold } from '../../core/outcome.ts'
import { cancel, confirm, extend, idOf, open, reserve, START } from '../fixtures/commands.ts'
import { type TestPartition, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()

function listed(shop: TestPartition, limit = 20): readonly DueHold[] {
  const outcome = shop.ask({ kind: 'list-due', limit })
  if (outcome.kind !== 'holds') throw new Error('no list of holds')
  return outcome.holds
}

test('gives every hold by its deadline, with whose it is, and nothing that has ended', () => {
  const shop = partitions()
  shop.askAll(open(50, { holdMs: 60_000 }), open(5, {}, 'hat'))
  shop.askAll(reserve('a', 2), reserve('b', 1, { holdMs: 5_000 }), reserve('c'), reserve('d'))
  shop.ask(reserve('e', 3, { sku: 'hat', buyer: 'bob', holdMs: 30_000 }))
  shop.askAll(confirm('c'), cancel('d'), extend('b', 90_000))
  const common = { reservedAt: START, sku: 'shoe', buyer: 'ada' }
  const hat = { ...common, sku: 'hat', buyer: 'bob', quantity: 3 }
  expect(listed(shop)).toEqual([
    { ...hat, id: idOf('e', 'hat'), expiresAt: START + 30_000 },
    { ...common, id: idOf('a'), quantity: 2, expiresAt: START + 60_000 },
    { ...common, id: idOf('b'), quantity: 1, expiresAt: START + 90_000 },
  ])
  expect(listed(shop, 1).map(({ sku }) => sku)).toEqual(['hat'])
  shop.pass(30_000)
  expect(listed(shop).map(({ expiresAt }) => expiresAt)).toEqual([START + 60_000, START + 90_000])
})

test('what is due at the moment of the question has expired, and is not listed', () => {
  const shop = partitions()
  shop.askAll(open(5), reserve('a', 1, { holdMs: 1_000 }), reserve('b', 1, { holdMs: 1_001 }))
  shop.now += 1_000
  expect(listed(shop).map(({ id }) => id)).toEqual([idOf('b')])
})

test('changes nothing, and gives no more than was asked for', () => {
  const shop = partitions()
  shop.ask(open(500))
  for (let number = 0; number < 150; number++) shop.ask(reserve(`k${number}`))
  const before = shop.hash
  expect(listed(shop, HOLDS_PER_PAGE_MAX)).toHaveLength(HOLDS_PER_PAGE_MAX)
  expect(shop.hash).toBe(before)
  expect(shop.journal).toHaveLength(151)
})
