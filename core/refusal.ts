// The business says no: plain data, no effect, not journaled. In order of precedence within a command.

interface Named<Code extends string> {
  readonly kind: 'refusal'
  readonly code: Code
}

/** Codes that need no more than their name. */
export type PlainRefusalCode =
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

interface RulesContradict extends Named<'rules_contradict'> {
  /** In words, such as `closesAt must be after opensAt`. */
  readonly contradiction: string
}
interface SaleNotOpen extends Named<'sale_not_open'> {
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
  /** True when even all holds together could not serve the request. */
  readonly final: boolean
}
interface QuantityTooLarge extends Named<'quantity_too_large'> {
  readonly limit: number
}
interface InsufficientAvailable extends Named<'insufficient_available'> {
  readonly available: number
}

export type Refusal =
  | Named<PlainRefusalCode>
  | RulesContradict
  | SaleNotOpen
  | HoldLimit
  | BuyerLimit
  | SoldOut
  | QuantityTooLarge
  | InsufficientAvailable

export type RefusalCode = Refusal['code']

/** A refusal that is told by its code alone. */
export function refuse(code: PlainRefusalCode): Refusal {
  return { kind: 'refusal', code }
}

/** Whether the same request, unchanged, may succeed later. */
export function isRetryable(refusal: Refusal): boolean {
  switch (refusal.code) {
    case 'sold_out':
      return !refusal.final
    case 'sale_not_open':
    case 'sale_paused':
    case 'insufficient_available':
    case 'adjustment_limit':
      return true
    default:
      return false
  }
}
