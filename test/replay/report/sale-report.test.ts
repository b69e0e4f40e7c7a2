// The report's numbers: by hand for a small sale, and against a plain recount for random ones.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../core/event.ts'
import { partitionsAt } from '../../../replay/partition-place.ts'
import { saleReport } from '../../../replay/report/read-sale.ts'
import type { SaleReport } from '../../../replay/report/sale-report.ts'
import { faultCode } from '../../fixtures/blocks.ts'
import { adjust, cancel, confirm, giveBack, open, reserve, START } from '../../fixtures/commands.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { TestPartition } from '../../fixtures/test-partition.ts'
import { openedEvent, reservedEvent, writeEvents } from '../../fixtures/written-events.ts'
import { randomEvents } from '../../fixtures/written-journal.ts'
import { expectCounted } from './expect-counted.ts'
import { Recount } from './recount.ts'

const newDirectory = tempDirectories()

async function reportOn(events: readonly Event[]): Promise<SaleReport> {
  const data = newDirectory()
  const blocks: (readonly Event[])[] = []
  for (let done = 0; done < events.length; done += 40) blocks.push(events.slice(done, done + 40))
  await writeEvents(data, blocks)
  return saleReport(partitionsAt(data))
}

/** Ten shoes: two expire, two are cancelled, one is left out by a payment, one is returned; some sell twice. */
function smallSale(): readonly Event[] {
  const shop = new TestPartition()
  shop.ask(open(10, { unitPrice: 5_000, currency: 'EUR', holdMs: 60_000 }))
  shop.now += 1_000
  shop.askAll(reserve('a', 4, { buyer: 'ann' }), reserve('b', 2, { buyer: 'bob' }))
  shop.now += 500
  shop.askAll(reserve('c', 2, { buyer: 'cid' }), reserve('d', 2, { buyer: 'dan' }))
  shop.now += 10_000
  shop.askAll(confirm('a', 3), cancel('c'))
  // Bob's hold expires, then Dan's: with the rest 7 units are back, and the 2 that Eve takes were all held before.
  shop.pass(49_500)
  shop.pass(500)
  shop.now += 500
  shop.ask(reserve('e', 2, { buyer: 'eve' }))
  shop.now += 2_000
  shop.askAll(confirm('e'), giveBack('a', 1), adjust(1, 'found'), adjust(-3, 'broken'))
  shop.check()
  return shop.journal
}

describe('a small sale', () => {
  test('is counted as by hand', async () => {
    const report = await reportOn(smallSale())
    const { curve: _, tempo: __, skuRows, topSkus: ___, partitions: ____, ...rest } = report
    expect(rest).toEqual({
      ...{ firstAt: START, lastAt: START + 64_000 },
      ...{ firstReservedAt: START + 1_000, lastReservedAt: START + 62_000 },
      skus: { count: 1, ranOut: 1, soldOut: 0 },
      units: { stock: 8, available: 4, held: 0, sold: 4 },
      before: { held: 0, sold: 0 },
      outcomes: { made: 5, heldBefore: 0, confirmed: 2, cancelled: 1, expired: 2, held: 0 },
      moved: {
        ...{ reservedUnits: 12, confirmedUnits: 5, cancelledUnits: 2, expiredUnits: 4 },
        ...{ unpaidRestUnits: 1, returnedUnits: 1, freedUnits: 8 },
        // Of the 8, two were taken and sold again; of those that waited, two were broken after the found one.
        ...{ takenAgainUnits: 2, soldAgainUnits: 2, waitingUnits: 4 },
      },
      returns: 1,
      delay: {
        ...{
          count: 2,
          meanMs: 6_250,
          medianMs: 2_015,
          p90Ms: 10_500,
          p99Ms: 10_500,
          maxMs: 10_500,
        },
        buckets: [
          { upToMs: 2_000, count: 1 },
          { upToMs: 5_000, count: 0 },
          { upToMs: 10_000, count: 0 },
          { upToMs: 30_000, count: 1 },
        ],
      },
      busiestSecond: { at: START + 1_000, reservations: 4, units: 10 },
      buyers: 2,
      topBuyers: [
        { buyer: 'ann', units: 2, purchases: 1 },
        { buyer: 'eve', units: 2, purchases: 1 },
      ],
      value: { EUR: '25000' },
      unpricedUnits: 0,
      proof: { oversoldUnits: 0, strandedUnits: 0, events: 14, baseSeqs: 0, lastSeqs: 14 },
    })
    expect(skuRows).toMatchObject([{ sku: 'shoe', ranOutAfterMs: 500, isSoldOut: false }])
  })

  test('has a curve whose points are the moments themselves', async () => {
    const { curve, tempo, topSkus } = await reportOn(smallSale())
    const after = curve.map(([at, ...values]) => [at - START, ...values])
    expect(after).toEqual([
      ...[
        [1_000, 0, 6, 10],
        [1_500, 0, 10, 10],
        [11_500, 3, 7, 10],
      ],
      ...[
        [61_000, 3, 5, 10],
        [61_500, 3, 3, 10],
        [62_000, 3, 5, 10],
        [64_000, 4, 4, 8],
      ],
    ])
    expect(topSkus[0]?.curve.at(-1)).toEqual([START + 64_000, 4, 4])
    expect(tempo?.widthMs).toBe(1_000)
    expect(tempo?.counts.reserved.slice(0, 2)).toEqual([4, 0])
  })

  test('that sold its last unit says when', async () => {
    const shop = new TestPartition()
    shop.askAll(open(2), open(5, {}, 'hat'))
    shop.now += 3_000
    shop.ask(reserve('a', 2))
    shop.now += 7
    shop.ask(confirm('a'))
    const { skus, skuRows } = await reportOn(shop.journal)
    expect(skus).toEqual({ count: 2, ranOut: 1, soldOut: 1 })
    expect(skuRows).toMatchObject([
      { sku: 'shoe', ranOutAfterMs: 0, soldOutAfterMs: 7, isSoldOut: true },
      { sku: 'hat', ranOutAfterMs: undefined, soldOutAfterMs: undefined, isSoldOut: false },
    ])
  })

  test('of which nothing was reserved is a report, too', async () => {
    const nothing = await reportOn([openedEvent(3)])
    expect(nothing).toMatchObject({ units: { stock: 3, sold: 0 }, curve: [], tempo: undefined })
    const data = newDirectory()
    await writeEvents(data, [])
    const empty = await saleReport(partitionsAt(data))
    expect(empty).toMatchObject({ skus: { count: 0 }, firstAt: undefined, delay: undefined })
  })
})

describe('a random sale', () => {
  for (const number of [1, 2, 3]) {
    randomTest(`${number} is counted as a plain recount counts it`, async (random: Random) => {
      const events = randomEvents(random, 400)
      const [report, plain] = [await reportOn(events), new Recount(events)]
      expectCounted(report, plain)
      expect(report.proof.events).toBe(events.length)
    })
  }
})

describe('several partitions', () => {
  test('are one sale, in the order of time', async () => {
    // Each partition has its most at another second; together the third one is the busiest.
    const reserved = (key: string, second: number, ms: number) =>
      reservedEvent(key, 1, { at: START + second * 1_000 + ms })
    const [one, other] = [newDirectory(), newDirectory()]
    await writeEvents(one, [
      [openedEvent(9), ...[1, 2, 3].map((ms) => reserved(`a-${ms}`, 1, ms))],
      [reserved('b-1', 3, 10), reserved('b-2', 3, 30)],
    ])
    await writeEvents(other, [
      [openedEvent(5), reserved('c-1', 3, 20), reserved('c-2', 3, 40)],
      [4, 5, 6].map((ms) => reserved(`d-${ms}`, 6, ms)),
    ])
    cpSync(join(other, 'partition-0'), join(one, 'partition-1'), { recursive: true })
    const report = await saleReport(partitionsAt(one))
    expect(report.busiestSecond).toEqual({ at: START + 3_000, reservations: 4, units: 4 })
    expect(report.units).toEqual({ stock: 14, available: 4, held: 10, sold: 0 })
    const times = report.curve.map(([at]) => at - START)
    expect(times).toEqual([
      ...[1_001, 1_002, 1_003, 3_010, 3_020, 3_030, 3_040],
      6_004,
      6_005,
      6_006,
    ])
    expect(report.curve.at(-1)?.slice(1)).toEqual([0, 10, 14])
    expect(report.partitions.map(({ events }) => events)).toEqual([6, 6])
  })

  test('report nothing when one of them is damaged', async () => {
    const [one, other] = [newDirectory(), newDirectory()]
    await writeEvents(one, [[openedEvent(1)], [reservedEvent('a', 1, { at: START + 50 })]])
    await writeEvents(other, [[openedEvent(1)], [reservedEvent('a', 2, { at: START + 10 })]])
    cpSync(join(other, 'partition-0'), join(one, 'partition-1'), { recursive: true })
    expect(await faultCode(() => saleReport(partitionsAt(one)))).toBe('journal_damaged')
  })
})

test('a golden journal is reported with every event that it has', async () => {
  const data = newDirectory()
  const expected = copyGolden(data)
  const seen: number[] = []
  const report = await saleReport(partitionsAt(data), { onProgress: (events) => seen.push(events) })
  expect(report.partitions).toMatchObject([
    { lastSeq: expected.lastSeq, stateHash: expected.stateHash, partition: '0/1' },
  ])
  const { made, confirmed, cancelled, expired } = report.outcomes
  expect(expected.events).toMatchObject({ reserved: made, confirmed, cancelled, expired })
  expect(seen.at(-1)).toBe(expected.lastSeq)
})
