// Charts as SVG in the page itself: for paper, for readers without scripts, and for the small curves of SKUs.
import { html, type Markup } from './markup.ts'
import { shortNumber } from './number-words.ts'
import { roundMarks, type TimeAxis } from './time-axis.ts'

const WIDTH = 720
const HEIGHT = 260
const LEFT = 46
const TOP = 10
const BOTTOM = 26
const SMALL_WIDTH = 240
const SMALL_HEIGHT = 64
const LEVELS = 4

/** A line of a chart; `look` is a class of the page's style. */
export interface ChartSeries {
  readonly name: string
  readonly look: 'sold' | 'held' | 'stock' | 'freed'
  readonly isFilled: boolean
  readonly values: readonly number[]
}

/** A chart over time: `afterMs` are ms after the axis' beginning, one per value; each value holds until the next. */
export interface Chart {
  readonly axis: TimeAxis
  readonly afterMs: readonly number[]
  readonly series: readonly ChartSeries[]
}

/** The chart with its axes. It says nothing to a screen reader: its words and its table stand beside it. */
export function chartSvg({ axis, afterMs, series }: Chart): Markup {
  const highest = Math.max(1, ...series.flatMap(({ values }) => values))
  const levels = roundMarks(highest, LEVELS)
  const x = (ms: number) => LEFT + (ms / Math.max(1, axis.spanMs)) * (WIDTH - LEFT - 8)
  const y = (value: number) => HEIGHT - BOTTOM - (value / highest) * (HEIGHT - BOTTOM - TOP)
  const grid = levels.map(
    (level) => html`<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(level)}" y2="${y(level)}"/>
<text x="${LEFT - 6}" y="${y(level) + 4}" text-anchor="end">${shortNumber(level)}</text>`,
  )
  const marks = axis.marks.map(
    ({ afterMs: at, label }) =>
      html`<text x="${x(at)}" y="${HEIGHT - 8}" text-anchor="middle">${label}</text>`,
  )
  const xs = afterMs.map(x)
  const lines = series.map((one) =>
    lineMarkup(one, xs, one.values.map(y), { right: WIDTH - 8, floor: HEIGHT - BOTTOM }),
  )
  return html`<svg class="still" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><g class="axis">${grid}${marks}</g>${lines}</svg>`
}

/** A small curve of units sold (filled), and of units sold or held, against `stock`. */
export function smallSvg(
  { axis, afterMs, series }: Chart,
  stock: number,
  description: string,
): Markup {
  const highest = Math.max(1, stock, ...series.flatMap(({ values }) => values))
  const x = (ms: number) => (ms / Math.max(1, axis.spanMs)) * SMALL_WIDTH
  const y = (value: number) => SMALL_HEIGHT - 1 - (value / highest) * (SMALL_HEIGHT - 4)
  const edges = { right: SMALL_WIDTH, floor: SMALL_HEIGHT }
  const xs = afterMs.map(x)
  const lines = series.map((one) => lineMarkup(one, xs, one.values.map(y), edges))
  return html`<svg class="small" viewBox="0 0 ${SMALL_WIDTH} ${SMALL_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${description}"><line class="stock" x1="0" x2="${SMALL_WIDTH}" y1="${y(stock)}" y2="${y(stock)}"/>${lines}</svg>`
}

// Steps: a value holds until the next one, and the last one until the end of the axis.
function lineMarkup(
  { look, isFilled }: ChartSeries,
  xs: readonly number[],
  ys: readonly number[],
  { right, floor }: { readonly right: number; readonly floor: number },
): Markup {
  let path = ''
  for (const [index, x] of xs.entries()) {
    const y = round(ys[index] ?? floor)
    path += index === 0 ? `M${round(x)} ${y}` : `H${round(x)}V${y}`
  }
  path += `H${round(right)}`
  const line = html`<path class="line ${look}" d="${path}"/>`
  if (!isFilled || xs.length === 0) return line
  return html`<path class="area ${look}" d="${path}V${floor}H${round(xs[0] ?? 0)}Z"/>${line}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
