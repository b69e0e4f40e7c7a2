// The console: wires the stream of figures, the SKUs, the holds and the actions to the page.
import { ActionDialog } from './action-dialog.js'
import { Api } from './api.js'
import { Charts } from './charts.js'
import { find, isField } from './dom.js'
import { Feed } from './feed.js'
import { Header } from './header.js'
import { LiveRows } from './live-rows.js'
import { Holds, noteDone, showFigures, showPartitions, showTotals } from './panels.js'
import { SignIn } from './sign-in.js'
import { SkuStore } from './sku-store.js'
import { SkuTable } from './sku-table.js'

const api = new Api()
const feed = new Feed(api)
const store = new SkuStore(api)
const table = new SkuTable(store)
const charts = new Charts(find('#charts'))
const header = new Header(feed)
const live = new LiveRows(api)
const holds = new Holds(api)
const signIn = new SignIn(api)
let clockOffsetMs = 0
const serverNow = () => Math.round(Date.now() + clockOffsetMs)
const actions = new ActionDialog(api, store, serverNow)
const help = /** @type {HTMLDialogElement} */ (find('#help'))

api.onKeyRefused = (reply) => signIn.refused(reply)
signIn.onChange = () => feed.connect()
feed.onLink = () => header.tell()
feed.onHello = (hello) => {
  header.greet(hello)
  charts.restore(hello.kept)
}
feed.onSample = (sample) => {
  clockOffsetMs = sample.at - Date.now()
  header.show(sample)
  showFigures(sample)
  showPartitions(sample)
  holds.heed(sample)
  charts.add(sample)
}
store.onChange = () => {
  table.refresh()
  showTotals(store.totals)
}
table.onVisible = (skus) => live.watch(store.isLarge ? skus : [])
let isDrawDue = false
live.onEntry = (entry) => {
  store.takeEntry(entry)
  if (isDrawDue) return
  isDrawDue = true
  requestAnimationFrame(() => {
    isDrawDue = false
    table.refreshRows()
  })
}
table.onOpen = (sku) => actions.open(sku)
actions.onDone = (sku, what) => {
  table.refresh()
  noteDone({ at: serverNow(), what, sku: sku.sku, seq: sku.seq, who: header.who })
}

actions.onMissed = (sku, what) => noteDone({ at: serverNow(), what, sku: sku.sku, who: header.who })

function turnTheme() {
  const isDark =
    getComputedStyle(document.documentElement).getPropertyValue('--is-dark').trim() === '1'
  const next = isDark ? 'light' : 'dark'
  document.documentElement.dataset.theme = next
  localStorage.setItem('holdfast-theme', next)
  charts.draw(true)
}

/** @type {Record<string, () => void>} */
const keys = {
  '/': () => table.focusSearch(),
  '?': () => help.showModal(),
  t: turnTheme,
  k: () => signIn.ask(),
}
document.addEventListener('keydown', (event) => {
  const isTyping = isField(event.target) || document.querySelector('dialog[open]') !== null
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  const act = keys[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
})
find('#theme-button').addEventListener('click', turnTheme)
find('#help-button').addEventListener('click', () => help.showModal())
find('#key-button').addEventListener('click', () => signIn.ask())
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.draw(true))

feed.connect()
void store.follow()
void holds.follow()
