// The business says no: refusals as the client gives them, and how they are read from answers.
import { type Fields, insist, readBoolean, readCount, readText } from './read-fields.ts'
import type { TransportAnswer } from './transport.ts'

interface Named<Code extends string> {
  readonly code: Code
  /** Whether the same call, unchanged, may succeed later. */
  readonly retryable: boolean
  /** In words, for a log. */
  readonly detail: string
}

/** Codes that need no more than their name. */
type PlainRefusalCode =
  | 'unknown_sku'
  | 'unknown_reservation'
  | 'other_buyer'
  | 'key_reused'
  | 'stock_required'
  | 'stock_fixed'
  | 'sku_limit'
  | 'stock_limit'
  | 'adjustment_limit'
  | 'sale_closed'
  | 'sale_paused'
  | 'reservation_expired'
  | 'already_cancelled'
  | 'already_confirmed'
  | 'not_confirmed'

type PlainRefusal = { readonly [Code in PlainRefusalCode]: Named<Code> }[PlainRefusalCode]

interface RulesContradict extends Named<'rules_contradict'> {
  /** In words, such as `closesAt must be after opensAt`. */
  readonly contradiction: string
}
interface SaleNotOpen extends Named<'sale_not_open'> {
  /** In ms since 1970. */
  readonly opensAt: number
}
interface HoldLimit extends Named<'hold_limit'> {
  readonly maxHoldMs: number
}
interface BuyerLimit extends Named<'buyer_limit'> {
  readonly limit: number
  /** Units the buyer holds or bought already. */
  readonly used: number
}
interface SoldOut extends Named<'sold_out'> {
  readonly available: number
  /** Units that may come back, when their holds expire or are cancelled. */
  readonly heldUnits: number
  /** True when even all holds together could not serve the call. */
  readonly final: boolean
}
interface QuantityTooLarge extends Named<'quantity_too_large'> {
  readonly limit: number
}
interface InsufficientAvailable extends Named<'insufficient_available'> {
  readonly available: number
}

/** A no of the business: it changed nothing. Switch on `code`. */
export type Refusal =
  | PlainRefusal
  | RulesContradict
  | SaleNotOpen
  | HoldLimit
  | BuyerLimit
  | SoldOut
  | QuantityTooLarge
  | InsufficientAvailable

export type RefusalCode = Refusal['code']

interface RefusalForm {
  readonly status: number
  readonly counts: readonly string[]
  readonly booleans: readonly string[]
  readonly texts: readonly string[]
}

const form = (
  status: number,
  counts: readonly string[] = [],
  booleans: readonly string[] = [],
  texts: readonly string[] = [],
): RefusalForm => ({ status, counts, booleans, texts })

/** The status of every refusal, and the members that it must bring. */
const FORMS: Readonly<Record<RefusalCode, RefusalForm>> = {
  unknown_sku: form(404),
  unknown_reservation: form(404),
  other_buyer: form(403),
  key_reused: form(422),
  stock_required: form(409),
  stock_fixed: form(409),
  sku_limit: form(409),
  stock_limit: form(409),
  adjustment_limit: form(409),
  sale_closed: form(409),
  sale_paused: form(409),
  reservation_expired: form(410),
  already_cancelled: form(409),
  already_confirmed: form(409),
  not_confirmed: form(409),
  rules_contradict: form(409, [], [], ['contradiction']),
  sale_not_open: form(409, ['opensAt']),
  hold_limit: form(409, ['maxHoldMs']),
  buyer_limit: form(409, ['limit', 'used']),
  sold_out: form(409, ['available', 'heldUnits'], ['final']),
  quantity_too_large: form(409, ['limit']),
  insufficient_available: form(409, ['available']),
}

/** Whether an answer has the status of a refusal; a 403 or 404 may also come of the credentials or the path. */
export function isRefusal({ status, body }: TransportAnswer): boolean {
  const { code } = body
  if (status === 403 || status === 404) return isRefusalCode(code)
  return status === 409 || status === 410 || status === 422
}

/** The refusal that an answer is. @throws AttemptError `bad_answer`. */
export function readRefusal({ status, body }: TransportAnswer): Refusal {
  const code = readText(body, 'code')
  insist(isRefusalCode(code), `a ${status} comes with the code of a refusal, not ${code}`)
  insist(FORMS[code].status === status, `${code} comes with status ${FORMS[code].status}`)
  // The members are exactly those that the code's form lists, which the types above name alike.
  return { code, ...readMembers(FORMS[code], body) } as Refusal
}

function readMembers(expected: RefusalForm, body: Fields): object {
  const members: Record<string, unknown> = {
    retryable: readBoolean(body, 'retryable'),
    detail: readText(body, 'detail'),
  }
  for (const name of expected.counts) members[name] = readCount(body, name)
  for (const name of expected.booleans) members[name] = readBoolean(body, name)
  for (const name of expected.texts) members[name] = readText(body, name)
  return members
}

function isRefusalCode(code: unknown): code is RefusalCode {
  return typeof code === 'string' && Object.hasOwn(FORMS, code)
}
