// Calls on one SKU: from their form to a command, from its answer to a result, whichever way they come.
import { Compile } from '#typebox/compile'
import type { AdjustStock, AmendSku, OpenSku, ReadSku } from '../../core/command.ts'
import { completeRules, rulesContradiction } from '../../core/rules.ts'
import type { Answer } from '../partition-port.ts'
import { skuAnswerBody } from './answer-bodies.ts'
import type { OperationResult } from './operations.ts'
import { viewStatus } from './operations.ts'
import { problemOf, RequestProblem } from './problem-body.ts'
import {
  fields,
  type RulesPatchBody,
  rulesPatch,
  type SkuBody,
  type StockBody,
  skuBody,
  stockBody,
} from './schemas.ts'

const isSku = Compile(fields.sku)
const isKey = Compile(fields.key)
const isSkuBody = Compile(skuBody)
const isRulesPatch = Compile(rulesPatch)
const isStockBody = Compile(stockBody)

/** Opens a SKU or replaces its rules, done `by` an operator. @throws RequestProblem when the rules contradict each other. */
export function openCommand(
  sku: string,
  { stock, ...request }: SkuBody,
  by: string | undefined,
): OpenSku {
  const rules = completeRules(request)
  const contradiction = rulesContradiction(rules)
  if (contradiction !== undefined) throw new RequestProblem('bad_request', contradiction)
  return { kind: 'open', sku, stock, rules, by }
}

/** The same for a form that nobody has checked yet. @throws RequestProblem `bad_request`. */
export function readOpen(sku: string, body: unknown, by: string): OpenSku {
  requireSku(sku)
  if (!isSkuBody.Check(body)) throw malformed('the terms of a SKU')
  return openCommand(sku, body as SkuBody, by)
}

/** Changes rules by a form that nobody has checked yet. @throws RequestProblem `bad_request`. */
export function readAmendment(sku: string, body: unknown, by: string): AmendSku {
  requireSku(sku)
  // Members that are undefined would not have come through JSON.
  const saysSomething = Object.values(body ?? {}).some((value) => value !== undefined)
  if (!saysSomething || !isRulesPatch.Check(body)) throw malformed('the change of rules')
  return { kind: 'amend', sku, changes: body as RulesPatchBody, by }
}

/** Adjusts stock by a form that nobody has checked yet. @throws RequestProblem. */
export function readAdjustment(sku: string, key: string, body: unknown, by: string): AdjustStock {
  requireSku(sku)
  if (!isKey.Check(key)) throw new RequestProblem('bad_idempotency_key', 'The key is malformed.')
  if (!isStockBody.Check(body)) throw malformed('an adjustment of stock')
  return { kind: 'adjust', sku, key, ...(body as StockBody), by }
}

/** Looks a SKU up by a name that nobody has checked yet. @throws RequestProblem `bad_request`. */
export function readLookUp(sku: string): ReadSku {
  requireSku(sku)
  return { kind: 'read-sku', sku }
}

/** What a call on a SKU came to: status and body in one. */
export function skuResultOf(answer: Answer): OperationResult {
  if (answer.kind !== 'sku') return problemOf(answer)
  const result = { status: viewStatus(answer), ...skuAnswerBody(answer) }
  return answer.isReplay ? { ...result, replayed: true } : result
}

function requireSku(sku: string): void {
  if (!isSku.Check(sku)) throw malformed('the name of a SKU')
}

function malformed(what: string): RequestProblem {
  return new RequestProblem('bad_request', `${what} is malformed`)
}
