// Prices of order files: decimal text to integer minor units, digit by digit. Never a float.

/** A price, rounded half away from zero to minor units; `sign` is that of the text before rounding. */
export interface Price {
  readonly sign: -1 | 0 | 1
  readonly minorUnits: number
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/

/**
 * Reads a decimal text such as `2.55` in a currency with `digits` decimal places.
 * Undefined for anything else: exponents, separators of thousands, currency signs, beyond 2^53.
 */
export function parsePrice(text: string, digits: number): Price | undefined {
  const match = DECIMAL.exec(text.trim())
  if (match === null) return undefined
  const [, signText = '', whole = '', fraction = ''] = match
  if (whole === '' && fraction === '') return undefined
  const kept = fraction.slice(0, digits).padEnd(digits, '0')
  const roundsUp = fraction.charCodeAt(digits) >= FIVE
  const size = Number(whole + kept) + (roundsUp ? 1 : 0)
  if (!Number.isSafeInteger(size)) return undefined
  if (!/[1-9]/.test(whole + fraction)) return { sign: 0, minorUnits: 0 }
  return signText === '-' ? { sign: -1, minorUnits: 0 - size } : { sign: 1, minorUnits: size }
}

const FIVE = '5'.charCodeAt(0)

/** Decimal places of a currency by ISO 4217 (GBP 2, JPY 0, KWD 3); 2 for codes nobody knows. */
export function currencyDigits(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  return format.resolvedOptions().maximumFractionDigits ?? 2
}
