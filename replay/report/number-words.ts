// Numbers as people read them: shares, spans of time, instants, money.
import { count } from '../cli/output.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `1 SKU`, `2 SKUs`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** A share in percent with one digit; it never rounds to all or nothing what is neither. */
export function shareWords(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (100 * part) / whole
  if (percent > 99.9 && percent < 100) return '99.9 %'
  if (percent > 0 && percent < 0.1) return '0.1 %'
  return `${Number(percent.toFixed(1))} %`
}

/** A span of time in at most two units: `812 ms`, `2.4 s`, `3 min 20 s`, `1 h 5 min`, `2 d 4 h`. */
export function spanWords(spanMs: number): string {
  // What is rounded up to a whole larger unit is written in that one.
  if (Math.round(spanMs) < SECOND) return `${Math.round(spanMs)} ms`
  const seconds = Number((spanMs / SECOND).toFixed(spanMs < 10 * SECOND ? 2 : 1))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(spanMs / MINUTE)
  if (Math.round(spanMs / SECOND) < HOUR / SECOND) {
    return twoUnits(Math.round(spanMs / SECOND), 60, 'min', 's')
  }
  if (minutes < DAY / MINUTE) return twoUnits(minutes, 60, 'h', 'min')
  return twoUnits(Math.round(spanMs / HOUR), 24, 'd', 'h')
}

/** An instant in UTC, with the milliseconds: `2026-11-22 05:15:39.728 UTC`. */
export function instantWords(at: number): string {
  const text = new Date(at).toISOString()
  return `${text.slice(0, -14)} ${text.slice(-13, -1)} UTC`
}

/** An instant in UTC to the second. */
export function secondWords(at: number): string {
  return instantWords(at).replace(/\.\d+ UTC$/, ' UTC')
}

/** A day in UTC: `22 November 2026`. */
export function dayWords(at: number): string {
  const options = { dateStyle: 'long', timeZone: 'UTC' } as const
  return new Date(at).toLocaleDateString('en-GB', options)
}

/** Minor units of money as an amount; a currency that nobody knows has two digits. */
export function moneyWords(minorUnits: string, currency: string): string {
  const digits = fractionDigits(currency)
  const padded = minorUnits.padStart(digits + 1, '0')
  const whole = BigInt(padded.slice(0, padded.length - digits)).toLocaleString('en-US')
  const fraction = digits === 0 ? '' : `.${padded.slice(-digits)}`
  return `${whole}${fraction} ${currency}`.trim()
}

/** A number in few characters, for axes: `1.5k`, `20k`, `3M`. */
export function shortNumber(value: number): string {
  for (const [unit, name] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${name}`
  }
  return `${Number(value.toPrecision(3))}`
}

function twoUnits(small: number, perLarge: number, large: string, name: string): string {
  const rest = small % perLarge
  const words = `${count(Math.floor(small / perLarge))} ${large}`
  return rest === 0 ? words : `${words} ${rest} ${name}`
}

function fractionDigits(currency: string): number {
  try {
    const format = new Intl.NumberFormat('en-US', { style: 'currency', currency })
    return format.resolvedOptions().maximumFractionDigits ?? 2
  } catch {
    // Whatever is no code of three letters: the journal takes any text.
    return 2
  }
}
