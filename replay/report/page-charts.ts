// The upper part of the report's page: the headline, the figures, and what happened over time.
import { count } from '../cli/output.ts'
import { BASE_LEAVES_OPEN, baseWords } from './base-words.ts'
import { type Chart, type ChartSeries, chartSvg, smallSvg } from './chart-svg.ts'
import { html, type Markup, NOTHING } from './markup.ts'
import {
  countOf,
  dayWords,
  instantWords,
  moneyWords,
  secondWords,
  shareWords,
  spanWords,
} from './number-words.ts'
import { type SaleCharts, skuChart } from './sale-charts.ts'
import type { SaleReport } from './sale-report.ts'
import type { TopSku } from './sku-rows.ts'

/** Rows of the tables behind the charts. */
const TABLE_ROWS_MAX = 12

export function headline(report: SaleReport): Markup {
  const { units, skus, buyers, firstReservedAt: from, lastReservedAt: until } = report
  const base = baseWords(report)
  const beginning =
    base === undefined ? NOTHING : html`<p class="lead">${base}. ${BASE_LEAVES_OPEN}.</p>`
  if (from === undefined || until === undefined) {
    return html`<header><p class="kicker">Sale report</p><h1>Nothing was reserved</h1>
<p class="lead">${base === undefined ? 'The journal holds no reservation.' : 'No reservation was made since the journal begins.'}</p>${beginning}</header>`
  }
  const oversold =
    report.proof.oversoldUnits === 0
      ? 'Nothing was oversold.'
      : `${countOf(report.proof.oversoldUnits, 'unit')} were oversold.`
  const sold =
    base === undefined
      ? `${countOf(units.sold, 'unit')} went to ${countOf(buyers, 'buyer')}`
      : `${countOf(units.sold, 'unit')} are sold; ${countOf(buyers, 'buyer')} bought since the journal begins`
  return html`<header><p class="kicker">Sale report</p><h1>Sale of ${dayWords(from)}</h1>
<p class="lead">${sold}; ${count(skus.ranOut)} of ${countOf(skus.count, 'SKU')} sold out.
The first reservation${base === undefined ? '' : ' since then'} was made at ${secondWords(from)}, the last one ${spanWords(until - from)} later. ${oversold}</p>${beginning}</header>`
}

/** The figures that people ask for first. */
export function figures(report: SaleReport): Markup {
  const { units, skus, outcomes, proof } = report
  const holds = outcomes.made + outcomes.heldBefore
  const verdict = proof.oversoldUnits === 0 ? 'good' : 'bad'
  const busiest = report.busiestSecond
  const amounts = Object.entries(report.value)
  const value = amounts.map(([currency, minor]) => moneyWords(minor, currency)).join(' + ')
  return html`<dl class="cards">
${card('main', 'Units sold', html`${count(units.sold)}`, `${shareWords(units.sold, units.stock)} of ${count(units.stock)} in stock`)}
${card('main', 'SKUs sold out', html`${count(skus.ranOut)}`, `of ${count(skus.count)}; ${count(skus.soldOut)} to the last unit`)}
${card('main', 'Units oversold', html`<span class="${verdict}">${count(proof.oversoldUnits)}</span>`, `after any of ${countOf(proof.events, 'event')}`)}
${card('', 'Reservations paid', html`${shareWords(outcomes.confirmed, holds)}`, `${count(outcomes.confirmed)} of ${count(holds)}`)}
${card('', 'Busiest second', html`${busiest === undefined ? '–' : count(busiest.reservations)}`, busiest === undefined ? 'no reservations' : `reservations at ${timeOfDay(busiest.at).slice(0, 8)} UTC`)}
${value === '' ? card('', 'Buyers', html`${count(report.buyers)}`, 'who bought and kept') : card('', 'Value confirmed', html`${value}`, 'returns not deducted')}
</dl>`
}

export function sellThrough(report: SaleReport, charts: SaleCharts): Markup {
  const { units } = report
  const share = shareWords(units.sold, units.stock)
  const words = `Units over time. At the end ${count(units.sold)} of ${count(units.stock)} units were sold (${share}) and ${count(units.held)} held.`
  return html`<section aria-labelledby="sell-through"><h2 id="sell-through">How it sold</h2>
<p>Held units are promised to a buyer who has not paid yet; they become sold ones, or come back.</p>
${figure('curve', charts, charts.curve, words, atEnd)}
${numbersBehind('Units', charts, charts.curve, (values, from) => values[from] ?? 0)}
</section>`
}

export function tempo(report: SaleReport, charts: SaleCharts): Markup {
  const most = report.busiestSecond
  const busiest =
    most === undefined
      ? ''
      : `The busiest second began at ${secondWords(most.at)}, with ${countOf(most.reservations, 'reservation')} for ${countOf(most.units, 'unit')}.`
  const step = spanWords(charts.stepMs)
  const words = `Reservations made, paid, and expired or cancelled in each ${step}. ${busiest}`
  return html`<section aria-labelledby="tempo"><h2 id="tempo">How fast</h2>
<p>Reservations in each ${step}. ${busiest}</p>
${figure('tempo', charts, charts.tempo, words, inAll)}
${numbersBehind('Reservations', charts, charts.tempo, (values, from, until) =>
  values.slice(from, until).reduce((sum, one) => sum + one, 0),
)}
</section>`
}

/** Small charts of the SKUs that sold most. */
export function topSkuCharts(report: SaleReport, charts: SaleCharts): Markup {
  if (report.topSkus.length === 0) return NOTHING
  return html`<section class="long" aria-labelledby="top-skus"><h2 id="top-skus">Best sellers</h2>
<p>Units sold (filled) and sold or held (thin line) against the stock (dashed), over the same time as above.</p>
<ul class="skus">${report.topSkus.map((sku) => skuItem(sku, charts))}</ul></section>`
}

function skuItem(sku: TopSku, charts: SaleCharts): Markup {
  const { sold, stock, ranOutAfterMs, isSoldOut } = sku
  const ranOut =
    ranOutAfterMs === undefined ? 'never ran out' : `out after ${spanWords(ranOutAfterMs)}`
  const words = `${sku.sku}: ${count(sold)} of ${count(stock)} units sold, ${ranOut}`
  const end = isSoldOut ? 'all sold' : shareWords(sold, stock)
  return html`<li><h3>${sku.sku}</h3><p>${count(sold)} of ${count(stock)}<br><span>${end},</span> <span>${ranOut}</span></p>
${smallSvg(skuChart(sku, charts), stock, words)}</li>`
}

function card(look: 'main' | '', name: string, value: Markup, note: string): Markup {
  return html`<div class="card ${look}"><dt>${name}</dt><dd class="figure">${value}</dd><dd class="note">${note}</dd></div>`
}

/** What a legend says while nobody points at the chart. */
interface AtRest {
  readonly words: string
  readonly of: (values: readonly number[]) => number
}

const atEnd: AtRest = { words: 'at the end', of: (values) => values.at(-1) ?? 0 }
const inAll: AtRest = {
  words: 'in all',
  of: (values) => values.reduce((sum, one) => sum + one, 0),
}

// A chart, its legend with the values `atRest` (the script puts others there), and its words.
function figure(
  name: string,
  { from, axis }: SaleCharts,
  chart: Chart,
  words: string,
  atRest: AtRest,
): Markup {
  const items = chart.series.map(
    ({ name: label, look, values }, index) =>
      html`<li><span class="key ${look}"></span>${label} <b data-value="${index}">${count(atRest.of(values))}</b></li>`,
  )
  // What is drawn last lies on top, and is named first where it matters most.
  if (chart.series.at(-1)?.look === 'sold') items.reverse()
  return html`<figure><ul class="legend">${items}<li data-when>${atRest.words}</li></ul>
<div class="chart" data-chart="${name}" role="img" aria-label="${words}">${chartSvg(chart)}</div>
<figcaption class="caption">Time in ${axis.unit} after ${instantWords(from)}.
<span class="hint">Drag over the chart to look closer, double-click to see it all.</span></figcaption></figure>`
}

// At most a dozen rows at even distances; `pick` tells a series' value from one index up to, not including, another.
function numbersBehind(
  what: string,
  { from, axis }: SaleCharts,
  { afterMs, series }: Chart,
  pick: (values: readonly number[], from: number, until: number) => number,
): Markup {
  const starts = evenIndexes(afterMs, axis.spanMs)
  const rows = starts.map((start, index) => {
    const until = starts[index + 1] ?? afterMs.length
    const cells = series.map(({ values }) => html`<td>${count(pick(values, start, until))}</td>`)
    const at = afterMs[start] ?? 0
    return html`<tr><th scope="row">${spanWords(at)}</th><td>${timeOfDay(from + at)}</td>${cells}</tr>`
  })
  const heads = series.map(({ name }: ChartSeries) => html`<th scope="col">${name}</th>`)
  return html`<details><summary>The numbers behind this chart</summary><div class="wide" tabindex="0" role="region" aria-label="${what} over time">
<table><caption>${what} over time</caption><thead><tr><th scope="col">After</th><th scope="col">At (UTC)</th>${heads}</tr></thead>
<tbody>${rows}</tbody></table></div></details>`
}

function evenIndexes(afterMs: readonly number[], spanMs: number): number[] {
  const wanted = Array.from({ length: TABLE_ROWS_MAX }, (_, row) => (row * spanMs) / TABLE_ROWS_MAX)
  const found = wanted.map((at) =>
    Math.max(
      0,
      afterMs.findLastIndex((one) => one <= at),
    ),
  )
  return [...new Set([...found, afterMs.length - 1])]
}

function timeOfDay(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}
