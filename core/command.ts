// What can be asked of a partition. Commands are made by the gateway, already validated in form; core decides.
import type { ReservationId } from './reservation-id.ts'
import type { RulesPatch, SaleRules } from './rules.ts'

/** Creates a SKU with its stock, or replaces the rules of an existing one. */
export interface OpenSku {
  readonly kind: 'open'
  readonly sku: string
  /** Units for sale at creation. Undefined only makes sense for a SKU that exists. */
  readonly stock: number | undefined
  readonly rules: SaleRules
  /** Name of the operator's key; undefined where none was asked for. */
  readonly by: string | undefined
}

/** Changes some rules of a SKU that exists; the others stay as they are when it is decided. */
export interface AmendSku {
  readonly kind: 'amend'
  readonly sku: string
  readonly changes: RulesPatch
  /** Name of the operator's key; undefined where none was asked for. */
  readonly by: string | undefined
}

/** Adds (or with a negative delta takes away) units that nobody holds. */
export interface AdjustStock {
  readonly kind: 'adjust'
  readonly sku: string
  readonly key: string
  readonly delta: number
  readonly reason: string
  /** Name of the operator's key; undefined where none was asked for. */
  readonly by: string | undefined
}

/** Holds units for a buyer. The id is derived from (buyer, SKU, key), so a retry names the same one. */
export interface Reserve {
  readonly kind: 'reserve'
  readonly id: ReservationId
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  readonly holdMs: number | undefined
  readonly meta: string | undefined
}

/** Sells what is held; a smaller quantity releases the rest. */
export interface Confirm {
  readonly kind: 'confirm'
  readonly id: ReservationId
  readonly quantity: number | undefined
  readonly paymentId: string | undefined
}

/** Gives a hold back. */
export interface Cancel {
  readonly kind: 'cancel'
  readonly id: ReservationId
  /** Who asks: it must be his; undefined for somebody who may ask about all. */
  readonly buyer: string | undefined
}

/** Lets a hold last until `holdMs` from now, within the SKU's `maxHoldMs` in all. */
export interface Extend {
  readonly kind: 'extend'
  readonly id: ReservationId
  readonly holdMs: number
  /** Who asks: it must be his; undefined for somebody who may ask about all. */
  readonly buyer: string | undefined
}

/** Makes sold units available again; `returnedTotal` is the total so far, all of them when undefined. */
export interface Return {
  readonly kind: 'return'
  readonly id: ReservationId
  readonly returnedTotal: number | undefined
}

export interface ReadReservation {
  readonly kind: 'read-reservation'
  readonly id: ReservationId
  /** Who asks: it must be his; undefined for somebody who may ask about all. */
  readonly buyer: string | undefined
}

export interface ReadSku {
  readonly kind: 'read-sku'
  readonly sku: string
}

/** A page of SKUs in the order in which they were opened, after the one named. */
export interface ListSkus {
  readonly kind: 'list-skus'
  readonly after: string | undefined
  readonly limit: number
}

/** The holds that expire next, by deadline. */
export interface ListDue {
  readonly kind: 'list-due'
  readonly limit: number
}

/** What a partition says of itself; `withHash` costs a walk over the whole state. */
interface Describe {
  readonly kind: 'describe'
  readonly withHash: boolean
}

/** Commands about one reservation, routed by its id alone. */
export type ReservationCommand = Confirm | Cancel | Extend | Return

/** Commands about one SKU: its hash, or the id that begins with it, says which partition they go to. */
export type RoutedCommand =
  | OpenSku
  | AmendSku
  | AdjustStock
  | Reserve
  | ReservationCommand
  | ReadReservation
  | ReadSku

export type Command = RoutedCommand | ListSkus | ListDue | Describe
