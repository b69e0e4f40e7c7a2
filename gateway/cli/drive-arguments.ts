// Reads the values of `holdfast drive`'s options. Commander prints what these throw, with the option's name.
import { InvalidArgumentError } from 'commander'
import { type ColumnNames, parseColumns } from '../drive/columns.ts'
import type { Speed } from '../drive/pace.ts'

export interface NumberOption {
  readonly min: number
  readonly max: number
  readonly isWhole: boolean
}

/** A reader of decimal numbers between two bounds; no exponents, blanks or signs. */
export function numberOption(option: NumberOption): (text: string) => number {
  const { min, max, isWhole } = option
  const shape = isWhole ? /^\d{1,16}$/ : /^\d{1,16}(\.\d{1,12})?$/
  return (text) => {
    const value = Number(text)
    if (shape.test(text) && value >= min && value <= max) return value
    const kind = isWhole ? 'a whole number' : 'a number'
    throw new InvalidArgumentError(`It must be ${kind} from ${min} to ${max}.`)
  }
}

const readFactor = numberOption({ min: 0.000_001, max: 1e9, isWhole: false })

/** `max`, or how many times faster than real time. */
export function speedOption(text: string): Speed {
  return text === 'max' ? 'max' : readFactor(text)
}

/** `role=column,…` over the defaults. */
export function columnsOption(text: string): ColumnNames {
  const names = parseColumns(text)
  if (typeof names === 'string') throw new InvalidArgumentError(`${names}.`)
  return names
}

/** Three capital letters. */
export function currencyOption(text: string): string {
  if (/^[A-Z]{3}$/.test(text)) return text
  throw new InvalidArgumentError('It must be three capital letters, such as GBP.')
}

/** Becomes part of every Idempotency-Key, so it must be visible ASCII. */
export function runOption(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, dots, dashes or underscores.')
}

/** An http or https URL, given back without slashes at the end. */
export function urlOption(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('It must be a URL that starts with http:// or https://.')
}
