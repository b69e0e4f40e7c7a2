// Numbers, durations and times as an operator reads them.

const THIN = '\u202f'
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const clockFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** A count with thin separators: 12 345. @param {number} value @returns {string} */
export function count(value) {
  return whole.format(value).replaceAll(',', THIN)
}

/** Three digits and a unit, for axes and rates: 950, 12.3k. @param {number} value @returns {string} */
export function short(value) {
  for (const [size, name] of /** @type {const} */ ([
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ])) {
    const divisor = name === 'k' ? 1e3 : size
    if (Math.abs(value) >= size) return Number((value / divisor).toPrecision(3)) + name
  }
  return Math.abs(value) < 10 ? String(Math.round(value * 10) / 10) : count(value)
}

/** How long something took: 0.42 ms, 17 ms, 1.2 s. @param {number | undefined} ms @returns {string} */
export function duration(ms) {
  if (ms === undefined) return '–'
  if (ms >= 10 * SECOND) return `${count(ms / SECOND)}${THIN}s`
  if (ms >= SECOND) return `${(ms / SECOND).toFixed(1)}${THIN}s`
  return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)}${THIN}ms`
}

/** A span in its two largest units: 8 s, 4 min 10 s, 2 h 5 min. @param {number} ms @returns {string} */
export function span(ms) {
  const left = Math.max(0, ms)
  if (left < MINUTE) return `${Math.floor(left / SECOND)}${THIN}s`
  const [large, small, names] =
    left < HOUR
      ? [MINUTE, SECOND, ['min', 's']]
      : left < DAY
        ? [HOUR, MINUTE, ['h', 'min']]
        : [DAY, HOUR, ['d', 'h']]
  const rest = Math.floor((left % large) / small)
  const first = `${Math.floor(left / large)}${THIN}${names[0]}`
  return rest === 0 ? first : `${first} ${rest}${THIN}${names[1]}`
}

/** @param {number} value @returns {string} */
export function bytes(value) {
  if (value >= 2 ** 30) return `${Number((value / 2 ** 30).toPrecision(3))}${THIN}GiB`
  return `${Number((value / 2 ** 20).toPrecision(3))}${THIN}MiB`
}

/** A share of one: 0 %, 37 %, 99.6 %; 100 % only when it is. @param {number} share @returns {string} */
export function percent(share) {
  const value = share * 100
  if (value > 0 && value < 1) return `${Math.max(0.1, Math.round(value * 10) / 10)}${THIN}%`
  if (value > 99 && value < 100) return `${Math.min(99.9, Math.floor(value * 10) / 10)}${THIN}%`
  return `${Math.round(value)}${THIN}%`
}

/** Of today, in the operator's own zone. @param {number} at ms since 1970 @returns {string} */
export function clock(at) {
  return clockFormat.format(at)
}

/** @param {number} at ms since 1970 @returns {string} */
export function date(at) {
  return dateFormat.format(at)
}

/** A code as words: sold_out, sold out. @param {string} code @returns {string} */
export function plain(code) {
  return code.replaceAll('_', ' ')
}

/** @param {number} units @param {string} [noun] @returns {string} */
export function unitsOf(units, noun = 'unit') {
  return `${count(units)} ${noun}${units === 1 ? '' : 's'}`
}
