// Reports on journals that begin with a base: where segments were trimmed, and where partitions were made anew.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reshard } from '../../../replay/keep/reshard.ts'
import { trimSegments } from '../../../replay/keep/retire-segments.ts'
import { partitionsAt } from '../../../replay/partition-place.ts'
import { saleReport } from '../../../replay/report/read-sale.ts'
import { salePage } from '../../../replay/report/sale-page.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { confirm, giveBack, open, reserve } from '../../fixtures/commands.ts'
import { DataDirectory } from '../../fixtures/data-directory.ts'
import { appendTo, snapshotOf, startOn, writeKept } from '../../fixtures/kept-journal.ts'
import { runHoldfast } from '../../fixtures/real-server.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { TestPartition } from '../../fixtures/test-partition.ts'
import { writeEvents } from '../../fixtures/written-events.ts'
import { expectCounted } from './expect-counted.ts'
import { Recount } from './recount.ts'

const newDirectory = tempDirectories()
const ALL = Number.MAX_SAFE_INTEGER

/**
 * Ten shoes. Before the base, seq 5: ann buys 3, bob and cid hold 2 each. After it bob pays, cid's hold expires, ann
 * returns what she bought before and buys 1.
 */
async function cutSale(): Promise<string> {
  const data = newDirectory()
  const shop = new TestPartition()
  shop.ask(open(10, { unitPrice: 500, currency: 'EUR', holdMs: 60_000 }))
  shop.now += 1_000
  shop.askAll(reserve('a', 3, { buyer: 'ann' }), confirm('a'))
  shop.askAll(reserve('b', 2, { buyer: 'bob' }), reserve('c', 2, { buyer: 'cid' }))
  const baseSeq = shop.journal.length
  expect(baseSeq).toBe(5)
  shop.now += 7_500
  shop.askAll(confirm('b'), reserve('d', 1, { buyer: 'ann' }), confirm('d'), giveBack('a', 3))
  shop.pass(60_000)
  const paths = await writeEvents(data, [shop.journal.slice(0, baseSeq)])
  await snapshotOf(paths)
  const { head, identity = IDENTITY } = await startOn(paths)
  await appendTo(paths, { identity, head }, [shop.journal.slice(baseSeq)], { segmentBytes: 1 })
  expect(await trimSegments(paths, ALL)).toMatchObject({ firstSeq: baseSeq + 1 })
  return data
}

describe('a journal that was cut', () => {
  test('is counted as by hand', async () => {
    const report = await saleReport(partitionsAt(await cutSale()))
    expect(report).toMatchObject({
      before: { held: 4, sold: 3 },
      units: { stock: 10, available: 7, held: 0, sold: 3 },
      outcomes: { made: 1, heldBefore: 2, confirmed: 2, cancelled: 0, expired: 1, held: 0 },
      moved: { confirmedUnits: 3, expiredUnits: 2, returnedUnits: 3, waitingUnits: 5 },
      // Bob's reservation is in the base, with its time.
      delay: { count: 2, maxMs: 7_500 },
      value: { EUR: '1500' },
      // What ann returned is not what she bought since.
      topBuyers: [
        { buyer: 'bob', units: 2, purchases: 1 },
        { buyer: 'ann', units: 1, purchases: 1 },
      ],
      partitions: [{ baseSeq: 5, events: 5, lastSeq: 10 }],
      proof: { oversoldUnits: 0, strandedUnits: 0, events: 5, baseSeqs: 5, lastSeqs: 10 },
    })
    expect(report.curve.map(([, ...values]) => values)).toEqual([
      [3, 5, 10],
      [3, 3, 10],
    ])
  })

  test('says where it begins, in words, as JSON and on the page', async () => {
    const data = await cutSale()
    const begins =
      'The journal begins after seq 5: what happened before is not in it; 3 units had been sold by then.'
    const { status, stdout, stderr } = await runHoldfast(['replay', 'report', data])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.startsWith(`${begins}\n`)).toBe(true)
    expect(stdout).toMatch(/^ {2}confirmed +2 \(66\.7 %\), 3 units$/m)
    expect(stdout).toMatch(/^journaled +5 events after seq 5, last seq 10: no gap/m)
    const page = salePage(await saleReport(partitionsAt(data)))
    expect(page).toContain(begins)
    expect(page).toContain('Journaled: 5 events after seq 5, last seq 10')
    expect(page).not.toContain('aria-label="broken"')
    const [, text = ''] =
      /<script type="application\/json" id="data">(.*?)<\/script>/.exec(page) ?? []
    const { charts } = JSON.parse(text)
    // The charts begin with what had been sold by then, and sold or held, not with nothing.
    const [, promised, sold] = charts.curve.series
    expect([sold.values[0], promised.values[0]]).toEqual([3, 7])
  })

  randomTest('is counted as a plain recount counts it, wherever it is cut', async (random) => {
    for (let round = 0; round < 2; round++) {
      const data = newDirectory()
      const { directory, events } = await writeKept(random, data, {
        count: 300,
        segmentBytes: 3_000,
      })
      const { paths } = directory
      await snapshotOf(paths)
      const { firstSeq } = await trimSegments(
        paths,
        random.integer(events.length >> 1, events.length - 20),
      )
      const [report, plain] = [
        await saleReport(partitionsAt(data)),
        new Recount(events, firstSeq - 1),
      ]
      expect(firstSeq).toBeGreaterThan(1)
      expectCounted(report, plain)
      expect(report.before).toEqual(plain.before)
      expect(report.proof).toMatchObject({
        events: events.length - firstSeq + 1,
        baseSeqs: firstSeq - 1,
        lastSeqs: events.length,
      })
    }
  })
})

test('partitions made anew have no events, and a report', async () => {
  const { directory, events } = await writeKeptSale()
  const to = join(newDirectory(), 'new')
  await reshard([directory.paths], 2, to, 2 ** 30)
  const seen: number[] = []
  const onProgress = (seqs: number) => seen.push(seqs)
  const report = await saleReport(partitionsAt(to), { onProgress })
  const old = await saleReport(partitionsAt(directory.data))
  expect(report).toMatchObject({ units: old.units, buyers: 0, curve: [], delay: undefined })
  expect(report.before).toEqual({ held: old.units.held, sold: old.units.sold })
  expect(report.outcomes).toMatchObject({ made: 0, held: old.outcomes.held })
  expect(report.partitions.map((one) => [one.baseSeq, one.events])).toEqual([
    [events, 0],
    [events, 0],
  ])
  expect(report.proof).toMatchObject({ strandedUnits: 0, events: 0, baseSeqs: 2 * events })
  const page = salePage(report)
  expect(page).toContain(`Journals begin after seq ${events} (partition 0/2), seq ${events} `)
  expect(page).not.toContain('aria-label="broken"')
})

async function writeKeptSale(): Promise<{ directory: DataDirectory; events: number }> {
  const directory = new DataDirectory(newDirectory())
  const shop = new TestPartition()
  for (const sku of ['shoe', 'hat', 'bag', 'cap']) {
    shop.askAll(open(5, {}, sku), reserve(`${sku}-1`, 2, { sku }), reserve(`${sku}-2`, 1, { sku }))
  }
  shop.ask(confirm('shoe-1'))
  await writeEvents(directory.data, [shop.journal])
  return { directory, events: shop.journal.length }
}
