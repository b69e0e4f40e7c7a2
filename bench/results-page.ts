// The results as one HTML page: everything is in it, it runs no script, and its own policy forbids it to load anything.
import { html, type Markup, NOTHING, trusted } from '../replay/report/markup.ts'
import { countOf, dayWords } from '../replay/report/number-words.ts'
import { type Explanations, proseMarkup } from './explanations.ts'
import { PATTERNS, throughputBars } from './page/bars.ts'
import { curveFigure } from './page/lines.ts'
import { PAGE_STYLE } from './page/style.ts'
import { contestantTable, figureTable, targetTable } from './page/tables.ts'
import { effortWords, METHOD } from './report-words.ts'
import { type Results, targetRows } from './results.ts'
import type { ScenarioReport } from './scenario-report.ts'

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** The page. The same results give the same bytes. */
export function resultsPage(results: Results, explanations: Explanations): string {
  const { reports } = results
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Holdfast, measured on ${dayOf(results)}</title><link rel="icon" href="data:,">
<style>${trusted(PAGE_STYLE)}</style></head><body>${PATTERNS}
<main>${head(results)}
${targetSection(reports)}
${reports.map((report) => scenarioSection(report, explanations.get(report.name)))}
</main>
<footer class="foot">${METHOD.map((words) => html`<p>${words}</p>`)}</footer></body></html>
`
  return page.text
}

function dayOf({ measuredAt }: Results): string {
  return dayWords(Date.parse(measuredAt))
}

function head(results: Results): Markup {
  const { machine, revision, failures } = results
  return html`<header><p class="kicker">Holdfast bench</p><h1>Measured on ${dayOf(results)}</h1>
<p class="lead">${machine}. Revision <code>${revision}</code>, ${effortWords(results)}.</p>
${failures.map(({ name, reason }) => html`<p class="warning">${name} failed and has no figures: ${reason}</p>`)}</header>`
}

function targetSection(reports: readonly ScenarioReport[]): Markup {
  const rows = targetRows(reports)
  if (rows.length === 0) return NOTHING
  const met = rows.filter(({ isMet }) => isMet).length
  return html`<section aria-labelledby="targets"><h2 id="targets">Targets</h2>
<p class="soft">${met} of ${countOf(rows.length, 'target')} met; the median counts.</p>
${targetTable(rows)}</section>`
}

function scenarioSection(report: ScenarioReport, explanation: string | undefined): Markup {
  const { name, title, lines, curves, figures } = report
  return html`<section aria-labelledby="${name}"><h2 id="${name}">${title}<code>${name}</code></h2>
${lines.length === 0 ? NOTHING : throughputBars(report)}
${figures.length === 0 ? NOTHING : figureTable(figures)}
${curves.map((curve) => curveFigure(curve, lines))}
${explanation === undefined ? NOTHING : html`<div class="prose">${proseMarkup(explanation)}</div>`}
${report.skipped.map((one) => html`<p class="skipped">Skipped: <b>${one.name}</b>, ${one.reason}</p>`)}
${lines.length === 0 ? NOTHING : contestantTable(report)}
${sentences('How it was measured', report.method)}${sentences('What was checked', report.checks)}</section>`
}

function sentences(title: string, all: readonly string[]): Markup {
  if (all.length === 0) return NOTHING
  return html`<details><summary>${title}</summary><ul>${all.map((words) => html`<li>${words}</li>`)}</ul></details>`
}
