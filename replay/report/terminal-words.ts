// The report in the words of a terminal: what happened, in the order in which people ask, and the proof at the end.
import { type Cell, count, printPairs, printTable, style } from '../cli/output.ts'
import { BASE_LEAVES_OPEN, baseWords } from './base-words.ts'
import { countOf, instantWords, moneyWords, shareWords, spanWords } from './number-words.ts'
import type { SaleReport } from './sale-report.ts'
import type { SkuRow } from './sku-rows.ts'
import type { CurvePoint } from './step-curve.ts'

type Pair = readonly [string, string]

const BARS = '▁▂▃▄▅▆▇█'
const CURVE_CHARACTERS = 40
const SKU_CURVE_CHARACTERS = 12

/** Prints the whole report. */
export function printReport(report: SaleReport): void {
  const base = baseWords(report)
  if (base !== undefined) process.stdout.write(`${base}.\n${BASE_LEAVES_OPEN}.\n\n`)
  printPairs([...salePairs(report), ...holdPairs(report), ...freedPairs(report)])
  if (report.topSkus.length > 0) {
    process.stdout.write('\n')
    printTable(
      ['top SKUs', 'sold', 'stock', 'ran out after', 'all sold after', 'sold again', 'curve'],
      report.topSkus.map((row) => skuCells(report, row, row.curve)),
    )
    const more = report.skuRows.length - report.topSkus.length
    if (more > 0) process.stdout.write(`and ${countOf(more, 'more SKU')}: see --json or --html\n`)
  }
  if (report.topBuyers.length > 0) {
    process.stdout.write('\n')
    printTable(
      ['top buyers', 'units', 'purchases'],
      report.topBuyers.map(({ buyer, units, purchases }) => [buyer, units, purchases]),
    )
  }
  process.stdout.write('\n')
  printPairs(proofPairs(report))
}

function salePairs(report: SaleReport): Pair[] {
  const { units, skus, firstReservedAt: from, lastReservedAt: until } = report
  const time = from === undefined || until === undefined ? '–' : saleTime(from, until)
  const most = report.busiestSecond
  const busiest =
    most === undefined
      ? '–'
      : `${instantWords(most.at)}: ${countOf(most.reservations, 'reservation')} of ${countOf(most.units, 'unit')}`
  const value = Object.entries(report.value).map(([currency, minor]) => moneyWords(minor, currency))
  return [
    ['sale', time],
    [
      'units sold',
      `${count(units.sold)} of ${count(units.stock)} (${shareWords(units.sold, units.stock)})`,
    ],
    [
      'sell-through',
      sparkline(report.curve, report, [report.before.sold, units.stock], CURVE_CHARACTERS),
    ],
    [
      'sold out',
      `${count(skus.ranOut)} of ${countOf(skus.count, 'SKU')} ran out; ${count(skus.soldOut)} sold to the last unit`,
    ],
    ['value confirmed', value.length === 0 ? '–' : value.join(', ')],
    ['buyers', count(report.buyers)],
    ['busiest second', busiest],
  ]
}

function saleTime(from: number, until: number): string {
  return `${instantWords(from)} to ${instantWords(until)}: ${spanWords(until - from)}`
}

function holdPairs({ outcomes, moved, delay }: SaleReport): Pair[] {
  const { made, heldBefore } = outcomes
  const line = (name: string, holds: number, units: number): Pair => [
    `  ${name}`,
    `${count(holds)} (${shareWords(holds, made + heldBefore)}), ${countOf(units, 'unit')}`,
  ]
  const times =
    delay === undefined
      ? '–'
      : `half within ${spanWords(delay.medianMs)}, 90 % ${spanWords(delay.p90Ms)}, ` +
        `99 % ${spanWords(delay.p99Ms)}, all ${spanWords(delay.maxMs)}`
  return [
    ['reservations', `${count(made)} for ${countOf(moved.reservedUnits, 'unit')}`],
    ...(heldBefore === 0 ? [] : [['  held before', count(heldBefore)] as const]),
    line('confirmed', outcomes.confirmed, moved.confirmedUnits),
    line('cancelled', outcomes.cancelled, moved.cancelledUnits),
    line('expired', outcomes.expired, moved.expiredUnits),
    ['  still held', count(outcomes.held)],
    ['paid', times],
  ]
}

function freedPairs({ moved, returns }: SaleReport): Pair[] {
  return [
    ['returned', `${countOf(moved.returnedUnits, 'unit')} in ${countOf(returns, 'return')}`],
    ['units that came back', count(moved.freedUnits)],
    ['  taken again', count(moved.takenAgainUnits)],
    ['  sold again', count(moved.soldAgainUnits)],
    ['  still waiting', count(moved.waitingUnits)],
  ]
}

function skuCells(report: SaleReport, row: SkuRow, curve: readonly CurvePoint[]): Cell[] {
  const after = (ms: number | undefined) => (ms === undefined ? undefined : spanWords(ms))
  return [
    ...[row.sku, row.sold, row.stock, after(row.ranOutAfterMs), after(row.soldOutAfterMs)],
    ...[
      row.soldAgainUnits,
      sparkline(curve, report, [row.soldBefore, row.stock], SKU_CURVE_CHARACTERS),
    ],
  ]
}

// Units sold by the end of each of `characters` equal spans, against `whole`; `before` where the journal begins.
function sparkline(
  curve: readonly CurvePoint[],
  { firstReservedAt: from = curve[0]?.[0] ?? 0 }: SaleReport,
  [before, whole]: readonly [before: number, whole: number],
  characters: number,
): string {
  const until = curve.at(-1)?.[0]
  if (until === undefined || whole === 0) return '–'
  let line = ''
  for (let index = 1; index <= characters; index++) {
    const at = from + ((until - from) * index) / characters
    const [, sold = before] = curve.findLast(([time]) => time <= at) ?? []
    const height = Math.min(BARS.length - 1, Math.floor((sold / whole) * BARS.length))
    line += sold === 0 ? ' ' : BARS.charAt(height)
  }
  return line
}

function proofPairs({ proof, partitions }: SaleReport): Pair[] {
  const { oversoldUnits, strandedUnits, events, baseSeqs, lastSeqs } = proof
  const verdict = (units: number) => style(units === 0 ? 'green' : 'red', count(units))
  const isSame = baseSeqs + events === lastSeqs
  const after = baseSeqs === 0 ? '' : ` after seq ${count(baseSeqs)}`
  const journaled =
    `${count(events)} events${after}, last seq ${count(lastSeqs)}` +
    `${partitions.length > 1 ? ` over ${partitions.length} partitions` : ''}: ` +
    `${isSame ? 'no gap, every chain of blocks whole' : style('red', 'not the same')}`
  return [
    ['oversold', `${verdict(oversoldUnits)} units, checked after every event`],
    [
      'stranded',
      `${verdict(strandedUnits)} units: available + in a hold + sold = stock, recounted`,
    ],
    ['journaled', journaled],
    [
      'acknowledged',
      'what was answered had been journaled; `drill kill` proves that, not a journal',
    ],
    ...partitions.map(
      ({ partition, stateHash }): Pair => [
        'state hash',
        `${stateHash}, partition ${partition ?? 'empty'}`,
      ],
    ),
  ]
}
