// The lower part of the report's page: what became of the holds, who bought what, and the proof.
import { count } from '../cli/output.ts'
import { html, type Markup, NOTHING } from './markup.ts'
import { countOf, shareWords, spanWords } from './number-words.ts'
import type { SaleReport } from './sale-report.ts'
import type { SkuRow } from './sku-rows.ts'

/** Rows of the table of SKUs that are in the page for readers without scripts. */
const STATIC_ROWS = 25

type Look = 'sold' | 'held' | 'stock' | 'freed'

/** A line with a bar: its name, its size, and what is written beside it. */
interface BarLine {
  readonly name: string
  readonly value: number
  readonly note: string
  readonly look: Look
}

/** What became of all reservations, and how long paying took. */
export function payments({ outcomes, delay, moved }: SaleReport): Markup {
  const { made, heldBefore, confirmed, cancelled, expired, held } = outcomes
  const earlier =
    heldBefore === 0 ? '' : `, and ${count(heldBefore)} that were held where the journal begins`
  const parts: readonly (readonly [string, number, Look])[] = [
    ['Paid', confirmed, 'sold'],
    ['Still held', held, 'held'],
    ['Cancelled', cancelled, 'stock'],
    ['Expired', expired, 'freed'],
  ]
  const bars = parts.flatMap(([, value, look]) =>
    value === 0 ? [] : [html`<span class="bar ${look}" style="flex: ${value} 0 0"></span>`],
  )
  const legend = parts.map(
    ([name, value, look]) =>
      html`<li><span class="key ${look}"></span>${name} <b>${count(value)}</b> ${shareWords(value, made + heldBefore)}</li>`,
  )
  return html`<section aria-labelledby="payments"><h2 id="payments">From reservation to payment</h2>
<p>${countOf(made, 'reservation')} for ${countOf(moved.reservedUnits, 'unit')}${earlier}.</p>
<div class="stack" aria-hidden="true">${bars}</div><ul class="legend">${legend}</ul>
${delay === undefined ? NOTHING : delayTable(delay)}</section>`
}

function delayTable(delay: NonNullable<SaleReport['delay']>): Markup {
  let soFar = 0
  const lines = delay.buckets.map(({ upToMs, count: cases }): BarLine => {
    soFar += cases
    const name = upToMs === undefined ? 'longer' : `within ${spanWords(upToMs)}`
    return { name, value: cases, note: shareWords(soFar, delay.count), look: 'sold' }
  })
  return html`<p class="about">Half paid within ${spanWords(delay.medianMs)}, 90 % within ${spanWords(delay.p90Ms)},
99 % within ${spanWords(delay.p99Ms)}, the last after ${spanWords(delay.maxMs)}.</p>
${barTable('Time from reservation to payment', ['Paid', 'Reservations', 'So far'], lines)}`
}

/** Units that came back, and what became of them. */
export function secondChances({ moved, returns }: SaleReport): Markup {
  const { freedUnits } = moved
  const line = (name: string, value: number, look: Look): BarLine => {
    return { name, value, note: shareWords(value, freedUnits), look }
  }
  const lines = [
    line('Hold expired', moved.expiredUnits, 'freed'),
    line('Hold cancelled', moved.cancelledUnits, 'freed'),
    line('Left out by a payment', moved.unpaidRestUnits, 'freed'),
    line('Returned', moved.returnedUnits, 'freed'),
    line('Taken again', moved.takenAgainUnits, 'held'),
    line('Sold again', moved.soldAgainUnits, 'sold'),
    line('Waiting at the end', moved.waitingUnits, 'stock'),
  ]
  return html`<section aria-labelledby="second"><h2 id="second">Units that came back</h2>
<p>${countOf(freedUnits, 'unit')} came back, ${count(moved.returnedUnits)} of them in ${countOf(returns, 'return')}.
${count(moved.takenAgainUnits)} were reserved again, because no others were left, and ${count(moved.soldAgainUnits)} of those were paid.</p>
${barTable('Units that came back, and what became of them', ['Units', 'Number', 'Share'], lines)}</section>`
}

/** All SKUs; the script makes it searchable and sortable. */
export function skuTable({ skuRows }: SaleReport, listed: number): Markup {
  if (skuRows.length === 0) return NOTHING
  const rows = skuRows.slice(0, STATIC_ROWS).map((row) => {
    const [sku = '', ...cells] = skuCells(row).map(cellText)
    return html`<tr><th scope="row">${sku}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`
  })
  const heads = SKU_COLUMNS.map((name) => html`<th scope="col">${name}</th>`)
  const missing = skuRows.length - listed
  const rest =
    missing > 0
      ? html`<p class="caption">and ${countOf(missing, 'more SKU')}, not in this page: see --json.</p>`
      : NOTHING
  return html`<section class="long" aria-labelledby="all-skus"><h2 id="all-skus">Every SKU</h2>
<p>${countOf(skuRows.length, 'SKU')}. Times are from a SKU’s first reservation.</p>
<div class="tools" id="sku-tools" hidden><label>Find a SKU<input type="search" autocomplete="off" spellcheck="false"></label><output></output></div>
<div class="wide" tabindex="0" role="region" aria-label="Table of SKUs"><table id="sku-table"><thead><tr>${heads}</tr></thead>
<tbody>${rows}</tbody></table></div><button type="button" class="more" id="sku-more" hidden>Show more</button>${rest}</section>`
}

/** The columns of the table of SKUs. */
const SKU_COLUMNS: readonly string[] = [
  ...['SKU', 'Sold', 'Stock', 'Share', 'Ran out after', 'All sold after'],
  ...['Came back', 'Sold again', 'Returned'],
]

/** Columns that are first sorted from the least. */
export const RISING_COLUMNS: readonly number[] = [0, 4, 5]

/** A cell is a text or number, or a number to sort by (null: always last) and its text. */
export type SkuCell = string | number | readonly [number | null, string]

export function skuCells(row: SkuRow): SkuCell[] {
  const after = (ms: number | undefined): SkuCell => [
    ms ?? null,
    ms === undefined ? '–' : spanWords(ms),
  ]
  const share = row.stock === 0 ? null : row.sold / row.stock
  return [
    ...[row.sku, row.sold, row.stock],
    ...[[share, shareWords(row.sold, row.stock)] as const, after(row.ranOutAfterMs)],
    ...[after(row.soldOutAfterMs), row.freedUnits, row.soldAgainUnits, row.returnedUnits],
  ]
}

export function topBuyers({ topBuyers: rows, buyers }: SaleReport): Markup {
  if (rows.length === 0) return NOTHING
  const lines = rows.map(({ buyer, units, purchases }): BarLine => {
    return { name: buyer, value: units, note: count(purchases), look: 'sold' }
  })
  return html`<section aria-labelledby="buyers"><h2 id="buyers">Top buyers</h2>
<p>${count(rows.length)} of ${countOf(buyers, 'buyer')}, by units bought and kept.</p>
${barTable('Top buyers', ['Buyer', 'Units', 'Purchases'], lines)}</section>`
}

function barTable(
  caption: string,
  [name, value, note]: readonly [string, string, string],
  lines: readonly BarLine[],
): Markup {
  const most = Math.max(1, ...lines.map((line) => line.value))
  const rows = lines.map((line) => {
    const width = line.value === 0 ? NOTHING : barOf(line, most)
    return html`<tr><th scope="row">${line.name}</th><td class="track" aria-hidden="true">${width}</td><td>${count(line.value)}</td><td>${line.note}</td></tr>`
  })
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table class="bars"><thead><tr><th scope="col">${name}</th><td class="track" aria-hidden="true"></td>
<th scope="col">${value}</th><th scope="col">${note}</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function barOf({ value, look }: BarLine, most: number): Markup {
  return html`<span class="bar ${look}" style="width: ${((100 * value) / most).toFixed(2)}%"></span>`
}

function cellText(cell: SkuCell): string {
  if (typeof cell === 'number') return count(cell)
  return typeof cell === 'string' ? cell : cell[1]
}
