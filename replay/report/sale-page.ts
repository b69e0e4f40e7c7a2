// The report as one HTML page: everything is in it, and its own policy forbids it to load anything.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { invariant } from '../../core/invariant.ts'
import { html, jsonMarkup, type Markup, NOTHING, trusted } from './markup.ts'
import { countOf, secondWords } from './number-words.ts'
import { figures, headline, sellThrough, tempo, topSkuCharts } from './page-charts.ts'
import { proof, terms } from './page-proof.ts'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'
import {
  payments,
  RISING_COLUMNS,
  secondChances,
  skuCells,
  skuTable,
  topBuyers,
} from './page-tables.ts'
import { type SaleCharts, saleCharts } from './sale-charts.ts'
import type { SaleReport } from './sale-report.ts'

/** SKUs that the page's table can show; more would make the page too large to send around. */
const LISTED_SKUS_MAX = 5_000

const require = createRequire(import.meta.url)

/** The page. The same report gives the same bytes. */
export function salePage(report: SaleReport): string {
  const charts = saleCharts(report)
  const library = [licence(), read(require.resolve('uplot/dist/uPlot.iife.min.js'))].join('\n')
  const scripts = charts === undefined ? [] : [library, PAGE_SCRIPT]
  for (const script of scripts) {
    invariant(!/<\/script|<!--/i.test(script), 'no script of ours ends its own element')
  }
  const style = read(require.resolve('uplot/dist/uPlot.min.css')) + PAGE_STYLE
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titleOf(report)}</title><link rel="icon" href="data:,">
<style>${trusted(style)}</style></head><body>
${glued(body(report, charts))}
${charts === undefined ? NOTHING : dataElement(report, charts)}
${scripts.map((script) => trusted(`<script>${script}</script>\n`))}</body></html>
`
  return page.text
}

function titleOf({ units, firstReservedAt }: SaleReport): string {
  const when = firstReservedAt === undefined ? '' : ` · ${secondWords(firstReservedAt)}`
  return `Sale report: ${countOf(units.sold, 'unit')} sold${when}`
}

function body(report: SaleReport, charts: SaleCharts | undefined): Markup {
  const overTime =
    charts === undefined
      ? NOTHING
      : html`${sellThrough(report, charts)}
${tempo(report, charts)}
<div class="pair">${payments(report)}
${secondChances(report)}</div>
${topSkuCharts(report, charts)}`
  const buyers = topBuyers(report)
  const end =
    buyers === NOTHING ? proof(report) : html`<div class="pair">${buyers}${proof(report)}</div>`
  return html`<main>${headline(report)}
${figures(report)}
${overTime}
${skuTable(report, Math.min(LISTED_SKUS_MAX, report.skuRows.length))}
${end}
${terms()}</main>
<footer class="foot">${report.partitions.map(
    ({ partition, lastSeq, stateHash, path, clusterId }) =>
      html`<p>Partition ${partition ?? 'empty'} of cluster <code>${clusterId ?? '–'}</code>, journal <code>${path}</code>, to seq ${lastSeq}, state hash <code>${stateHash}</code></p>`,
  )}<p>From the journal alone, by holdfast replay report.</p></footer>`
}

// A number and its unit stay on one line.
function glued({ text }: Markup): Markup {
  return trusted(text.replace(/(\d) (%|ms|s|min|h|d|UTC)(?![\w-])/g, '$1\u00a0$2'))
}

function dataElement(report: SaleReport, charts: SaleCharts): Markup {
  const { from, curve, tempo: speed } = charts
  const skus = report.skuRows.slice(0, LISTED_SKUS_MAX).map(skuCells)
  const data = { from, charts: { curve, tempo: speed }, skus, risingColumns: RISING_COLUMNS }
  return html`<script type="application/json" id="data">${jsonMarkup(data)}</script>`
}

// Only our own scripts run, whatever a name in the journal may look like; and nothing is fetched from anywhere.
function policy(scripts: readonly string[]): string {
  const hashes = scripts.map(
    (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
  const allowed = hashes.length === 0 ? "'none'" : hashes.join(' ')
  return `default-src 'none'; script-src ${allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`
}

function licence(): string {
  return `/*\n${read(require.resolve('uplot/LICENSE')).trim()}\n*/`
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}
