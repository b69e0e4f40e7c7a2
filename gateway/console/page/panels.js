// Figures, holds that expire next, partitions, and what was done: each takes news and writes text.
import { find, make, say } from './dom.js'
import { fillStack } from './sku-table.js'
import { bytes, clock, count, duration, percent, short, span } from './words.js'

/** @typedef {import('./feed.js').FullSample} FullSample */

/** @param {string} name @param {string} text */
const setFigure = (name, text) => say(find(`[data-figure="${name}"]`), text)
/** @param {Record<string, number>} rates */
const sum = (rates) => Object.values(rates).reduce((total, rate) => total + rate, 0)

/** The row of figures, from one sample. @param {FullSample} sample */
export function showFigures({ calls }) {
  setFigure('reservations', short(calls.reservations))
  setFigure('confirms', short(calls.confirms))
  setFigure('refusals', short(sum(calls.refusals)))
  const errors = sum(calls.errors)
  setFigure('errors', short(errors))
  find('[data-alarm=errors]').classList.toggle('alarm', errors > 0)
  const isByBatch = calls.reserve.p99Ms === undefined && calls.batch.p99Ms !== undefined
  setFigure('p99', duration(isByBatch ? calls.batch.p99Ms : calls.reserve.p99Ms))
  setFigure('p99-of', isByBatch ? 'whole batches' : 'last second')
}

/** @param {import('./sku-store.js').Totals} totals */
export function showTotals(totals) {
  const { stock, sold, held, available } = totals
  setFigure('sold', count(sold))
  setFigure('sold-of', stock === 0 ? 'of all stock' : `${percent(sold / stock)} of ${short(stock)}`)
  setFigure('held', count(held))
  setFigure('available', `${short(available)} available`)
  fillStack(find('#figures .stack'), totals)
}

/** @typedef {{ id: string, sku: string, buyer: string, quantity: number, expiresAt: number }} Hold */

const HOLDS = 12
const HOLDS_MS = 2_000
const URGENT_MS = 30_000

/** The holds that expire next, counting down by the server's clock. */
export class Holds {
  #api
  #panel = find('#holds')
  #rows = find('#holds tbody')
  /** @type {Hold[]} */ #holds = []
  /** The server's clock minus ours. */
  #offsetMs = 0

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api
    setInterval(() => this.#countDown(), 250)
  }

  /** @param {FullSample} sample */
  heed({ at }) {
    this.#offsetMs = at - Date.now()
  }

  async follow() {
    for (;;) {
      if (!document.hidden && !this.#api.isRefused) {
        const { ok, body } = await this.#api.get(`/v1/holds?limit=${HOLDS}`)
        if (ok) this.#show(body.holds)
      }
      await new Promise((resolve) => setTimeout(resolve, HOLDS_MS))
    }
  }

  /** @param {Hold[]} holds */
  #show(holds) {
    this.#holds = holds
    this.#panel.classList.toggle('empty', holds.length === 0)
    while (this.#rows.children.length > holds.length) this.#rows.lastElementChild?.remove()
    while (this.#rows.children.length < holds.length) {
      const number = { class: 'number' }
      this.#rows.append(
        make(
          'tr',
          {},
          make('th', { scope: 'row' }),
          make('td'),
          make('td', number),
          make('td', number),
        ),
      )
    }
    for (const [place, { sku, buyer, quantity }] of holds.entries()) {
      const cells = this.#rows.children[place]?.children ?? []
      for (const [column, text] of [sku, buyer, count(quantity)].entries()) {
        const cell = cells[column]
        if (cell !== undefined) say(cell, text)
      }
    }
    this.#countDown()
  }

  #countDown() {
    const now = Date.now() + this.#offsetMs
    for (const [place, { expiresAt }] of this.#holds.entries()) {
      const row = this.#rows.children[place]
      const leftMs = expiresAt - now
      row?.classList.toggle('urgent', leftMs < URGENT_MS)
      if (row?.lastElementChild)
        say(row.lastElementChild, leftMs <= 0 ? 'now' : span(Math.ceil(leftMs / 1_000) * 1_000))
    }
  }
}

/** @typedef {{ label: string, of: (line: any) => string | undefined }} Fact */

/** @type {Fact[]} */
const FACTS = [
  { label: 'Partition', of: ({ partition }) => String(partition) },
  { label: 'Epoch', of: ({ owner }) => owner && count(owner.epoch) },
  { label: 'Last event', of: ({ lastSeq }) => lastSeq && count(Number(lastSeq)) },
  { label: 'Durable', of: ({ owner }) => owner && count(Number(owner.durableSeq)) },
  { label: 'Behind', of: ({ owner }) => owner && count(owner.watermarkLag) },
  { label: 'Waiting', of: ({ owner }) => owner && count(owner.inboxLength) },
  {
    label: 'Commit p50 / p99',
    of: ({ owner }) => owner && pair(duration(owner.commitP50Ms), duration(owner.commitP99Ms)),
  },
  {
    label: 'Events per block',
    of: ({ owner }) =>
      owner && pair(numberOr(owner.blockEventsP50), numberOr(owner.blockEventsP99)),
  },
  { label: 'SKUs', of: ({ skus }) => (skus !== undefined ? count(skus) : undefined) },
  { label: 'Held', of: ({ held }) => (held !== undefined ? count(held) : undefined) },
  {
    label: 'Remembered',
    of: ({ reservations }) => (reservations !== undefined ? count(reservations) : undefined),
  },
  { label: 'Snapshot', of: ({ owner }) => owner && snapshotWords(owner) },
  { label: 'Disk free', of: ({ owner }) => owner && bytes(owner.diskFreeBytes) },
]

/** @param {string} one @param {string} other */
const pair = (one, other) => (one === '–' && other === '–' ? '–' : `${one} / ${other}`)
/** @param {number | undefined} value */
const numberOr = (value) => (value === undefined ? '–' : count(value))
/** @param {{ snapshotSeq: number, snapshotAgeMs: number }} owner */
const snapshotWords = ({ snapshotSeq, snapshotAgeMs }) =>
  Number(snapshotSeq) === 0
    ? 'none yet'
    : `${span(snapshotAgeMs)} ago, at ${count(Number(snapshotSeq))}`

/** The table of partitions, and what the process says of itself. @param {FullSample} sample */
export function showPartitions({ partitions, process }) {
  const panel = find('#partitions')
  panel.classList.toggle('empty', partitions.length === 0)
  const head = find('thead', panel)
  if (head.children.length === 0) {
    head.append(make('tr', {}, ...FACTS.map(({ label }) => make('th', { scope: 'col' }, label))))
  }
  const rows = find('tbody', panel)
  while (rows.children.length > partitions.length) rows.lastElementChild?.remove()
  while (rows.children.length < partitions.length) rows.append(newPartitionRow())
  for (const [place, line] of partitions.entries()) fillPartition(rows.children[place], line)
  const shown = [
    `${bytes(process.rssBytes)} of memory`,
    `${count(process.inFlight)} in flight`,
    `${count(process.subscribers)} listen to stock`,
  ]
  say(find('#process'), shown.join(' · '))
}

function newPartitionRow() {
  return make(
    'tr',
    {},
    ...FACTS.map(({ label }, place) =>
      make(place === 0 ? 'th' : 'td', place === 0 ? { scope: 'row' } : { 'data-label': label }),
    ),
  )
}

/** @param {Element | undefined} row @param {any} line */
function fillPartition(row, line) {
  row?.classList.toggle('alarm', line.fault !== undefined)
  for (const [place, { of }] of FACTS.entries()) {
    const cell = row?.children[place]
    const words = line.fault !== undefined && place === 1 ? 'no answer' : of(line)
    if (cell) say(cell, words ?? '–')
  }
}

/**
 * One line of what the operator did, or tried to: then no event is known.
 * @param {{ at: number, what: string, sku: string, seq?: string, who: string }} done
 */
export function noteDone({ at, what, sku, seq, who }) {
  const panel = find('#session')
  panel.classList.add('some')
  // Of what failed it is said why, which may be that nobody knows: no word here that it did not happen.
  const event = seq === undefined ? '' : ` · event ${count(Number(seq))}`
  const detail = make('span', { class: 'fine' }, `${clock(at)}${event} · ${who}`)
  find('ol', panel).prepend(make('li', {}, make('b', {}, sku), ` ${what}`, make('br'), detail))
}
