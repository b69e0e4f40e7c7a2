// bench/RESULTS.md: the results as a document, with what people explain beside what was measured.

import { curveRows } from './curve-rows.ts'
import type { Explanations } from './explanations.ts'
import { effortWords, figureWords, lineWords, METHOD, rateName } from './report-words.ts'
import { isMet, type Results, targetRows } from './results.ts'
import type { Curve, Figure, ScenarioReport } from './scenario-report.ts'

const CURVE_ROWS_MAX = 12

/** The whole document. The same results give the same bytes. */
export function resultsText(results: Results, explanations: Explanations): string {
  const parts = [
    '# Results',
    'Written by `npm run bench`; what is explained comes from [explanations.md](explanations.md), by hand.',
    origin(results),
    ...METHOD,
    ...results.failures.map(
      ({ name, reason }) => `**${name} failed and has no figures:** ${reason}`,
    ),
    ...targets(results),
    ...results.reports.flatMap((report) => scenario(report, explanations.get(report.name))),
  ]
  return `${parts.join('\n\n')}\n`
}

function origin(results: Results): string {
  const day = results.measuredAt.slice(0, 10)
  return `**${day}, ${results.machine}, revision ${results.revision}; ${effortWords(results)}.**`
}

function targets({ reports }: Results): string[] {
  const rows = targetRows(reports)
  if (rows.length === 0) return []
  const cells = rows.map(({ scenario: name, figure, words, isMet: met }) => [
    ...[`[${name}](#${name})`, figure.what, words, figureWords(figure)],
    met ? 'met' : '**missed**',
  ])
  const head = ['scenario', 'figure', 'target', 'measured', '']
  return ['## Targets', table(head, cells)]
}

function scenario(report: ScenarioReport, explanation: string | undefined): string[] {
  const { name, title, method, checks, skipped } = report
  return [
    `## ${name}`,
    `**${title}.** ${method.join(' ')}`,
    ...contestants(report),
    ...figures(report),
    ...report.curves.flatMap((curve) => [`**${curve.title}**`, curveTable(curve)]),
    ...(explanation === undefined ? [] : [explanation]),
    ...(checks.length === 0 ? [] : [`Checked: ${checks.join(' ')}`]),
    ...skipped.map((one) => `Skipped: **${one.name}**, ${one.reason}`),
  ]
}

function contestants(report: ScenarioReport): string[] {
  if (report.lines.length === 0) return []
  const rows = report.lines
    .map(lineWords)
    .map((row) => [
      row.role === 'ours' ? `**${row.name}**` : row.name,
      ...[row.role, row.perSecond, row.requestsPerSecond, row.p50Ms, row.p99Ms, row.durability],
    ])
  const head = ['', '', rateName(report), 'requests/s', 'p50 ms', 'p99 ms', 'durability']
  return [table(head, rows)]
}

function figures({ figures: all }: ScenarioReport): string[] {
  if (all.length === 0) return []
  const rows = all.map((figure) => [figure.what, figureWords(figure), ...verdict(figure)])
  return [table(['figure', 'median (min – max)', 'target', ''], rows)]
}

function verdict(figure: Figure): [string, string] {
  if (figure.target === undefined) return ['', '']
  return [figure.target.words, isMet(figure) ? 'met' : '**missed**']
}

function curveTable(curve: Curve): string {
  const heads = curve.series.map(({ name }) => `${name}, ${curve.yLabel}`)
  return table([curve.xLabel, ...heads], curveRows(curve, CURVE_ROWS_MAX))
}

// Columns in which nobody has anything are left out.
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isUsed = head.map((_, column) => rows.some((row) => row[column] !== ''))
  const line = (cells: readonly string[]) =>
    `| ${cells
      .filter((_, column) => isUsed[column] === true)
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
