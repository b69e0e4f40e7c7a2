// The report as a table for a person. Pure text: colour is the caller's word.
import type { DriveReport } from './report.ts'

/** Marks a part of the text, such as with bold; identity where colour is not wanted. */
export interface Marks {
  readonly heading: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

export const PLAIN_MARKS: Marks = { heading: same, good: same, bad: same }

const MAPPED_SHOWN_MAX = 20
const LABEL_WIDTH = 40
const NUMBER_WIDTH = 14

/** The whole report, a newline at the end of each line. */
export function renderReport(report: DriveReport, marks: Marks): string {
  const lines = [
    ...renderOrigin(report),
    '',
    marks.heading(row('outcome', 'lines', 'units')),
    ...renderOutcomes(report),
    '',
    ...renderSpeed(report),
    '',
    ...renderVerification(report, marks),
  ]
  return `${lines.join('\n')}\n`
}

function renderOrigin(report: DriveReport): string[] {
  const { openingStock: stock, mappedSkus } = report
  const percent = `${round(stock.share * 100)} %`
  const lines = [
    `Drive ${report.run} of ${report.file} against ${report.url}, seed ${report.seed}`,
    `Opening stock is derived, not in the file: ${percent} of each SKU's gross demand, at least 1 unit.`,
    `${group(stock.created)} SKUs created, ${group(stock.existing)} existed; ` +
      `${group(stock.stockUnits)} units of stock for a demand of ${group(stock.demandUnits)}.`,
  ]
  if (stock.otherStock > 0) {
    lines.push(`${group(stock.otherStock)} of the SKUs that existed keep their own, other stock.`)
  }
  if (mappedSkus.length === 0) return lines
  const shown = mappedSkus.slice(0, MAPPED_SHOWN_MAX)
  lines.push(`SKUs whose text is no legal id: ${group(mappedSkus.length)}`)
  lines.push(...shown.map(({ text, id }) => `  ${JSON.stringify(text)} is sold as ${id}`))
  const hidden = mappedSkus.length - shown.length
  if (hidden > 0) lines.push(`  and ${group(hidden)} more (--json lists all)`)
  return lines
}

function renderOutcomes(report: DriveReport): string[] {
  const count = (label: string, value: { lines: number; units: number }): string =>
    row(label, group(value.lines), group(value.units))
  const counts = (label: string, values: DriveReport['refused']): string[] =>
    Object.entries(values).map(([reason, value]) => count(`${label}${reason}`, value))
  return [
    row('lines read', group(report.lines.read)),
    count('reserved', report.reserved),
    count('  confirmed', report.confirmed),
    count('  abandoned, left unpaid', report.abandoned),
    ...counts('  not confirmed: ', report.unconfirmed),
    ...counts('refused: ', report.refused),
    count('returned, newest purchase first', report.returned),
    ...counts('not returned: ', report.notReturned),
    ...Object.entries(report.lines.noSale).map(([reason, lines]) =>
      row(`no sale: ${reason}`, group(lines)),
    ),
    count('of the sales, bought as a guest', report.guests),
    row('SKUs sold out at some time', group(report.soldOutSkus)),
    ...(report.replayed > 0 ? [row('answered to an earlier attempt', group(report.replayed))] : []),
  ]
}

function renderSpeed(report: DriveReport): string[] {
  const { requests, times } = report
  const seconds = (ms: number): string => `${round(ms / 1000)} s`
  return [
    row('durable reservations/s', group(requests.reservationsPerSecond)),
    row('batch requests/s', group(requests.perSecond)),
    row('batch requests, of them repeated', group(requests.requests), group(requests.retries)),
    row('batch request p50 | p99, ms', round(requests.p50Ms), round(requests.p99Ms)),
    row('wall time', seconds(times.wallMs)),
    `  read ${seconds(times.surveyMs)}, open ${seconds(times.openMs)}, ` +
      `sell ${seconds(times.sellMs)}, verify ${seconds(times.verifyMs)}`,
  ]
}

function renderVerification(report: DriveReport, marks: Marks): string[] {
  const { verification: found, discrepancies } = report
  const counts =
    `${group(found.skus)} SKUs read back: ${group(found.availableUnits)} units available, ` +
    `${group(found.heldUnits)} held, ${group(found.soldUnits)} sold; abandoned reservations: ` +
    `${group(found.abandonedHeld)} held, ${group(found.abandonedExpired)} expired.`
  if (discrepancies.total === 0) {
    const verdict = 'Conservation holds, and the ledger equals the server, unit by unit.'
    return [counts, marks.good(verdict)]
  }
  const shown = discrepancies.first.map(
    ({ sku, field, expected, found: server }) =>
      `  ${sku}  ${field}: expected ${expected}, found ${server}`,
  )
  const hidden = discrepancies.total - shown.length
  return [
    counts,
    marks.bad(`DIFFERENCES between the ledger and the server: ${group(discrepancies.total)}`),
    ...shown,
    ...(hidden > 0 ? [`  and ${group(hidden)} more`] : []),
  ]
}

function row(label: string, ...numbers: string[]): string {
  return label.padEnd(LABEL_WIDTH) + numbers.map((number) => number.padStart(NUMBER_WIDTH)).join('')
}

/** 1234567 as 1,234,567: the same in every locale. */
export function group(count: number): string {
  return count.toLocaleString('en-US')
}

function round(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}

function same(text: string): string {
  return text
}
