// A curve as a chart: it stretches with the page, its words do not, so one drawing does for phone and desk.
import { html, type Markup, trusted } from '../../replay/report/markup.ts'
import { curveRows, evenly } from '../curve-rows.ts'
import type { Curve, Line } from '../scenario-report.ts'
import { type Axis, axisFor } from './axis.ts'

const HEIGHT = 300
const TOP = 12
const FLOOR = HEIGHT - 26
/** Shares of the width in which curves are drawn; labels of the y axis stand before them. */
const LEFT = 0.09
const RIGHT = 0.975
/** Units of x that a path is written in; the page stretches them. */
const PATH_WIDTH = 1_000
const MARKERS_MOST = 9
const TABLE_ROWS_MAX = 24

/** Looks of series; each differs from the others by colour, dashes and marker. The first is for what is ours. */
const LOOKS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
type Look = (typeof LOOKS)[number]

const MARKERS: Readonly<Record<Look, string>> = {
  a: '<circle r="4"/>',
  b: '<rect x="-3.5" y="-3.5" width="7" height="7"/>',
  c: '<path d="M0-5L4.5 3.5H-4.5Z"/>',
  d: '<path d="M0-5L5 0L0 5L-5 0Z"/>',
  e: '<path d="M0 5L4.5-3.5H-4.5Z"/>',
  f: '<rect x="-5" y="-2" width="10" height="4"/>',
}

type Series = Curve['series'][number] & { readonly look: Look }

/** The chart, its legend, and its numbers as a table. `lines` say whose a series is. */
export function curveFigure(curve: Curve, lines: readonly Line[]): Markup {
  const series = withLooks(curve.series, lines)
  return html`<figure class="curve"><h3>${curve.title}</h3>
<ul class="legend">${series.map(({ name, look }) => html`<li>${key(look)}${name}</li>`)}</ul>
<p class="caption">${curve.yLabel}${scaleWords(curve.yScale)}</p>
${chart(curve, series)}
<figcaption class="caption x">${curve.xLabel}${scaleWords(curve.xScale)}</figcaption>
${numbers(curve)}</figure>`
}

function scaleWords(scale: 'linear' | 'log'): string {
  return scale === 'log' ? ', logarithmic' : ''
}

// Ours gets the first look, wherever it stands; a series is ours when its name begins with a contestant of ours.
function withLooks(all: Curve['series'], lines: readonly Line[]): Series[] {
  const ours = lines.filter(({ role }) => role === 'ours')
  const first = all.find(({ name }) => ours.some((line) => name.startsWith(line.name))) ?? all[0]
  let next = 1
  return all.map((one) => {
    const look = one === first ? 0 : next++ % LOOKS.length
    return { ...one, look: LOOKS[look] ?? 'a' }
  })
}

function chart(curve: Curve, series: readonly Series[]): Markup {
  const points = series.flatMap((one) => one.points)
  const xs = points.map(([x]) => x)
  const xAxis = axisFor(xs, curve.xScale, true)
  const yAxis = axisFor(
    points.map(([, y]) => y),
    curve.yScale,
  )
  const words = `${curve.yLabel} over ${curve.xLabel}: ${series.map(({ name }) => name).join(', ')}. The numbers are in the table below.`
  return html`<svg class="plot" width="100%" height="${HEIGHT}" role="img"><title>${curve.title}</title><desc>${words}</desc>
<g class="axis">${yAxis.marks.map(({ at, label }) => level(yAxis.share(at), label))}${xAxis.marks.map(({ at, label }) => tick(xAxis.share(at), label))}</g>
${series.map((one) => drawn(one, xAxis, yAxis))}</svg>`
}

function level(share = 0, label: string): Markup {
  const y = yOf(share)
  return html`<line x1="${percent(LEFT)}" x2="${percent(RIGHT)}" y1="${y}" y2="${y}"/><text x="${percent(LEFT)}" dx="-6" y="${y + 4}" text-anchor="end">${label}</text>`
}

function tick(share = 0, label: string): Markup {
  const x = percent(xOf(share))
  return html`<line class="tick" x1="${x}" x2="${x}" y1="${FLOOR}" y2="${FLOOR + 5}"/><text x="${x}" y="${HEIGHT - 6}" text-anchor="middle">${label}</text>`
}

function drawn({ points, look }: Series, xAxis: Axis, yAxis: Axis): Markup {
  const places = points.flatMap(([x, y]) => {
    const [across, up] = [xAxis.share(x), yAxis.share(y)]
    return across === undefined || up === undefined ? [] : [{ x: xOf(across), y: yOf(up) }]
  })
  const path = places.map(
    ({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x * PATH_WIDTH)} ${y}`,
  )
  const markers = evenly(places, MARKERS_MOST).map(
    ({ x, y }) =>
      html`<svg class="marker" x="${percent(x)}" y="${y}">${trusted(MARKERS[look])}</svg>`,
  )
  return html`<g class="series ${look}"><svg width="100%" height="${HEIGHT}" viewBox="0 0 ${PATH_WIDTH} ${HEIGHT}" preserveAspectRatio="none"><path class="line" d="${path.join('')}"/></svg>${markers}</g>`
}

function key(look: Look): Markup {
  return html`<svg class="key series ${look}" width="34" height="14" aria-hidden="true"><line class="line" x1="1" x2="33" y1="7" y2="7"/><svg class="marker" x="17" y="7">${trusted(MARKERS[look])}</svg></svg>`
}

function numbers(curve: Curve): Markup {
  const heads = curve.series.map(({ name }) => html`<th scope="col">${name}</th>`)
  const rows = curveRows(curve, TABLE_ROWS_MAX).map(
    ([x = '', ...cells]) =>
      html`<tr><th scope="row">${x}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )
  return html`<details><summary>The numbers behind this chart</summary><div class="wide" tabindex="0" role="region" aria-label="${curve.title}">
<table><caption>${curve.yLabel}</caption><thead><tr><th scope="col">${curve.xLabel}</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></details>`
}

function xOf(share: number): number {
  return LEFT + share * (RIGHT - LEFT)
}

function yOf(share: number): number {
  return round(FLOOR - share * (FLOOR - TOP))
}

function percent(share: number): string {
  return `${round(100 * share)}%`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
