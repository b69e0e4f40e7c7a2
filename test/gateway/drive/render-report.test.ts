// The report of a drive as a table.
import { expect, test } from 'vitest'
import { DEFAULT_COLUMNS } from '../../../gateway/drive/columns.ts'
import { Discrepancies } from '../../../gateway/drive/discrepancies.ts'
import { PLAIN_MARKS, renderReport } from '../../../gateway/drive/render-report.ts'
import { type DriveReport, makeReport } from '../../../gateway/drive/report.ts'
import { Tally } from '../../../gateway/drive/tally.ts'

function reportOf(discrepancies: Discrepancies): DriveReport {
  const tally = new Tally()
  tally.linesRead = 20
  Object.assign(tally.reserved, { lines: 10, units: 1500 })
  Object.assign(tally.confirmed, { lines: 9, units: 1400 })
  Object.assign(tally.abandoned, { lines: 1, units: 100 })
  tally.refused.set('buyer_limit', { lines: 1, units: 1 })
  tally.refused.set('sold_out', { lines: 4, units: 9 })
  tally.notReturned.set('return_without_purchase', { lines: 2, units: 3 })
  tally.noSale.set('price_zero', 3)
  return makeReport({
    options: {
      file: 'orders.csv',
      columns: DEFAULT_COLUMNS,
      currency: 'GBP',
      limit: undefined,
      url: 'http://127.0.0.1:7070',
      run: 'friday',
      seed: 1,
      abandonShare: 0.1,
      stockShare: 0.6,
      speed: 'max',
      concurrency: 8,
      batchSize: 500,
      holdMs: 900_000,
      retryForMs: 60_000,
    },
    survey: {
      lineCount: 20,
      demand: new Map(),
      returnKeys: new Set(),
      mappedSkus: new Map([['BANK CHARGES', 'x--BANK_20CHARGES']]),
    },
    opened: {
      ledgers: new Map(),
      created: 2,
      existing: 1,
      otherStock: 1,
      stockUnits: 2000,
      demandUnits: 3000,
    },
    tally,
    measurements: { requests: 4, retries: 1, p50Ms: 1.25, p99Ms: 9 },
    times: { surveyMs: 1, openMs: 1, sellMs: 2000, verifyMs: 1, wallMs: 2003 },
    verification: {
      skus: 3,
      availableUnits: 500,
      heldUnits: 100,
      soldUnits: 1400,
      abandonedHeld: 1,
      abandonedExpired: 0,
    },
    discrepancies,
  })
}

const EQUAL = reportOf(new Discrepancies())

test('says that the stock is derived, from what, and which SKUs are mapped', () => {
  const text = renderReport(EQUAL, PLAIN_MARKS)
  expect(text).toContain('derived, not in the file: 60 % of each SKU')
  expect(text).toContain('2 SKUs created, 1 existed; 2,000 units')
  expect(text).toContain('"BANK CHARGES" is sold as x--BANK_20CHARGES')
})

test('has a row for every outcome, the most frequent refusal first', () => {
  const rows = renderReport(EQUAL, PLAIN_MARKS).split('\n')
  const outcomes = rows.map((line) => line.trim().split(/\s{2,}/))
  expect(outcomes).toContainEqual(['reserved', '10', '1,500'])
  expect(outcomes).toContainEqual(['not returned: return_without_purchase', '2', '3'])
  expect(outcomes).toContainEqual(['no sale: price_zero', '3'])
  expect(outcomes).toContainEqual(['durable reservations/s', '5'])
  expect(outcomes).toContainEqual(['batch request p50 | p99, ms', '1.25', '9'])
  expect(Object.keys(EQUAL.refused)).toEqual(['sold_out', 'buyer_limit'])
})

test('says that both count the same', () => {
  expect(EQUAL.ok).toBe(true)
  expect(renderReport(EQUAL, PLAIN_MARKS)).toMatch(/ledger equals the server, unit by unit\.\n$/)
})

test('names the first differences and how many more there are', () => {
  const discrepancies = new Discrepancies()
  for (let index = 0; index < 25; index += 1) {
    discrepancies.add({ sku: `S${index}`, field: 'sold', expected: 4, found: 5 })
  }
  const report = reportOf(discrepancies)
  expect(report.ok).toBe(false)
  const text = renderReport(report, PLAIN_MARKS)
  expect(text).toContain('DIFFERENCES between the ledger and the server: 25')
  expect(text).toContain('  S19  sold: expected 4, found 5\n  and 5 more\n')
})

test('survives JSON, with every line accounted for', () => {
  const parsed = JSON.parse(JSON.stringify(EQUAL))
  expect(parsed).toEqual(EQUAL)
  expect(parsed).toMatchObject({
    ok: true,
    lines: { read: 20, noSale: { price_zero: 3 } },
    openingStock: { derivedFrom: 'share of gross demand', share: 0.6 },
    mappedSkus: [{ text: 'BANK CHARGES', id: 'x--BANK_20CHARGES' }],
    requests: { perSecond: 2, reservationsPerSecond: 5 },
    discrepancies: { total: 0, first: [] },
  })
})
