// The dialog of a SKU: choose what to do, read what it will do, do it, see what came of it.
import { actionsOf, problemWords, ruleWords } from './actions.js'
import { AttemptKeys } from './attempt-keys.js'
import { announce, find, make } from './dom.js'
import { count, plain } from './words.js'

/** @typedef {import('./sku-store.js').Sku} Sku */
/** @typedef {import('./actions.js').Action} Action */

export class ActionDialog {
  /** @type {(sku: Sku, what: string) => void} */ onDone = () => {}
  /** Something failed, or nobody knows, and its form is not there any more to say so. @type {(sku: Sku, what: string) => void} */
  onMissed = () => {}
  #api
  #store
  #dialog = /** @type {HTMLDialogElement} */ (find('#actions'))
  #form = /** @type {HTMLFormElement} */ (find('#actions form'))
  /** Milliseconds since 1970 by the server's clock. */
  #now
  /** @type {(() => void) | undefined} */ #submit
  #keys = new AttemptKeys()
  /** Stands for the form in sight; each has its own. */
  #shown = Symbol('none')

  /** @param {import('./api.js').Api} api @param {import('./sku-store.js').SkuStore} store @param {() => number} now */
  constructor(api, store, now) {
    this.#api = api
    this.#store = store
    this.#now = now
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit?.()
    })
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close()
    })
  }

  /** @param {string} name */
  open(name) {
    const sku = this.#store.get(name)
    if (sku === undefined) return
    this.#choose(sku)
    if (!this.#dialog.open) this.#dialog.showModal()
    find('button', this.#form).focus()
  }

  /** @param {Sku} sku */
  #choose(sku) {
    this.#submit = undefined
    this.#shown = Symbol('choices')
    const choices = actionsOf(sku, this.#now()).map((action) => {
      const look = action.isDanger ? 'choice danger' : 'choice'
      const button = make(
        'button',
        { type: 'button', class: look },
        make('b', {}, action.title),
        make('span', {}, action.about),
      )
      button.addEventListener('click', () => this.#ask(sku, action))
      return button
    })
    const list = make('div', { class: 'choices' }, ...choices)
    list.addEventListener('keydown', (event) => moveFocus(event, choices))
    this.#form.replaceChildren(
      ...headOf(sku),
      list,
      make('menu', {}, make('span'), this.#leave('Leave')),
    )
  }

  /** @param {Sku} sku @param {Action} action */
  #ask(sku, action) {
    const fields = action.fields.map(fieldOf)
    const says = make('p', { class: 'says', 'aria-live': 'polite' })
    const problem = make('p', { class: 'problem', role: 'alert', hidden: '' })
    const button = make(
      'button',
      { type: 'submit', class: action.isDanger ? 'danger' : 'main' },
      action.button,
    )
    const back = make('button', { type: 'button', class: 'quiet' }, 'Back')
    back.addEventListener('click', () => this.open(sku.sku))
    const values = () => Object.fromEntries(fields.map(({ input }) => [input.name, input.value]))
    const tell = () => {
      const words = action.says(values())
      says.textContent = words ?? 'Say how much.'
      button.disabled = words === undefined
    }
    for (const { input } of fields) input.addEventListener('input', tell)
    tell()
    this.#shown = Symbol(action.title)
    this.#submit = () => void this.#do({ sku, action, values: values(), button, problem })
    const menu = make('menu', {}, back, make('span'), this.#leave('Leave it'), button)
    this.#form.replaceChildren(
      ...headOf(sku),
      make('h3', {}, action.title),
      ...fields.map(({ label }) => label),
      says,
      problem,
      menu,
    )
    const first = fields[0]?.input ?? (action.isDanger ? back : button)
    first.focus()
  }

  /**
   * @param {{ sku: Sku, action: Action, values: Record<string, string>, button: HTMLButtonElement,
   *   problem: HTMLElement }} asked
   */
  async #do({ sku, action, values, button, problem }) {
    if (button.disabled) return
    button.disabled = true
    problem.hidden = true
    const asker = this.#shown
    const reply = await this.#send(action.request(values))
    button.disabled = false
    const isInSight = asker === this.#shown && this.#dialog.open
    if (reply.ok) this.#tellDone(reply.body, action.done(values, reply.body), isInSight)
    else if (!isInSight) this.#tellMissed(sku, `${action.title}: ${problemWords(reply)}`)
    else {
      problem.hidden = false
      problem.textContent = problemWords(reply)
    }
  }

  // The same key for every try of the same, from whichever form: what happened once does not happen twice.
  /** @param {import('./actions.js').Request} request */
  async #send(request) {
    const { method, path, body, isKeyed } = request
    if (!isKeyed) return this.#api.call(method, path, body)
    const key = this.#keys.keyOf(request)
    const reply = await this.#api.call(method, path, body, { 'idempotency-key': key })
    this.#keys.settle(request, key, reply)
    return reply
  }

  /** @param {Sku} sku @param {string} what @param {boolean} isInSight whether the form that asked for it is */
  #tellDone(sku, what, isInSight) {
    this.#store.take(sku)
    this.onDone(sku, what)
    const words = `Done: ${sku.sku} ${what}. It is event ${count(Number(sku.seq))} of its journal, on disk.`
    if (isInSight) this.#showDone(sku, words)
    announce(words)
  }

  /** @param {Sku} sku @param {string} words */
  #showDone(sku, words) {
    this.#submit = () => this.#dialog.close()
    this.#shown = Symbol('done')
    const button = make('button', { type: 'submit', class: 'main' }, 'Close')
    this.#form.replaceChildren(
      ...headOf(sku),
      make('p', { class: 'success', role: 'status' }, words),
      make('menu', {}, make('span'), button),
    )
    button.focus()
  }

  /** @param {Sku} sku @param {string} what */
  #tellMissed(sku, what) {
    this.onMissed(sku, what)
    announce(`${sku.sku}: ${what}`)
  }

  /** @param {string} words */
  #leave(words) {
    const button = make('button', { type: 'button' }, words)
    button.addEventListener('click', () => this.#dialog.close())
    return button
  }
}

/** @param {Sku} sku */
function headOf(sku) {
  const state = make(
    'span',
    { class: 'state', 'data-state': sku.state },
    make('i'),
    plain(sku.state),
  )
  const facts = [
    `${count(sku.stock)} in stock`,
    `${count(sku.available)} available`,
    `${count(sku.held)} held`,
    `${count(sku.sold)} sold`,
  ]
  return [
    make('h2', { id: 'actions-title' }, sku.sku, state),
    make('p', { class: 'fine' }, facts.join(' · '), make('br'), ruleWords(sku)),
  ]
}

/** @param {import('./actions.js').Field} field */
function fieldOf({ name, label, type, note, isOptional, value }) {
  const input = make('input', { name, autocomplete: 'off' })
  input.required = isOptional !== true
  if (type === 'text') input.maxLength = 200
  else {
    input.inputMode = 'numeric'
    input.pattern = '[+\\-]?[0-9]{1,10}'
  }
  input.value = value ?? ''
  const small = make('small', {}, note ?? '')
  return { input, label: make('label', {}, label, input, small) }
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} among */
function moveFocus(event, among) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  event.preventDefault()
  const now = among.findIndex((one) => one === document.activeElement)
  among[(now + step + among.length) % among.length]?.focus()
}
