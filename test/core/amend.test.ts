// Changing some rules of a SKU: what is named changes, the rest stays, and contradictions are seen in the whole.
import { describe, expect, test } from 'vitest'
import { amendRules, completeRules, type RulesPatch, type SaleRules } from '../../core/rules.ts'
import { amend, cancel, confirm, extend, open, reserve, START } from '../fixtures/commands.ts'
import { testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()
const HOUR = 3_600_000

/** A value for each rule, none of them its default. */
const ALL: SaleRules = {
  ...{ unitPrice: 4_990, currency: 'EUR', holdMs: 60_000, maxHoldMs: 120_000, perBuyer: 2 },
  ...{ opensAt: START - HOUR, closesAt: START + HOUR, paused: true },
}
const NAMES = Object.keys(ALL) as (keyof SaleRules)[]

describe('an amendment', () => {
  test('changes what it names and leaves the rest, with complete rules in the journal', () => {
    const shop = partitions()
    shop.ask(open(5, ALL))
    const rules = { ...ALL, perBuyer: 7 }
    expect(shop.ask(amend({ perBuyer: 7 }))).toMatchObject({ isNew: false, seq: 2, rules })
    expect(shop.journal[1]).toEqual({ kind: 'changed', at: START, sku: 'shoe', rules })
  })

  test.each(NAMES)('sets %s alone, from its absence or default', (name) => {
    const before = completeRules({})
    const changes: RulesPatch = { [name]: ALL[name] }
    expect(amendRules(before, changes)).toEqual({ ...before, [name]: ALL[name] })
  })

  test.each(['unitPrice', 'currency', 'perBuyer', 'opensAt', 'closesAt'] as const)(
    'takes %s away by null, and nothing else',
    (name) => {
      const shop = partitions()
      shop.ask(open(5, ALL))
      const rules = { ...ALL, [name]: undefined }
      expect(shop.ask(amend({ [name]: null }))).toMatchObject({ seq: 2, rules })
      expect(shop.sku().rules).toEqual(rules)
    },
  )

  test('that changes nothing is no event', () => {
    const shop = partitions()
    shop.ask(open(5, { ...ALL, perBuyer: undefined }))
    expect(shop.ask(amend({ ...ALL, perBuyer: null }))).toMatchObject({ seq: 1 })
    expect(shop.journal).toHaveLength(1)
  })

  test('keeps what was sold and held: only what comes next meets the new rules', () => {
    const shop = partitions()
    shop.askAll(open(9), reserve('a', 4), reserve('b', 4, { buyer: 'bob' }), confirm('b'))
    shop.ask(amend({ perBuyer: 1, paused: true }))
    expect(shop.units()).toEqual([1, 4, 4])
    expect(shop.ask(reserve('c', 1, { buyer: 'cem' }))).toMatchObject({ code: 'sale_paused' })
    expect(shop.ask(extend('a', 1_000_000))).toMatchObject({ state: 'held' })
    expect(shop.ask(cancel('a'))).toMatchObject({ state: 'cancelled' })
    shop.ask(amend({ paused: false }))
    expect(shop.ask(reserve('d', 1, { buyer: 'bob' }))).toMatchObject({
      ...{ code: 'buyer_limit', limit: 1, used: 4 },
    })
  })
})

describe('closing and opening', () => {
  test.each([
    ['long ago', 1],
    ['a moment ago', START - 1],
    ['at this moment', START],
  ])('%s is now', (_, closesAt) => {
    const shop = partitions()
    shop.askAll(open(5), amend({ closesAt }))
    expect(shop.ask(reserve('a'))).toMatchObject({ code: 'sale_closed' })
  })

  test('now, of a sale that has not opened, takes the opening away in the same call', () => {
    const shop = partitions()
    shop.ask(open(5, { opensAt: START + HOUR }))
    expect(shop.ask(amend({ closesAt: START }))).toMatchObject({ code: 'rules_contradict' })
    expect(shop.ask(amend({ opensAt: null, closesAt: START }))).toMatchObject({ kind: 'sku' })
    expect(shop.ask(reserve('a'))).toMatchObject({ code: 'sale_closed' })
  })

  test('again is taking the close away', () => {
    const shop = partitions()
    shop.askAll(open(5, { closesAt: START }), amend({ closesAt: null }))
    expect(shop.ask(reserve('a'))).toMatchObject({ isNew: true })
  })
})
