// The proof lines can fail: a state that was tampered with, and events that promise too much, are counted and shown.
import { expect, test } from 'vitest'
import type { Event } from '../../../core/event.ts'
import { evolve } from '../../../core/evolve.ts'
import { PartitionState } from '../../../core/partition-state.ts'
import { partitionsAt } from '../../../replay/partition-place.ts'
import { PartitionTally } from '../../../replay/report/partition-tally.ts'
import { saleReport } from '../../../replay/report/read-sale.ts'
import { salePage } from '../../../replay/report/sale-page.ts'
import { SaleTally } from '../../../replay/report/sale-tally.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { laterEvent, openedEvent, reservedEvent } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()

function tallied(events: readonly Event[]) {
  const [sale, state] = [new SaleTally(), new PartitionState(1)]
  const tally = new PartitionTally(sale)
  for (const event of events) {
    evolve(state, event)
    tally.take(event, state)
  }
  return { sale, state, tally }
}

const SALE = [openedEvent(5), reservedEvent('a', 2), reservedEvent('b', 1)]

test('stranded are units that the counters lost, and held ones without a hold', () => {
  const { state, tally } = tallied([...SALE, laterEvent.confirmed('a', 2)])
  expect(tally.strandedUnits(state)).toBe(0)
  const [actor] = state.actors
  if (actor === undefined) throw new Error('the SKU was opened')
  actor.available -= 2
  expect(tally.strandedUnits(state)).toBe(2)
  actor.available += 2
  actor.held += 1
  expect(tally.strandedUnits(state)).toBe(1)
})

test('oversold are units that were promised beyond the stock', () => {
  const { sale, state, tally } = tallied(SALE)
  expect(sale.oversoldUnits).toBe(0)
  // The state takes two units, the tally hears of four: two more than there are.
  evolve(state, reservedEvent('c', 2))
  tally.take(reservedEvent('c', 4), state)
  expect(sale.oversoldUnits).toBe(2)
})

test('a broken proof shows as one', async () => {
  const data = newDirectory()
  copyGolden(data)
  const report = await saleReport(partitionsAt(data))
  const proof = { oversoldUnits: 3, strandedUnits: 0, events: 61, baseSeqs: 0, lastSeqs: 62 }
  const page = salePage({ ...report, proof })
  expect(page).toContain('<span class="bad">3</span>')
  expect(page).toContain('3 units were oversold.')
  const signs = [...page.matchAll(/aria-label="(holds|broken|note)"/g)].map(([, sign]) => sign)
  expect(signs).toEqual(['broken', 'holds', 'broken', 'note'])
})
