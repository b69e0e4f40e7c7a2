// The rules a SKU is sold by: what an operator sets, completed with defaults.
import { HOLD_MS_DEFAULT, MAX_HOLD_MS_DEFAULT } from './limits.ts'

/** Complete rules of one SKU. Absent limits are undefined: no price said, no per-buyer limit, always open. */
export interface SaleRules {
  /** Minor currency units per unit, for reports; never computed with. */
  readonly unitPrice: number | undefined
  /** ISO 4217 code of `unitPrice`. */
  readonly currency: string | undefined
  /** How long a hold lasts when the buyer does not say, in ms. */
  readonly holdMs: number
  /** The longest a hold may last in all, extensions included, in ms. */
  readonly maxHoldMs: number
  /** The most units, held and sold together, that one buyer may have. */
  readonly perBuyer: number | undefined
  /** Reservations are refused before this instant, in ms since 1970. */
  readonly opensAt: number | undefined
  /** Reservations are refused from this instant on, in ms since 1970. */
  readonly closesAt: number | undefined
  /** Reservations are refused while true; confirms, cancels and returns go on. */
  readonly paused: boolean
}

/** What an operator says; everything left out gets its default. */
export type RulesRequest = { readonly [Name in keyof SaleRules]?: SaleRules[Name] | undefined }

/** Rules with every default filled in: a longer `holdMs` raises the default of `maxHoldMs`. */
export function completeRules(request: RulesRequest): SaleRules {
  const holdMs = request.holdMs ?? Math.min(HOLD_MS_DEFAULT, request.maxHoldMs ?? HOLD_MS_DEFAULT)
  return {
    unitPrice: request.unitPrice,
    currency: request.currency,
    holdMs,
    maxHoldMs: request.maxHoldMs ?? Math.max(MAX_HOLD_MS_DEFAULT, holdMs),
    perBuyer: request.perBuyer,
    opensAt: request.opensAt,
    closesAt: request.closesAt,
    paused: request.paused ?? false,
  }
}

/** Which rules become what: those left out stay, null takes away one that may be absent. */
export type RulesPatch = {
  readonly [Name in keyof SaleRules]?:
    | SaleRules[Name]
    | (undefined extends SaleRules[Name] ? null : never)
    | undefined
}

/** Complete rules from `rules` and what is to change of them. */
export function amendRules(rules: SaleRules, changes: RulesPatch): SaleRules {
  return {
    unitPrice: amended(rules.unitPrice, changes.unitPrice),
    currency: amended(rules.currency, changes.currency),
    holdMs: changes.holdMs ?? rules.holdMs,
    maxHoldMs: changes.maxHoldMs ?? rules.maxHoldMs,
    perBuyer: amended(rules.perBuyer, changes.perBuyer),
    opensAt: amended(rules.opensAt, changes.opensAt),
    closesAt: amended(rules.closesAt, changes.closesAt),
    paused: changes.paused ?? rules.paused,
  }
}

function amended<Value>(
  present: Value | undefined,
  change: Value | null | undefined,
): Value | undefined {
  return change === undefined ? present : (change ?? undefined)
}

/** What is contradictory about `rules`, in words for the operator; undefined when they make sense. */
export function rulesContradiction(rules: SaleRules): string | undefined {
  if (rules.holdMs > rules.maxHoldMs) return 'holdMs must not exceed maxHoldMs'
  if (rules.opensAt === undefined || rules.closesAt === undefined) return undefined
  return rules.closesAt > rules.opensAt ? undefined : 'closesAt must be after opensAt'
}

/** Whether two sets of rules sell alike. */
export function isSameRules(left: SaleRules, right: SaleRules): boolean {
  return (
    left.unitPrice === right.unitPrice &&
    left.currency === right.currency &&
    left.holdMs === right.holdMs &&
    left.maxHoldMs === right.maxHoldMs &&
    left.perBuyer === right.perBuyer &&
    left.opensAt === right.opensAt &&
    left.closesAt === right.closesAt &&
    left.paused === right.paused
  )
}
