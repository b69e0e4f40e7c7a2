// What a record of the file is to the drive: a sale, a return, or no sale and why. No I/O, no server.
import { QUANTITY_MAX } from '../../core/limits.ts'
import type { ColumnIndexes, ColumnRole } from './columns.ts'
import { toLegalId } from './legal-id.ts'
import { type Price, parsePrice } from './parse-price.ts'
import { parseTime } from './parse-time.ts'
import type { CsvRecord } from './read-records.ts'

/** Why a line is no sale and no return, in order of precedence. */
type NoSaleReason =
  | 'field_count'
  | 'time_unreadable'
  | 'order_missing'
  | 'sku_missing'
  | 'quantity_unreadable'
  | 'price_unreadable'
  | 'quantity_zero'
  | 'quantity_too_large'
  | 'cancellation_not_negative'
  | 'negative_without_cancellation'
  | 'price_zero'
  | 'price_negative'

export interface SaleLine {
  readonly kind: 'sale'
  /** Number of the record after the header, from 1. */
  readonly line: number
  readonly timeMs: number
  /** A legal id; `mappedSkus` of the classifier has the text it stands for. */
  readonly sku: string
  /** A legal id: the customer, or one guest per order. */
  readonly buyer: string
  readonly isGuest: boolean
  readonly quantity: number
  readonly priceMinorUnits: number
}

export interface ReturnLine {
  readonly kind: 'return'
  readonly line: number
  readonly timeMs: number
  readonly sku: string
  /** Undefined when the file does not say whose return it is: nothing to match it with. */
  readonly buyer: string | undefined
  /** Positive: units given back. */
  readonly quantity: number
}

interface NoSaleLine {
  readonly kind: 'no-sale'
  readonly line: number
  readonly reason: NoSaleReason
}

export type Line = SaleLine | ReturnLine | NoSaleLine

/** Classifies the records of one file. */
export interface Classifier {
  classify(record: CsvRecord, line: number): Line
  /** Text → id of every SKU seen so far whose text is no legal id. */
  readonly mappedSkus: ReadonlyMap<string, string>
}

const CANCELLATION_PREFIX = 'C'
const GUEST_PREFIX = 'guest-'
const INTEGER = /^[+-]?\d{1,15}$/

/** A classifier for the files of one header; `priceDigits` are the decimal places of the currency. */
export function createClassifier(columns: ColumnIndexes, priceDigits: number): Classifier {
  const mappedSkus = new Map<string, string>()
  const readTime = rememberLast(parseTime)

  const skuId = (text: string): string => {
    const known = mappedSkus.get(text)
    if (known !== undefined) return known
    const id = toLegalId(text)
    if (id !== text) mappedSkus.set(text, id)
    return id
  }

  return {
    mappedSkus,
    classify(record, line) {
      if (record.length !== columns.fieldCount)
        return { kind: 'no-sale', line, reason: 'field_count' }
      const fields = readFields({ record, columns, priceDigits, readTime })
      if (typeof fields === 'string') return { kind: 'no-sale', line, reason: fields }
      const reason = noSaleReason(fields)
      if (reason !== undefined) return { kind: 'no-sale', line, reason }

      const { timeMs, order, customer, quantity, price } = fields
      const sku = skuId(fields.skuText)
      const isGuest = customer === ''
      const known = isGuest ? undefined : toLegalId(customer, GUEST_PREFIX)
      if (quantity < 0) {
        return { kind: 'return', line, timeMs, sku, buyer: known, quantity: -quantity }
      }
      const buyer = known ?? toLegalId(GUEST_PREFIX + order)
      const priceMinorUnits = price.minorUnits
      return { kind: 'sale', line, timeMs, sku, buyer, isGuest, quantity, priceMinorUnits }
    },
  }
}

interface Fields {
  readonly timeMs: number
  readonly order: string
  readonly skuText: string
  readonly quantity: number
  readonly price: Price
  /** Empty when missing. */
  readonly customer: string
}

interface FieldSource {
  readonly record: CsvRecord
  readonly columns: ColumnIndexes
  readonly priceDigits: number
  readonly readTime: typeof parseTime
}

/** The fields of a whole record, or what about them cannot be read. */
function readFields(source: FieldSource): Fields | NoSaleReason {
  const { record, columns } = source
  const field = (role: ColumnRole): string => record[columns.indexes[role]]?.trim() ?? ''
  const timeMs = source.readTime(field('time'))
  if (timeMs === undefined) return 'time_unreadable'
  const order = field('order')
  if (order === '') return 'order_missing'
  // Not trimmed: texts that differ in blanks may be two articles, and an id stands for one of them.
  const skuText = record[columns.indexes.sku] ?? ''
  if (skuText.trim() === '') return 'sku_missing'
  const quantity = readQuantity(field('quantity'))
  if (quantity === undefined) return 'quantity_unreadable'
  const price = parsePrice(field('price'), source.priceDigits)
  if (price === undefined) return 'price_unreadable'
  return { timeMs, order, skuText, quantity, price, customer: field('buyer') }
}

function noSaleReason(fields: Fields): NoSaleReason | undefined {
  const { order, quantity, price } = fields
  const isCancellation = order.startsWith(CANCELLATION_PREFIX)
  if (quantity === 0) return 'quantity_zero'
  if (Math.abs(quantity) > QUANTITY_MAX) return 'quantity_too_large'
  if (isCancellation) return quantity < 0 ? undefined : 'cancellation_not_negative'
  if (quantity < 0) return 'negative_without_cancellation'
  if (price.sign === 0) return 'price_zero'
  if (price.sign < 0) return 'price_negative'
  return undefined
}

function readQuantity(text: string): number | undefined {
  return INTEGER.test(text) ? Number(text) : undefined
}

/** Lines of one order share their time, so that the last answer serves most of them. */
function rememberLast(read: (text: string) => number | undefined): typeof read {
  let lastText: string | undefined
  let lastAnswer: number | undefined
  return (text) => {
    if (text !== lastText) {
      lastAnswer = read(text)
      lastText = text
    }
    return lastAnswer
  }
}
