// The table of SKUs: search, sort, and as many rows as fit the eye, however many SKUs there are.
import { find, make, say } from './dom.js'
import { count, percent, plain } from './words.js'

/** @typedef {import('./sku-store.js').Sku} Sku */
/** @typedef {{ name: string, label: string, isNumber?: boolean, key: (sku: Sku) => string | number }} Column */

/** @param {Sku} sku */
const shareSold = ({ sold, stock }) => (stock === 0 ? 0 : sold / stock)

/** @type {Column[]} */
const COLUMNS = [
  { name: 'sku', label: 'SKU', key: ({ sku }) => sku },
  { name: 'state', label: 'State', key: ({ state }) => state },
  { name: 'stock', label: 'Stock', isNumber: true, key: ({ stock }) => stock },
  { name: 'available', label: 'Available', isNumber: true, key: ({ available }) => available },
  { name: 'held', label: 'Held', isNumber: true, key: ({ held }) => held },
  { name: 'sold', label: 'Sold', isNumber: true, key: ({ sold }) => sold },
  { name: 'share', label: 'Sell-through', isNumber: true, key: shareSold },
]
/** Rows beyond the edges that are drawn all the same. */
const SPARE_ROWS = 4
/** Rows that the table is high, where the window is. */
const [ROWS_MIN, ROWS_MAX] = [4, 18]
const order = new Intl.Collator('en', { numeric: true })
const SVG = 'http://www.w3.org/2000/svg'
const SPARK = { width: 80, height: 20 }

export class SkuTable {
  /** @type {(sku: string) => void} */ onOpen = () => {}
  /** What is on screen has changed. @type {(skus: string[]) => void} */ onVisible = () => {}
  #store
  #grid = find('#sku-grid')
  #rows = find('.rows', this.#grid)
  #space = find('.space', this.#grid)
  #search = /** @type {HTMLInputElement} */ (find('#search'))
  #only = /** @type {HTMLSelectElement} */ (find('#only'))
  /** @type {HTMLElement[]} */ #heads = []
  /** @type {Map<string, HTMLElement>} */ #drawn = new Map()
  /** @type {Sku[]} */ #found = []
  /** @type {string | undefined} */ #chosen
  #column = /** @type {Column} */ (COLUMNS.at(5))
  #isDown = true

  /** @param {import('./sku-store.js').SkuStore} store */
  constructor(store) {
    this.#store = store
    this.#makeHeads()
    for (const field of [this.#search, this.#only])
      field.addEventListener('input', () => this.#anew())
    this.#rows.addEventListener('scroll', () => this.#draw(), { passive: true })
    this.#rows.addEventListener('click', (event) => this.#click(event))
    this.#grid.addEventListener('keydown', (event) => this.#press(event))
    this.#search.addEventListener('keydown', (event) => this.#pressInSearch(event))
    new ResizeObserver(() => this.#draw()).observe(this.#rows)
  }

  /** The SKU that the arrow keys have chosen. */
  get chosen() {
    return this.#chosen
  }

  /** Takes the store's news: what is found, in order, and the rows in sight. */
  refresh() {
    const wanted = this.#search.value.trim().toLowerCase()
    const state = this.#only.value
    const all = this.#store.all
    const found = all.filter(
      (sku) => sku.sku.toLowerCase().includes(wanted) && (state === '' || sku.state === state),
    )
    this.#found = found.sort((one, other) => this.#compare(one, other))
    const isNarrowed = wanted !== '' || state !== ''
    say(
      find('#sku-count'),
      isNarrowed ? `${count(found.length)} of ${count(all.length)}` : count(all.length),
    )
    this.#grid.setAttribute('aria-rowcount', String(found.length + 1))
    const rows = Math.max(ROWS_MIN, Math.min(ROWS_MAX, found.length))
    this.#rows.style.setProperty('--rows', String(rows))
    this.#space.dataset.none = noneWords(this.#store.isWhole, all.length)
    this.#draw()
  }

  /** Takes news of single rows without putting anything in another order. */
  refreshRows() {
    for (const [name, row] of this.#drawn) {
      const sku = this.#store.get(name)
      if (sku !== undefined) fillRow(row, sku, this.#store.trail(name))
    }
  }

  focusSearch() {
    this.#search.focus()
    this.#search.select()
  }

  focus() {
    this.#grid.focus()
  }

  #anew() {
    this.#rows.scrollTop = 0
    this.refresh()
  }

  /** @param {Sku} one @param {Sku} other */
  #compare(one, other) {
    const [left, right] = [this.#column.key(one), this.#column.key(other)]
    const sign = this.#isDown ? -1 : 1
    const by = typeof left === 'string' ? order.compare(left, String(right)) : left - Number(right)
    return by === 0 ? order.compare(one.sku, other.sku) : sign * by
  }

  #makeHeads() {
    this.#heads = COLUMNS.map((column) => {
      const button = make('button', { type: 'button', tabindex: '-1' }, column.label)
      button.addEventListener('click', () => this.#sortBy(column))
      const look = column.isNumber ? `${column.name} number` : column.name
      return make('div', { role: 'columnheader', class: look }, button)
    })
    const trend = make('div', { role: 'columnheader', class: 'trend' }, 'Sold, 5 min')
    find('.heads', this.#grid).append(...this.#heads, trend)
    this.#markHeads()
  }

  /** @param {Column} column */
  #sortBy(column) {
    this.#isDown = column === this.#column ? !this.#isDown : column.isNumber === true
    this.#column = column
    this.#markHeads()
    this.#anew()
  }

  #markHeads() {
    for (const [place, head] of this.#heads.entries()) {
      if (COLUMNS[place] !== this.#column) head.removeAttribute('aria-sort')
      else head.setAttribute('aria-sort', this.#isDown ? 'descending' : 'ascending')
    }
  }

  get #rowHeight() {
    return Number.parseFloat(getComputedStyle(this.#grid).getPropertyValue('--row'))
  }

  #draw() {
    const height = this.#rowHeight
    this.#space.style.height = `${this.#found.length * height}px`
    const first = Math.max(0, Math.floor(this.#rows.scrollTop / height) - SPARE_ROWS)
    const last = Math.ceil((this.#rows.scrollTop + this.#rows.clientHeight) / height) + SPARE_ROWS
    const visible = this.#found.slice(first, last)
    const wanted = new Set(visible.map(({ sku }) => sku))
    for (const [sku, row] of this.#drawn) {
      if (wanted.has(sku)) continue
      row.remove()
      this.#drawn.delete(sku)
    }
    for (const [place, sku] of visible.entries()) this.#drawRow(sku, first + place, height)
    this.#mark()
    this.onVisible([...wanted])
  }

  /** @param {Sku} sku @param {number} place @param {number} height */
  #drawRow(sku, place, height) {
    let row = this.#drawn.get(sku.sku)
    if (row === undefined) {
      row = newRow(sku.sku)
      this.#drawn.set(sku.sku, row)
      this.#space.append(row)
    }
    row.style.transform = `translateY(${place * height}px)`
    row.setAttribute('aria-rowindex', String(place + 2))
    fillRow(row, sku, this.#store.trail(sku.sku))
  }

  #mark() {
    for (const [sku, row] of this.#drawn)
      row.setAttribute('aria-selected', String(sku === this.#chosen))
    const row = this.#chosen === undefined ? undefined : this.#drawn.get(this.#chosen)
    if (row === undefined) this.#grid.removeAttribute('aria-activedescendant')
    else this.#grid.setAttribute('aria-activedescendant', row.id)
  }

  /** @param {number} place */
  #choose(place) {
    const bounded = Math.max(0, Math.min(this.#found.length - 1, place))
    this.#chosen = this.#found[bounded]?.sku
    const height = this.#rowHeight
    const { scrollTop, clientHeight } = this.#rows
    if (bounded * height < scrollTop) this.#rows.scrollTop = bounded * height
    if ((bounded + 1) * height > scrollTop + clientHeight)
      this.#rows.scrollTop = (bounded + 1) * height - clientHeight
    this.#draw()
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.target !== this.#grid) return
    const now = this.#found.findIndex(({ sku }) => sku === this.#chosen)
    const page = Math.max(1, Math.floor(this.#rows.clientHeight / this.#rowHeight) - 1)
    /** @type {Record<string, number>} */
    const moves = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: this.#found.length - 1,
    }
    const to = moves[event.key]
    if (to !== undefined) this.#choose(to)
    else if (event.key === 'Enter' && now >= 0) this.onOpen(String(this.#chosen))
    else return
    event.preventDefault()
  }

  /** @param {KeyboardEvent} event */
  #pressInSearch(event) {
    if (event.key === 'Escape') {
      this.#search.value = ''
      this.#anew()
    } else if (event.key !== 'Enter' && event.key !== 'ArrowDown') return
    event.preventDefault()
    this.focus()
    if (event.key !== 'Escape') this.#choose(0)
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = event.target instanceof Element ? event.target.closest('.row') : null
    if (!(row instanceof HTMLElement) || row.dataset.sku === undefined) return
    this.#chosen = row.dataset.sku
    this.#mark()
    this.onOpen(row.dataset.sku)
  }
}

/** @param {boolean} isWhole @param {number} all */
function noneWords(isWhole, all) {
  if (!isWhole) return 'Reading…'
  return all === 0 ? 'No SKU is open yet: PUT /v1/skus/{sku} opens one.' : 'No SKU is called so.'
}

/** @param {string} sku */
function newRow(sku) {
  const cells = COLUMNS.map(({ name, isNumber }) => {
    const role = name === 'sku' ? 'rowheader' : 'gridcell'
    const cell = make('div', { role, class: isNumber ? `${name} number` : name })
    if (name === 'sku') cell.textContent = sku
    if (name === 'state') cell.append(make('i'), make('span'))
    if (name === 'share')
      cell.append(
        make(
          'span',
          { class: 'stack' },
          make('i', { class: 'sold' }),
          make('i', { class: 'held' }),
        ),
        make('span'),
      )
    return cell
  })
  const spark = document.createElementNS(SVG, 'svg')
  spark.setAttribute('viewBox', `0 0 ${SPARK.width} ${SPARK.height}`)
  spark.setAttribute('preserveAspectRatio', 'none')
  spark.append(document.createElementNS(SVG, 'polyline'))
  const trend = make('div', { role: 'gridcell', class: 'trend', 'aria-hidden': 'true' }, spark)
  return make(
    'div',
    { role: 'row', class: 'row', id: `row-${sku}`, 'data-sku': sku },
    ...cells,
    trend,
  )
}

/** @param {HTMLElement} row @param {Sku} sku @param {number[]} trail */
function fillRow(row, sku, trail) {
  row.dataset.state = sku.state
  for (const name of /** @type {const} */ (['stock', 'available', 'held', 'sold'])) {
    say(find(`.${name}`, row), count(sku[name]))
  }
  say(find('.state span', row), plain(sku.state))
  say(find('.share > span:last-child', row), percent(shareSold(sku)))
  fillStack(find('.stack', row), sku)
  row.querySelector('polyline')?.setAttribute('points', pointsOf(trail))
}

/** Sold and held as shares of the stock. @param {HTMLElement} stack @param {{ stock: number, sold: number, held: number }} units */
export function fillStack(stack, { stock, sold, held }) {
  const whole = Math.max(1, stock)
  find('.sold', stack).style.width = `${(100 * sold) / whole}%`
  find('.held', stack).style.width = `${(100 * held) / whole}%`
}

/** @param {number[]} trail */
function pointsOf(trail) {
  if (trail.length < 3) return ''
  const [low, high] = [Math.min(...trail), Math.max(...trail)]
  const step = SPARK.width / (trail.length - 1)
  const y = (/** @type {number} */ value) =>
    high === low
      ? SPARK.height - 1.5
      : SPARK.height - 1.5 - ((value - low) / (high - low)) * (SPARK.height - 3)
  return trail
    .map((value, place) => `${(place * step).toFixed(1)},${y(value).toFixed(1)}`)
    .join(' ')
}
