// Asks for a key when the server wants one, and says why the last one did not do.
import { find } from './dom.js'

export class SignIn {
  /** Another key is in use, or none. */
  onChange = () => {}
  #api
  #dialog = /** @type {HTMLDialogElement} */ (find('#sign-in'))
  #input = /** @type {HTMLInputElement} */ (find('#key'))

  /** The operator has seen the question and left it; another key asks it anew. */
  #isLeft = false

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api
    find('form', this.#dialog).addEventListener('submit', (event) => {
      event.preventDefault()
      this.#use(this.#input.value.trim())
    })
    this.#dialog.addEventListener('close', () => {
      this.#isLeft = true
    })
    find('[value=cancel]', this.#dialog).addEventListener('click', () => this.#dialog.close())
    find('[value=forget]', this.#dialog).addEventListener('click', () => this.#use(undefined))
  }

  /** Asks because a call was refused. @param {import('./api.js').Reply} reply */
  refused(reply) {
    if (this.#dialog.open || this.#isLeft) return
    const had = this.#api.key !== null
    const detail = reply.body.detail ?? ''
    this.ask(
      had
        ? `The server does not take this key for that: ${detail}`
        : 'This server asks for a key with the scope operate.',
    )
  }

  /** @param {string} [why] */
  ask(
    why = 'The console needs a key with the scope operate: holdfast keys add --name night-shift --scope operate',
  ) {
    find('#sign-in-why').textContent = why
    find('[value=forget]', this.#dialog).hidden = this.#api.key === null
    this.#input.value = ''
    this.#dialog.showModal()
    this.#input.focus()
  }

  /** @param {string | undefined} key */
  #use(key) {
    this.#api.use(key === '' ? undefined : key)
    this.#dialog.close()
    // After the close is told of, which comes later.
    setTimeout(() => {
      this.#isLeft = false
      this.onChange()
    })
  }
}
