// What the report's page does in a browser: charts that tell their values, a table that can be searched and sorted.
// Everything works without it, too; it only ever writes text, never markup.

/** The page's own script. It reads the JSON of the element \`data\`. */
export const PAGE_SCRIPT = `(() => {
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const number = (value) => value.toLocaleString('en-US')
const short = (value) => {
  for (const [unit, name] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (value >= unit) return Number((value / unit).toPrecision(3)) + name
  }
  return String(value)
}
const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()
const steps = []
for (let power = 1; power < 1e13; power *= 10) steps.push(power, 2 * power, 5 * power)

function optionsOf(chart, width, onCursor) {
  const { spanMs, unitMs } = chart.axis
  const timeWords = (ms) => Number((ms / unitMs).toPrecision(6)).toLocaleString('en-US')
  const font = '12px system-ui, sans-serif'
  const soft = colour('soft')
  const line = colour('line')
  return {
    width,
    height: width < 560 ? 220 : 300,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false } },
    scales: {
      x: { time: false, range: (_, low, high) => [Math.max(0, low), Math.min(Math.max(1, spanMs), high)] },
      y: { range: (_, low, high) => [0, Math.max(1, high) * 1.06] },
    },
    axes: [
      { stroke: soft, font, grid: { show: false }, ticks: { stroke: line, size: 6 }, size: 30,
        space: 64, incrs: steps.map((step) => (step * unitMs) / 1000),
        values: (_, splits) => splits.map(timeWords) },
      { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: 46,
        gap: 6, incrs: steps, values: (_, splits) => splits.map(short) },
    ],
    series: [{}, ...chart.series.map(({ look, isFilled }) => ({
      stroke: colour(look),
      width: look === 'sold' ? 2 : 1.4,
      fill: isFilled ? colour(look + '-fill') : undefined,
      dash: look === 'stock' ? [5, 4] : undefined,
      paths: uPlot.paths.stepped({ align: 1 }),
      points: { show: false },
    }))],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx)] },
  }
}

function startChart(host) {
  const chart = data.charts[host.dataset.chart]
  const legend = host.closest('figure').querySelector('.legend')
  const cells = chart.series.map((_, index) => legend.querySelector('[data-value="' + index + '"]'))
  const when = legend.querySelector('[data-when]')
  const atRest = [...cells, when].map((cell) => cell.textContent)
  const columns = [chart.afterMs, ...chart.series.map(({ values }) => values)]
  const end = Math.max(chart.axis.spanMs, chart.afterMs[chart.afterMs.length - 1])
  // The last value holds until the end of the axis.
  for (const column of columns) column.push(column === chart.afterMs ? end : column[column.length - 1])
  const onCursor = (index) => {
    const texts = index === null || index === undefined ? atRest : [
      ...chart.series.map(({ values }) => number(values[index])),
      new Date(data.from + chart.afterMs[index]).toISOString().slice(11, 23) + ' UTC',
    ]
    for (const [place, cell] of [...cells, when].entries()) cell.textContent = texts[place]
  }
  let plot
  const draw = () => {
    if (plot !== undefined) plot.destroy()
    plot = new uPlot(optionsOf(chart, host.clientWidth, onCursor), columns, host)
    host.classList.add('live')
  }
  draw()
  let width = host.clientWidth
  new ResizeObserver(() => {
    if (host.clientWidth === 0 || host.clientWidth === width) return
    width = host.clientWidth
    draw()
  }).observe(host)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
}

function startTable(table) {
  const tools = document.getElementById('sku-tools')
  const search = tools.querySelector('input')
  const told = tools.querySelector('output')
  const more = document.getElementById('sku-more')
  const heads = [...table.tHead.rows[0].cells]
  const keyOf = (cell) => (Array.isArray(cell) ? cell[0] : cell)
  let column = 1
  let isDown = true
  let limit = 25

  const rank = (left, right) => {
    const [one, other] = [keyOf(left[column]), keyOf(right[column])]
    if (one === null || other === null) return (one === null) - (other === null)
    const order = typeof one === 'string' ? one.localeCompare(other, 'en', { numeric: true }) : one - other
    return isDown ? -order : order
  }
  const rowOf = (cells) => {
    const row = document.createElement('tr')
    for (const [index, cell] of cells.entries()) {
      const place = document.createElement(index === 0 ? 'th' : 'td')
      if (index === 0) place.scope = 'row'
      const text = Array.isArray(cell) ? cell[1] : cell
      place.textContent = typeof text === 'number' ? number(text) : text
      row.append(place)
    }
    return row
  }
  const show = () => {
    const wanted = search.value.trim().toLowerCase()
    const found = data.skus.filter(([sku]) => sku.toLowerCase().includes(wanted)).sort(rank)
    table.tBodies[0].replaceChildren(...found.slice(0, limit).map(rowOf))
    told.textContent = wanted === '' ? '' : number(found.length) + ' found'
    more.hidden = found.length <= limit
    for (const [index, head] of heads.entries()) {
      if (index !== column) head.removeAttribute('aria-sort')
      else head.setAttribute('aria-sort', isDown ? 'descending' : 'ascending')
    }
  }
  for (const [index, head] of heads.entries()) {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    head.append(button)
    button.addEventListener('click', () => {
      // Times and names are asked for from the least, units from the most.
      isDown = index === column ? !isDown : !data.risingColumns.includes(index)
      column = index
      show()
    })
  }
  search.addEventListener('input', show)
  more.addEventListener('click', () => {
    limit += 100
    show()
  })
  tools.hidden = false
  show()
}

for (const host of document.querySelectorAll('[data-chart]')) startChart(host)
const table = document.getElementById('sku-table')
if (table !== null) startTable(table)
})()
`
