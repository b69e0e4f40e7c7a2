// Random histories against the naive model: every answer, every counter, and the state by three ways.
import { expect, test } from 'vitest'
import { checkState } from '../../core/check-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import { START } from '../fixtures/commands.ts'
import { type ModelCommand, NaiveModel } from '../fixtures/naive-model.ts'
import { RETENTION_MS, someCommand, someDelay } from '../fixtures/random-commands.ts'
import { type Random, randomTest } from '../fixtures/seed.ts'
import { replayed, restored, TestPartition, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()
/** Kinds and codes of all answers in this file's histories. */
const met = new Set<string>()

function compare(shop: TestPartition, model: NaiveModel, command: ModelCommand): void {
  const expected = model.ask(command, shop.now)
  const label = JSON.stringify({ step: shop.asked.length, now: shop.now, command })
  const outcome = shop.ask(command)
  expect(outcome, label).toMatchObject(expected)
  met.add('code' in outcome ? outcome.code : outcome.kind)
  expect(shop.state.lastSeq, label).toBe(model.seq)
  for (const actor of shop.state.actors) {
    const { stock, available, held, sold } = actor
    expect({ stock, available, held, sold }, label).toEqual(model.units(actor.sku))
  }
}

function compareHistory(
  random: Random,
  steps: number,
  everyFiftieth: (shop: TestPartition) => void,
) {
  const shop = partitions()
  const model = new NaiveModel(RETENTION_MS)
  shop.partition.configure(RETENTION_MS, shop.now)
  shop.settle()
  model.seq = 1
  for (let step = 1; step <= steps; step++) {
    shop.now = Math.max(START, shop.now + someDelay(random))
    compare(shop, model, someCommand(random, shop.now))
    if (step % 50 === 0) everyFiftieth(shop)
  }
}

for (let round = 1; round <= 8; round++) {
  randomTest(`answers and counts as the naive model does, history ${round}`, (random) => {
    compareHistory(random, 2_000, (shop) => {
      checkState(shop.state)
      expect(stateHash(replayed(shop.journal))).toBe(shop.hash)
    })
  })
}

randomTest('a restored state behaves from then on as the one it was made of', (random) => {
  compareHistory(random, 600, (shop) => {
    const twins = [restored(shop.state), replayed(shop.journal)].map(
      (state) => new TestPartition(state, [...shop.journal]),
    )
    const original = new TestPartition(restored(shop.state, 1), [...shop.journal])
    let now = shop.now
    for (let step = 0; step < 60; step++) {
      now += someDelay(random)
      const command = someCommand(random, now)
      original.now = now
      const expected = original.ask(command)
      for (const twin of twins) {
        twin.now = now
        expect(twin.ask(command)).toEqual(expected)
      }
    }
    for (const twin of twins) {
      twin.check()
      expect(twin.hash).toBe(original.hash)
    }
  })
})

test('the histories above met every answer that they could', () => {
  const expected = [
    'already_cancelled',
    'already_confirmed',
    'buyer_limit',
    'hold_limit',
    'insufficient_available',
    'key_reused',
    'not_confirmed',
    'other_buyer',
    'quantity_too_large',
    'reservation',
    'reservation_expired',
    'rules_contradict',
    'sale_closed',
    'sale_not_open',
    'sale_paused',
    'sku',
    'sold_out',
    'stock_fixed',
    'unknown_reservation',
    'unknown_sku',
  ]
  expect([...met]).toEqual(expect.arrayContaining(expected))
})
