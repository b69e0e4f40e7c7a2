// How much each contestant does, as bars: ours filled, limits hatched, peers outlined, with whiskers for the spread.
import { count } from '../../replay/cli/output.ts'
import { html, type Markup } from '../../replay/report/markup.ts'
import { median } from '../machine.ts'
import { lineWords, rateName } from '../report-words.ts'
import type { Line, ScenarioReport } from '../scenario-report.ts'
import { type Axis, axisFor } from './axis.ts'

/** From here on the small ones would be slivers. */
const LOG_FROM_RATIO = 200
const HEIGHT = 26
/** Bars of an axis with a logarithmic scale begin somewhere; the least of them has to be seen. */
const LEAST_SHARE = 0.02

/** Patterns that bars refer to: once in a page. */
export const PATTERNS: Markup = html`<svg class="patterns" aria-hidden="true" width="0" height="0"><defs>
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="7" height="7"/><rect class="hatch-line" width="2.5" height="7"/></pattern>
</defs></svg>`

/** A list with a bar for each contestant, in words for those who do not see it. */
export function throughputBars(report: ScenarioReport): Markup {
  const rates = report.lines.flatMap(ratesOf)
  const isLog = Math.max(...rates) / Math.min(...rates.filter((rate) => rate > 0)) > LOG_FROM_RATIO
  const axis = axisFor(rates, isLog ? 'log' : 'linear')
  const rows = report.lines.map((line) => row(line, rateName(report), axis))
  const note = isLog ? 'The scale is logarithmic. ' : ''
  return html`<ul class="bars">${rows}</ul><p class="caption">${note}Bars: median of ${rateName(report)}; whiskers: slowest and fastest round.</p>`
}

function row(line: Line, rate: string, axis: Axis): Markup {
  const { name, role, perSecond, durability } = lineWords(line)
  const [middle = '', ...range] = perSecond.split(' ')
  const requests = line.samples.map(({ requestsPerSecond }) => requestsPerSecond)
  const words = `${name}: ${perSecond} ${rate}`
  return html`<li class="${role}"><p class="who"><b>${name}</b> <span class="role">${role}</span></p>
<p class="rate"><span><b>${middle}</b> ${range.join(' ')} ${rate}</span> <span class="soft">${count(Math.round(median(requests)))} requests/s</span></p>
<svg width="100%" height="${HEIGHT}" role="img"><title>${words}</title>${bar(line, axis)}</svg>
<p class="note">${durability}</p></li>`
}

function bar(line: Line, axis: Axis): Markup {
  const rates = ratesOf(line)
  if (rates.length === 0) return html``
  const [middle, least, most] = [median(rates), Math.min(...rates), Math.max(...rates)].map(
    (rate) => percent(axis.share(rate)),
  ) as [string, string, string]
  const y = HEIGHT / 2
  return html`<rect class="bar ${line.role}" x="0.5" y="3" width="${middle}" height="${HEIGHT - 6}" rx="3"/>
<g class="whisker"><line x1="${least}" x2="${most}" y1="${y}" y2="${y}"/><line x1="${least}" x2="${least}" y1="${y - 5}" y2="${y + 5}"/><line x1="${most}" x2="${most}" y1="${y - 5}" y2="${y + 5}"/></g>`
}

function ratesOf({ samples }: Line): number[] {
  return samples.map(({ perSecond }) => perSecond)
}

// A hundredth is kept free for the end of the longest whisker.
function percent(share = 0): string {
  return `${(99 * Math.max(LEAST_SHARE, share)).toFixed(2)}%`
}
