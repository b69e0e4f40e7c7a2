// A scenario's report as text for a terminal: one table of contestants, the figures, and who is missing.
import { figureWords, lineWords, rateName } from './report-words.ts'
import { isMet } from './results.ts'
import type { Figure, ScenarioReport } from './scenario-report.ts'
import { aligned } from './text-table.ts'

/** Marks a part of the text; identity where colour is not wanted. */
export type Mark = (format: 'bold' | 'green' | 'red' | 'yellow', text: string) => string

const COLUMNS = ['perSecond', 'requestsPerSecond', 'p50Ms', 'p99Ms', 'durability'] as const

/** The whole report, a newline at the end of each line. */
export function terminalReport(report: ScenarioReport, mark: Mark): string {
  const lines = [
    mark('bold', `${report.name}: ${report.title}`),
    ...contestants(report, mark),
    ...figures(report, mark),
    ...report.skipped.map(
      ({ name, reason }) => `  ${mark('yellow', 'skipped')} ${name}: ${reason}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function contestants(report: ScenarioReport, mark: Mark): string[] {
  if (report.lines.length === 0) return []
  const rows = report.lines.map(lineWords)
  const shown = COLUMNS.filter((column) => rows.some((row) => row[column] !== ''))
  const heads = {
    ...{ perSecond: rateName(report), requestsPerSecond: 'requests/s' },
    ...{ p50Ms: 'p50 ms', p99Ms: 'p99 ms', durability: 'durability' },
  }
  const cells = rows.map((row) => [`${row.name} (${row.role})`, ...shown.map((name) => row[name])])
  const table = aligned([['median (min – max)', ...shown.map((name) => heads[name])], ...cells])
  return table.map((text, index) =>
    rows[index - 1]?.role === 'ours' ? `  ${mark('bold', text)}` : `  ${text}`,
  )
}

function figures({ figures: all }: ScenarioReport, mark: Mark): string[] {
  const texts = aligned(all.map((figure) => [figure.what, figureWords(figure)]))
  return texts.map((text, index) => `  ${text}${verdict(all[index], mark)}`)
}

function verdict(figure: Figure | undefined, mark: Mark): string {
  if (figure?.target === undefined) return ''
  const word = isMet(figure) ? mark('green', 'met') : mark('red', 'missed')
  return `  ${word}: ${figure.target.words}`
}
