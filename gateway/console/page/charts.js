// Charts of the last five minutes: one uPlot each, one cursor for all, a legend that tells the values under it.
import { make, say } from './dom.js'
import { clock, duration, plain, short } from './words.js'

/** @typedef {import('./feed.js').Sample} Sample */
/** @typedef {{ label: string, look: string, of: (sample: Sample) => number | undefined, isFilled?: boolean }} Line */
/** @typedef {{ title: string, unit: (value: number | undefined) => string, lines?: Line[], rates?: (sample: Sample) => Record<string, number>, looks?: string[] }} Plan */

/** @type {typeof import('uplot')} */
const Plot = /** @type {any} */ (globalThis).uPlot

const SAMPLES = 300
const CODES_MAX = 4
/** Samples further apart than this do not belong together. */
const GAP_MS = 2_500
const AXIS_FONT = '11px system-ui, sans-serif'

/** @param {number | undefined} value */
const perSecond = (value) => (value === undefined ? '–' : `${short(value)}/s`)

/** @type {Plan[]} */
const PLANS = [
  {
    title: 'Reservations and confirms',
    unit: perSecond,
    lines: [
      { label: 'reserved', look: 'held', of: ({ calls }) => calls.reservations, isFilled: true },
      { label: 'confirmed', look: 'sold', of: ({ calls }) => calls.confirms, isFilled: true },
      { label: 'cancelled', look: 'soft', of: ({ calls }) => calls.cancels },
    ],
  },
  {
    title: 'Refusals by code',
    unit: perSecond,
    rates: ({ calls }) => calls.refusals,
    looks: ['freed', 'blue', 'held', 'sold', 'soft'],
  },
  {
    title: 'Time to answer, p99',
    unit: duration,
    lines: [
      { label: 'reserve', look: 'held', of: ({ calls }) => calls.reserve.p99Ms },
      { label: 'median', look: 'sold', of: ({ calls }) => calls.reserve.p50Ms },
      { label: 'confirm', look: 'freed', of: ({ calls }) => calls.confirm.p99Ms },
      { label: 'batch', look: 'blue', of: ({ calls }) => calls.batch.p99Ms },
    ],
  },
  {
    title: 'Event loop and disk, p99',
    unit: duration,
    lines: [
      {
        label: 'loop delay',
        look: 'blue',
        of: ({ process }) => process.loopP99Ms,
        isFilled: true,
      },
      { label: 'commit', look: 'sold', of: ({ commitP99Ms }) => commitP99Ms },
    ],
  },
  {
    title: 'Errors by code',
    unit: perSecond,
    rates: ({ calls }) => calls.errors,
    looks: ['bad', 'held', 'freed', 'blue', 'soft'],
  },
  {
    title: 'Turned away',
    unit: perSecond,
    rates: ({ calls, process }) => ({
      ...(process.shedPerSecond && { shed: process.shedPerSecond }),
      ...calls.rejected,
    }),
    looks: ['blue', 'freed', 'held', 'sold', 'soft'],
  },
]

/** Half of `15:48`, so that the last one is not cut off. */
const HALF_CLOCK = 16

/** All charts; they share the samples and the cursor. */
export class Charts {
  /** @type {Sample[]} */ #samples = []
  /** @type {Chart[]} */ #charts

  /** @param {HTMLElement} host */
  constructor(host) {
    const sync = Plot.sync('console')
    this.#charts = PLANS.map((plan) => new Chart(plan, host, sync.key))
    new ResizeObserver(() => this.draw(true)).observe(host)
  }

  /** What the server had kept from before. @param {Sample[]} kept */
  restore(kept) {
    const last = this.#samples.at(-1)?.at ?? 0
    this.#samples = [...this.#samples, ...kept.filter(({ at }) => at > last)].slice(-SAMPLES)
    this.draw()
  }

  /** @param {Sample} sample */
  add(sample) {
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES) this.#samples.shift()
    this.draw()
  }

  /** @param {boolean} [isNewLook] whether size or colours have changed */
  draw(isNewLook = false) {
    for (const chart of this.#charts) chart.draw(this.#samples, isNewLook)
  }
}

class Chart {
  #plan
  #key
  #host = make('div', { class: 'chart' })
  #legend = make('ul', { class: 'legend' })
  /** @type {any} */ #plot
  /** @type {Line[]} */ #lines = []
  /** @type {any[]} */ #data = []
  #shape = ''

  /** @param {Plan} plan @param {HTMLElement} place @param {string} key */
  constructor(plan, place, key) {
    this.#plan = plan
    this.#key = key
    const head = make('figcaption', {}, make('h2', {}, plan.title), this.#legend)
    place.append(make('figure', { class: 'panel' }, head, this.#host))
  }

  /** @param {Sample[]} samples @param {boolean} isNewLook */
  draw(samples, isNewLook) {
    const rows = withGaps(samples)
    this.#lines =
      this.#plan.lines?.filter((line, place) => place === 0 || isThere(line, samples)) ??
      linesOf(this.#plan, samples)
    const columns = this.#lines.map(({ of }) =>
      rows.map(({ sample }) => (sample && of(sample)) ?? null),
    )
    this.#data = [rows.map(({ at }) => at / 1_000), ...columns]
    const width = this.#host.clientWidth
    const shape = `${width} ${this.#lines.map(({ label }) => label)}`
    if (this.#plot === undefined || isNewLook || shape !== this.#shape) this.#rebuild(width)
    else this.#plot.setData(this.#data)
    this.#shape = shape
    this.#tell(this.#plot?.cursor.idx)
  }

  /** @param {number} width */
  #rebuild(width) {
    this.#plot?.destroy()
    this.#plot = undefined
    this.#legend.replaceChildren(...this.#lines.map(legendItem))
    if (width === 0) return
    const height = this.#host.clientHeight
    const onCursor = (/** @type {any} */ plot) => this.#tell(plot.cursor.idx)
    const options = optionsOf({
      width,
      height,
      key: this.#key,
      lines: this.#lines,
      plan: this.#plan,
      onCursor,
    })
    this.#plot = new Plot(options, this.#data, this.#host)
  }

  /** The values at `index`, or the last ones. @param {number | null | undefined} index */
  #tell(index) {
    const at = index ?? this.#data[0].length - 1
    for (const [line, item] of [...this.#legend.children].entries()) {
      const value = this.#data[line + 1]?.[at] ?? undefined
      const words = item.querySelector('b')
      if (words !== null) say(words, this.#plan.unit(value))
    }
  }
}

/** @param {Line} line @param {Sample[]} samples */
const isThere = ({ of }, samples) => samples.some((sample) => of(sample) !== undefined)

// Where nothing was heard for a while, nothing is drawn: a line across would tell what nobody knows.
/** @param {Sample[]} samples @returns {{ at: number, sample?: Sample }[]} */
function withGaps(samples) {
  let before = samples[0]?.at ?? 0
  return samples.flatMap((sample) => {
    const isGap = sample.at - before > GAP_MS
    before = sample.at
    return isGap ? [{ at: sample.at - 1 }, { at: sample.at, sample }] : [{ at: sample.at, sample }]
  })
}

// The codes that came most often get lines of their own; the rest share one.
/** @param {Plan} plan @param {Sample[]} samples @returns {Line[]} */
function linesOf({ rates, looks = [] }, samples) {
  if (rates === undefined) return []
  /** @type {Map<string, number>} */ const sums = new Map()
  for (const sample of samples) {
    for (const [code, rate] of Object.entries(rates(sample))) {
      sums.set(code, (sums.get(code) ?? 0) + rate)
    }
  }
  const codes = [...sums].sort((one, other) => other[1] - one[1]).map(([code]) => code)
  const named = codes.slice(0, CODES_MAX)
  /** @type {Line[]} */
  const lines = named.map((code, place) => ({
    label: plain(code),
    look: looks[place] ?? 'soft',
    of: (sample) => rates(sample)[code] ?? 0,
    isFilled: place === 0,
  }))
  if (codes.length > CODES_MAX)
    lines.push({ label: 'other', look: 'soft', of: (sample) => restOf(rates(sample), named) })
  return lines.length > 0 ? lines : [{ label: 'none', look: 'soft', of: () => 0 }]
}

/** @param {Record<string, number>} rates @param {string[]} named */
function restOf(rates, named) {
  return Object.entries(rates).reduce(
    (sum, [code, rate]) => (named.includes(code) ? sum : sum + rate),
    0,
  )
}

/** @param {Line} line */
function legendItem({ label, look }) {
  return make('li', {}, make('i', { class: `key ${look}` }), label, make('b'))
}

/**
 * @param {{ width: number, height: number, key: string, lines: Line[], plan: Plan, onCursor: (plot: any) => void }} chart
 * @returns {any}
 */
function optionsOf({ width, height, key, lines, plan, onCursor }) {
  const [soft, line] = [colour('soft'), colour('line')]
  const axis = { stroke: soft, font: AXIS_FONT, ticks: { show: false } }
  return {
    ...{ width, height, padding: [6, HALF_CLOCK, 0, 0], legend: { show: false } },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key } },
    scales: {
      x: { range: xRange },
      y: {
        range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ high) => [
          0,
          Math.max(1, high ?? 1) * 1.1,
        ],
      },
    },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 3,
        space: 70,
        grid: { show: false },
        values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
          splits.map((at) => clock(at * 1_000).slice(0, 5)),
        incrs: [60, 120, 300],
      },
      {
        ...axis,
        size: 44,
        gap: 4,
        space: 26,
        grid: { stroke: line, width: 1 },
        values: (/** @type {any} */ _, /** @type {number[]} */ splits) =>
          splits.map((value) => (plan.unit === duration ? duration(value) : short(value))),
      },
    ],
    series: [{}, ...lines.map(seriesOf)],
    hooks: { setCursor: [onCursor] },
  }
}

/** @param {Line} line */
function seriesOf({ look, isFilled }) {
  const stroke = colour(look)
  return {
    stroke,
    width: 1.5,
    fill: isFilled ? colour(`${look}-fill`) : undefined,
    points: { show: false },
    spanGaps: false,
  }
}

// Always five minutes, so that the picture moves and does not breathe.
/** @param {any} _ @param {number} low @param {number} high */
function xRange(_, low, high) {
  const end = high ?? Date.now() / 1_000
  return [Math.min(low ?? end, end - SAMPLES), end]
}

/** A colour of the style sheet as the canvas takes it. @param {string} name */
function colour(name) {
  const probe = make('i', { class: `probe ${name}` })
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
