// Holds a report against a plain recount of the same events.
import { expect } from 'vitest'
import type { SaleReport } from '../../../replay/report/sale-report.ts'
import { START } from '../../fixtures/commands.ts'
import type { Recount } from './recount.ts'

/** Expects of `report` every number that `plain` counts. */
export function expectCounted(report: SaleReport, plain: Recount): void {
  const { reserved = 0, confirmed = 0, cancelled = 0, expired = 0, returned = 0 } = plain.ended
  expect(report.units).toMatchObject({
    ...{ sold: plain.sold, held: plain.held, available: plain.available },
  })
  expect(report.outcomes).toMatchObject({ made: reserved, confirmed, cancelled, expired })
  expect(report.moved).toMatchObject({
    ...{ freedUnits: plain.cameBack, takenAgainUnits: plain.takenAgain },
    ...{ soldAgainUnits: plain.soldAgain, waitingUnits: plain.waiting },
  })
  expect(report.busiestSecond).toEqual(plain.busiestSecond)
  expect(report.returns).toBe(returned)
  const buyers = report.topBuyers.map(({ buyer, units }) => ({ buyer, units }))
  expect(buyers).toEqual(plain.buyers)
  const { count = 0, medianMs = 0, maxMs } = report.delay ?? {}
  expect([count, maxMs]).toEqual([plain.delays.length, plain.delays.at(-1)])
  const median = plain.delays[Math.ceil(plain.delays.length / 2) - 1] ?? 0
  expect(medianMs).toBeGreaterThanOrEqual(median)
  expect(medianMs).toBeLessThanOrEqual(median * 1.02)
  for (const shelf of plain.shelves) {
    const row = report.skuRows.find(({ sku }) => sku === shelf.sku)
    const { firstAt = START, ranOutAt, soldOutAt } = shelf
    const after = [ranOutAt, soldOutAt].map((at) => at && at - firstAt)
    expect([row?.ranOutAfterMs, row?.soldOutAfterMs], shelf.sku).toEqual(after)
  }
  const [at, sold, promised, stock] = report.curve.at(-1) ?? []
  expect(at).toBeLessThanOrEqual(report.lastAt ?? 0)
  expect([sold, promised]).toEqual([plain.sold, plain.sold + plain.held])
  expect(stock).toBe(plain.sold + plain.held + plain.available)
  expect(report.proof).toMatchObject({ oversoldUnits: 0, strandedUnits: 0 })
}
