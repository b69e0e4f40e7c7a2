// SKUs as the client gives them, and how they are read.
import type { SkuCall } from './operations.ts'
import {
  insist,
  isFields,
  readBoolean,
  readChoice,
  readCount,
  readFlag,
  readOptionalCount,
  readText,
} from './read-fields.ts'
import { isRefusal, type Refusal, readRefusal } from './refusals.ts'
import type { TransportAnswer } from './transport.ts'

export type SkuState = 'open' | 'not_open' | 'closed' | 'paused' | 'sold_out'

/** What a SKU is sold by. Times in ms since 1970. */
export interface SkuRules {
  readonly unitPrice: number | undefined
  readonly currency: string | undefined
  readonly holdMs: number
  readonly maxHoldMs: number
  readonly perBuyer: number | undefined
  readonly opensAt: number | undefined
  readonly closesAt: number | undefined
  readonly paused: boolean
}

/** A SKU as one answer shows it: `stock = available + held + sold`, always. */
export interface Sku {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly state: SkuState
  readonly rules: SkuRules
  /** The answer is the SKU's state as of this event; text, because it outgrows a double some day. */
  readonly seq: string
  /** True when the key of an adjustment had been used before: nothing was adjusted again. */
  readonly isReplay: boolean
}

/** What a call on a SKU comes to. */
export type SkuResult =
  | { readonly ok: true; readonly sku: Sku }
  | { readonly ok: false; readonly refusal: Refusal }

const STATES = ['open', 'not_open', 'closed', 'paused', 'sold_out'] as const

/** The result that the answer to `call` says. @throws AttemptError `bad_answer`. */
export function readSkuResult(call: SkuCall, answer: TransportAnswer): SkuResult {
  if (isRefusal(answer)) return { ok: false, refusal: readRefusal(answer) }
  const isSuccess = answer.status === 200 || (answer.status === 201 && call.op === 'open-sku')
  insist(isSuccess, `${call.op} is not answered with status ${answer.status}`)
  const sku = readSku(answer)
  insist(sku.sku === call.sku, 'it is the SKU that was asked for')
  return { ok: true, sku }
}

function readSku({ body }: TransportAnswer): Sku {
  const { rules } = body
  const sku: Sku = {
    sku: readText(body, 'sku'),
    stock: readCount(body, 'stock'),
    available: readCount(body, 'available'),
    held: readCount(body, 'held'),
    sold: readCount(body, 'sold'),
    state: readChoice(body, 'state', STATES),
    rules: readRules(rules),
    seq: readText(body, 'seq'),
    isReplay: readFlag(body, 'replayed'),
  }
  insist(/^\d+$/.test(sku.seq), 'seq is a number as text')
  insist(sku.stock === sku.available + sku.held + sku.sold, 'stock = available + held + sold')
  return sku
}

function readRules(rules: unknown): SkuRules {
  insist(isFields(rules), 'rules is an object')
  const { currency } = rules
  return {
    unitPrice: readOptionalCount(rules, 'unitPrice'),
    currency: currency === undefined ? undefined : readText(rules, 'currency'),
    holdMs: readCount(rules, 'holdMs'),
    maxHoldMs: readCount(rules, 'maxHoldMs'),
    perBuyer: readOptionalCount(rules, 'perBuyer'),
    opensAt: readOptionalCount(rules, 'opensAt'),
    closesAt: readOptionalCount(rules, 'closesAt'),
    paused: readBoolean(rules, 'paused'),
  }
}
