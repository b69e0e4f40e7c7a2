// What a live reservation costs: the promise that a million of them fit beside everything else.
import { expect, test } from 'vitest'
import { evolve } from '../../core/evolve.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { completeRules } from '../../core/rules.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { Random } from '../fixtures/seed.ts'

const COUNT = 1_000_000
const BYTES_MAX = 120

test('a million live reservations of a million buyers take at most 120 bytes each', () => {
  const state = new PartitionState(5)
  const random = new Random(11)
  const { skuHash } = idOf('any')
  evolve(state, {
    kind: 'opened',
    at: START,
    sku: 'shoe',
    stock: COUNT,
    rules: completeRules({}),
    by: undefined,
  })
  for (let number = 0; number < COUNT; number++) {
    const id = { skuHash, high: random.word(), middle: random.word(), low: random.word() }
    const buyer = `buyer-${1_000_000 + number}`
    const details = { sku: 'shoe', buyer, quantity: 1, holdMs: 60_000, meta: undefined }
    evolve(state, { kind: 'reserved', at: START, id, ...details })
  }
  expect(state.accounts.buyer(state.accounts.find(0, 'buyer-1000007'))).toHaveLength(13)
  expect(state.accounts.count).toBe(COUNT)
  expect(state.due.count).toBe(COUNT)
  expect((state.reservations.bytes + state.accounts.bytes) / COUNT).toBeLessThanOrEqual(BYTES_MAX)
})
