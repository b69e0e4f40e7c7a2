// What an operator can do with a SKU, and what each will do to the sale, in words, before it is done.
import { count, date, plain, unitsOf } from './words.js'

/** @typedef {import('./sku-store.js').Sku} Sku */
/** @typedef {{ name: string, label: string, type: 'integer' | 'text', note?: string, isOptional?: boolean, value?: string }} Field */
/** @typedef {{ method: string, path: string, body: object, isKeyed?: boolean }} Request */
/**
 * One thing to do. `says` tells what will happen with the values that are in the fields; undefined while they make no sense.
 * `done` tells what happened, by the SKU that the server answered with.
 * @typedef {{ title: string, about: string, button: string, isDanger?: boolean, fields: Field[],
 *   says: (values: Record<string, string>) => string | undefined, request: (values: Record<string, string>) => Request,
 *   done: (values: Record<string, string>, after: Sku) => string }} Action
 */

/** @param {string} sku */
const pathOf = (sku) => `/v1/skus/${encodeURIComponent(sku)}`
/** @param {string} sku @param {object} body @returns {Request} */
const amend = (sku, body) => ({ method: 'PATCH', path: pathOf(sku), body })

/** What can be done with a SKU as it is now. @param {Sku} sku @param {number} now the server's clock @returns {Action[]} */
export function actionsOf(sku, now) {
  const isClosed = sku.state === 'closed'
  return [
    sku.rules.paused ? resume(sku) : pause(sku),
    adjust(sku),
    limit(sku),
    isClosed ? reopen(sku) : close(sku, now),
  ]
}

/** @param {Sku} sku */
const heldWords = ({ held }) =>
  held === 0 ? 'Nobody holds any.' : `${unitsOf(held, 'held unit')} can still be paid for.`

/** @param {Sku} sku @returns {Action} */
function pause(sku) {
  return {
    title: 'Pause',
    about: 'No new reservations until you resume.',
    button: `Pause ${sku.sku}`,
    fields: [],
    says: () =>
      `From now on every new reservation of ${sku.sku} is refused with “sale paused”. ${heldWords(sku)} Nothing else changes, and Resume undoes it.`,
    request: () => amend(sku.sku, { paused: true }),
    done: () => 'paused',
  }
}

/** @param {Sku} sku @returns {Action} */
function resume(sku) {
  return {
    title: 'Resume',
    about: 'Take the pause away.',
    button: `Resume ${sku.sku}`,
    fields: [],
    says: () => resumeWords(sku),
    request: () => amend(sku.sku, { paused: false }),
    done: () => 'resumed',
  }
}

// A pause is not all that can stand between buyers and a SKU.
/** @param {Sku} sku */
function resumeWords({ sku, state, available, rules }) {
  if (state === 'closed')
    return `The pause of ${sku} is taken away, but its sale stays closed: buyers are refused with “sale closed” until you reopen it.`
  if (state === 'not_open')
    return `The pause of ${sku} is taken away, but its sale opens ${date(rules.opensAt ?? 0)}: until then buyers are refused with “sale not open”.`
  return `Buyers can reserve ${sku} again at once; ${unitsOf(available)} ${available === 1 ? 'is' : 'are'} available.`
}

/** @param {Sku} sku @returns {Action} */
function adjust(sku) {
  /** @param {Record<string, string>} values */
  const deltaOf = ({ delta = '' }) => (/^[+-]?\d{1,10}$/.test(delta.trim()) ? Number(delta) : 0)
  return {
    title: 'Add or take stock',
    about: `${count(sku.available)} of ${count(sku.stock)} available.`,
    button: 'Change the stock',
    fields: [
      {
        name: 'delta',
        label: 'Units',
        type: 'integer',
        note: '50 adds fifty, -50 takes fifty away',
      },
      { name: 'reason', label: 'Reason', type: 'text', note: 'kept in the journal' },
    ],
    says: (values) => {
      const delta = deltaOf(values)
      if (delta === 0) return undefined
      const after = `Stock of ${sku.sku} becomes ${count(sku.stock + delta)}, available ${count(sku.available + delta)}.`
      if (delta > 0) return `${unitsOf(delta)} come on sale at once. ${after}`
      if (-delta > sku.available)
        return `Only ${unitsOf(sku.available)} can be taken away: the rest is held or sold. The server will refuse.`
      return `${unitsOf(-delta)} that nobody holds are taken off sale. ${after}`
    },
    request: (values) => ({
      method: 'POST',
      path: `${pathOf(sku.sku)}/stock`,
      body: { delta: deltaOf(values), reason: values.reason?.trim() ?? '' },
      isKeyed: true,
    }),
    done: (values) =>
      deltaOf(values) > 0
        ? `+${unitsOf(deltaOf(values))}: ${values.reason}`
        : `−${unitsOf(-deltaOf(values))}: ${values.reason}`,
  }
}

/** @param {Sku} sku @returns {Action} */
function limit(sku) {
  const now = sku.rules.perBuyer
  /** @param {Record<string, string>} values */
  const limitOf = ({ perBuyer = '' }) => (perBuyer.trim() === '' ? null : Number(perBuyer))
  return {
    title: 'Limit per buyer',
    about: now === undefined ? 'No limit now.' : `${unitsOf(now)} now.`,
    button: 'Set the limit',
    fields: [
      {
        name: 'perBuyer',
        label: 'Units per buyer',
        type: 'integer',
        isOptional: true,
        note: 'empty for no limit',
        value: now === undefined ? '' : String(now),
      },
    ],
    says: (values) => {
      const next = limitOf(values)
      if (next === null) return `Any buyer may have as many units of ${sku.sku} as there are.`
      if (!Number.isInteger(next) || next < 1) return undefined
      return `A buyer may have ${unitsOf(next)} of ${sku.sku}, held and bought together. Who has more keeps them, and gets no more.`
    },
    request: (values) => amend(sku.sku, { perBuyer: limitOf(values) }),
    done: (values) =>
      limitOf(values) === null
        ? 'limit per buyer taken away'
        : `limit per buyer ${limitOf(values)}`,
  }
}

/** @param {Sku} sku @param {number} now @returns {Action} */
function close(sku, now) {
  const { opensAt } = sku.rules
  const isAhead = opensAt !== undefined && (sku.state === 'not_open' || opensAt >= now)
  const start = isAhead
    ? `The sale of ${sku.sku} ends before it began, and its opening time is taken away.`
    : `The sale of ${sku.sku} ends now.`
  return {
    title: 'Close the sale',
    about: 'The end: no reservations any more.',
    button: `Close the sale of ${sku.sku}`,
    isDanger: true,
    fields: [],
    says: () =>
      `${start} Every new reservation is refused with “sale closed”, and ${unitsOf(sku.available, 'available unit')} stay unsold. ${heldWords(sku)}`,
    request: () => amend(sku.sku, isAhead ? { opensAt: null, closesAt: 1 } : endedAfter(opensAt)),
    done: (_, { state }) =>
      state === 'closed' ? 'sale closed' : `got a closing time, but its sale is ${plain(state)}`,
  }
}

// An instant that is past by any clock: with this page's own guess of the time a sale might go on for a while.
// Not before it opened: the server would call that a contradiction.
/** @param {number | undefined} opensAt */
const endedAfter = (opensAt) => ({ closesAt: opensAt === undefined ? 1 : opensAt + 1 })

/** @param {Sku} sku @returns {Action} */
function reopen(sku) {
  return {
    title: 'Reopen the sale',
    about: 'Take the closing time away.',
    button: `Reopen ${sku.sku}`,
    fields: [],
    says: () =>
      `The closing time of ${sku.sku} is taken away${sku.rules.paused ? '; it stays paused' : ' and buyers can reserve again at once'}.`,
    request: () => amend(sku.sku, { closesAt: null }),
    done: () => 'sale reopened',
  }
}

/** The rules of a SKU in a line. @param {Sku} sku @returns {string} */
export function ruleWords({ rules }) {
  const { perBuyer, opensAt, closesAt } = rules
  const words = [perBuyer === undefined ? 'no limit per buyer' : `${count(perBuyer)} per buyer`]
  if (opensAt !== undefined) words.push(`opens ${date(opensAt)}`)
  if (closesAt !== undefined) words.push(`closes ${date(closesAt)}`)
  return words.join(' · ')
}

/** What went wrong, in words. @param {import('./api.js').Reply} reply @returns {string} */
export function problemWords({ status, body, requestId }) {
  if (status === 0) return 'No answer came: it may have happened or not. Doing it again is safe.'
  const detail = body.detail ?? `the server answered ${status}`
  const title = body.title ?? plain(String(body.code ?? 'Refused'))
  return `${title}: ${detail}${requestId === undefined ? '' : ` (request ${requestId})`}`
}
