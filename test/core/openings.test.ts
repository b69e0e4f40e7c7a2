// Opening SKUs, changing their rules, adjusting their stock, and listing them.
import { describe, expect, test } from 'vitest'
import { decide } from '../../core/decide.ts'
import { ADJUSTMENTS_MAX, SKUS_MAX, STOCK_MAX } from '../../core/limits.ts'
import type { SkuView } from '../../core/outcome.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { completeRules, isSameRules, rulesContradiction } from '../../core/rules.ts'
import { adjust, cancel, open, reserve, START } from '../fixtures/commands.ts'
import { replayed, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()

describe('opening', () => {
  test('creates, then repeats, then changes', () => {
    const shop = partitions()
    expect(shop.ask(open(5, { perBuyer: 2 }))).toMatchObject({ isNew: true, stock: 5, seq: 1 })
    expect(shop.ask(open(5, { perBuyer: 2 }))).toMatchObject({ isNew: false, seq: 1 })
    expect(shop.ask(open(5, { perBuyer: 3 }))).toMatchObject({
      isNew: false,
      seq: 2,
      rules: { perBuyer: 3 },
    })
    expect(shop.journal.map(({ kind }) => kind)).toEqual(['opened', 'changed'])
  })

  test('may leave the stock out for a SKU that exists, or name the one it was opened with', () => {
    const shop = partitions()
    shop.askAll(open(5), adjust(3, 'k'))
    expect(shop.ask(open(undefined, { paused: true }))).toMatchObject({ stock: 8, seq: 3 })
    expect(shop.ask(open(5, { paused: false }))).toMatchObject({ stock: 8, seq: 4 })
    expect(shop.ask(open(8))).toMatchObject({ code: 'stock_fixed' })
  })

  test('replaces all rules: what is left out gets its default again', () => {
    const shop = partitions()
    shop.askAll(open(5, { perBuyer: 2, unitPrice: 999, currency: 'EUR' }), open(5))
    expect(shop.sku().rules).toEqual(completeRules({}))
  })

  const changes = [
    { unitPrice: 1 },
    { currency: 'EUR' },
    { holdMs: 1_001 },
    { maxHoldMs: 3_600_001 },
    { perBuyer: 1 },
    { opensAt: 1 },
    { closesAt: 1 },
    { paused: true },
  ]
  test.each(changes)('takes %o for a change', (rules) => {
    const shop = partitions()
    shop.ask(open(5))
    expect(shop.ask(open(5, rules))).toMatchObject({ seq: 2, rules })
    expect(isSameRules(completeRules(rules), completeRules({}))).toBe(false)
  })

  test('takes a stock of nothing and the largest one', () => {
    const shop = partitions()
    expect(shop.ask(open(0))).toMatchObject({ available: 0 })
    expect(shop.ask(open(STOCK_MAX, {}, 'hat'))).toMatchObject({ available: STOCK_MAX })
  })

  test('is refused when there are as many SKUs as there may be', () => {
    const state = new PartitionState(1)
    Object.defineProperty(state, 'actors', { value: { length: SKUS_MAX }, configurable: true })
    expect(decide(state, open(1), START)).toEqual({ kind: 'refusal', code: 'sku_limit' })
    Object.defineProperty(state, 'actors', { value: { length: SKUS_MAX - 1 } })
    expect(decide(state, open(1), START)).toMatchObject({ kind: 'opened' })
  })
})

describe('adjusting', () => {
  test('adds and takes units nobody holds, once per key', () => {
    const shop = partitions()
    shop.askAll(open(5), reserve('a', 2))
    const first = shop.ask(adjust(-3, 'k'))
    expect(first).toMatchObject({ isReplay: false, stock: 2, available: 0, held: 2, seq: 3 })
    shop.askAll(adjust(10, 'l'), cancel('a'))
    const before = shop.hash
    expect(shop.ask(adjust(-3, 'k'))).toEqual({ ...first, isReplay: true })
    expect(shop.hash).toBe(before)
    expect(shop.units()).toEqual([12, 0, 0])
  })

  test('keeps the keys of different SKUs apart', () => {
    const shop = partitions()
    shop.askAll(open(5), open(5, {}, 'hat'), adjust(1, 'k'))
    expect(shop.ask(adjust(2, 'k', 'count', 'hat'))).toMatchObject({ isReplay: false, stock: 7 })
  })

  test('reaches the largest stock exactly', () => {
    const shop = partitions()
    shop.ask(open(STOCK_MAX - 1))
    expect(shop.ask(adjust(2, 'k'))).toMatchObject({ code: 'stock_limit' })
    expect(shop.ask(adjust(1, 'k'))).toMatchObject({ stock: STOCK_MAX })
  })

  test('is refused when as many keys are remembered as may be, but a repeat is answered', () => {
    const state = replayed([
      { kind: 'opened', at: START, sku: 'shoe', stock: 1, rules: completeRules({}), by: undefined },
    ])
    for (let number = 0; number < ADJUSTMENTS_MAX; number++) {
      const counters = { stock: 1, available: 1, held: 0, sold: 0 }
      const made = { sku: 'shoe', key: `k${number}`, delta: 0, reason: 'r', at: START, seq: 1 }
      state.adjustments.add({ ...made, ...counters })
    }
    expect(decide(state, adjust(1, 'new'), START)).toEqual({
      kind: 'refusal',
      code: 'adjustment_limit',
    })
    expect(decide(state, adjust(0, 'k7', 'r'), START)).toEqual({ kind: 'unchanged' })
    expect(decide(state, adjust(1, 'k7', 'r'), START)).toMatchObject({ code: 'key_reused' })
  })
})

describe('listing', () => {
  test('gives pages in the order of opening, the last one without a next', () => {
    const shop = partitions()
    const names = ['d', 'a', 'c', 'b', 'e']
    for (const name of names) shop.ask(open(1, {}, name))
    const seen: string[] = []
    let after: string | undefined
    for (let page = 0; page < 3; page++) {
      const outcome = shop.ask({ kind: 'list-skus', after, limit: 2 })
      if (outcome.kind !== 'skus') throw new Error('no page')
      seen.push(...outcome.skus.map(({ sku }: SkuView) => sku))
      after = outcome.next
      expect(after).toBe([...['a', 'b']][page])
    }
    expect(seen).toEqual(names)
  })

  test('of nothing is an empty page', () => {
    const shop = partitions()
    expect(shop.ask({ kind: 'list-skus', after: undefined, limit: 5 })).toEqual({
      kind: 'skus',
      skus: [],
      next: undefined,
    })
  })

  test('of exactly one page has no next', () => {
    const shop = partitions()
    shop.askAll(open(1), open(1, {}, 'hat'))
    expect(shop.ask({ kind: 'list-skus', after: undefined, limit: 2 })).toMatchObject({
      next: undefined,
    })
    expect(shop.ask({ kind: 'list-skus', after: 'hat', limit: 2 })).toMatchObject({ skus: [] })
  })
})

describe('rules', () => {
  test('are completed with defaults that do not contradict what was said', () => {
    expect(completeRules({})).toMatchObject({
      holdMs: 900_000,
      maxHoldMs: 3_600_000,
      paused: false,
    })
    expect(completeRules({ maxHoldMs: 60_000 })).toMatchObject({ holdMs: 60_000 })
    expect(completeRules({ holdMs: 7_200_000 })).toMatchObject({ maxHoldMs: 7_200_000 })
  })

  test('that contradict each other are told apart from those that make sense', () => {
    const contradiction = (rules: Parameters<typeof completeRules>[0]) =>
      rulesContradiction(completeRules(rules))
    expect(contradiction({})).toBeUndefined()
    expect(contradiction({ holdMs: 2_000, maxHoldMs: 1_999 })).toMatch('maxHoldMs')
    expect(contradiction({ holdMs: 2_000, maxHoldMs: 2_000 })).toBeUndefined()
    expect(contradiction({ opensAt: 5, closesAt: 5 })).toMatch('closesAt')
    expect(contradiction({ opensAt: 5, closesAt: 6 })).toBeUndefined()
    expect(contradiction({ opensAt: 5 })).toBeUndefined()
  })
})
