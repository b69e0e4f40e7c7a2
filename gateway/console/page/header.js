// The top of the page: is it live, does it sell, what version, who am I; and the band that says it is cut off.
import { announce, find, say } from './dom.js'
import { clock, plain, span } from './words.js'

/** @typedef {import('./feed.js').Feed} Feed */

/** What each reason for not selling means to an operator. @type {Record<string, string>} */
const REASONS = {
  recovering: 'replaying the journal',
  draining: 'shutting down',
  disk_low: 'disk low: no new reservations',
  journal_failed: 'the journal failed: it restarts',
  cluster_not_found: 'no owner of a partition answers',
}
/** @type {Record<import('./feed.js').Link, [string, string]>} */
const LINKS = {
  connecting: ['wait', 'Connecting'],
  live: ['good', 'Live'],
  stale: ['warn', 'Stale'],
  cut: ['bad', 'Cut off'],
  refused: ['warn', 'Key needed'],
}

export class Header {
  #feed
  #heardAt = 0
  #wasLive = false
  #isReady = true
  #version = ''
  #who = ''
  #uptimeMs = 0

  /** @param {Feed} feed */
  constructor(feed) {
    this.#feed = feed
    find('#trouble button').addEventListener('click', () => feed.connect())
    setInterval(() => this.tell(), 500)
  }

  /** @param {import('./feed.js').Hello} hello */
  greet({ version, who }) {
    this.#version = version
    this.#who = who.name ?? 'no key asked for'
  }

  /** Who the server takes the operator for. */
  get who() {
    return this.#who
  }

  /** @param {import('./feed.js').FullSample} sample */
  show({ reasons, uptimeMs }) {
    this.#heardAt = Date.now()
    this.#uptimeMs = uptimeMs
    const isReady = reasons.length === 0
    const words = isReady
      ? 'Selling'
      : `Not selling: ${reasons.map((reason) => REASONS[reason] ?? plain(reason)).join(', ')}`
    setPill(find('#health'), isReady ? 'good' : 'bad', words)
    if (isReady !== this.#isReady) announce(words)
    this.#isReady = isReady
    this.tell()
  }

  /** Words of the moment; called twice a second. */
  tell() {
    const { link, retryAt } = this.#feed
    const [look, words] = LINKS[link]
    const silentMs = Date.now() - this.#heardAt
    document.body.dataset.link = link
    const isOld = this.#heardAt > 0 && link !== 'live'
    setPill(find('#link'), look, isOld && link !== 'refused' ? `${words} ${span(silentMs)}` : words)
    say(
      find('#about'),
      this.#version === '' ? '' : `${this.#version} · up ${span(this.#uptimeMs)} · ${this.#who}`,
    )
    this.#tellTrouble(retryAt - performance.now())
    const isLive = link === 'live'
    if (isLive !== this.#wasLive && this.#heardAt > 0) announce(isLive ? 'Live again' : words)
    this.#wasLive = isLive
  }

  /** @param {number} retryMs */
  #tellTrouble(retryMs) {
    const { link } = this.#feed
    const band = find('#trouble')
    band.hidden = link !== 'stale' && link !== 'cut'
    if (band.hidden) return
    const since =
      this.#heardAt > 0 ? ` since ${clock(this.#heardAt)}; what you see is from then` : ''
    const next =
      retryMs > 0 ? ` Trying again in ${Math.ceil(retryMs / 1_000)} s.` : ' Trying again…'
    const words =
      link === 'stale'
        ? `No word from the server${since}.`
        : `Cut off from the server${since}.${next}`
    say(find('p', band), words)
  }
}

/** @param {HTMLElement} pill @param {string} look @param {string} words */
function setPill(pill, look, words) {
  pill.dataset.look = look
  say(find('span', pill), words)
}
