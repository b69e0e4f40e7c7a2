// What became true. Events are journaled; replay runs `evolve` over them and nothing else.
import type { ReservationId } from './reservation-id.ts'
import type { SaleRules } from './rules.ts'

/** The partition remembers ended reservations and adjustment keys for `retentionMs` from now on. */
export interface Configured {
  readonly kind: 'configured'
  readonly at: number
  readonly retentionMs: number
}

export interface Opened {
  readonly kind: 'opened'
  readonly at: number
  readonly sku: string
  readonly stock: number
  readonly rules: SaleRules
  /** Who did it; undefined where nobody had to say, and in journals from before. No part of the state. */
  readonly by: string | undefined
}

export interface Changed {
  readonly kind: 'changed'
  readonly at: number
  readonly sku: string
  readonly rules: SaleRules
  /** Who did it; undefined where nobody had to say, and in journals from before. No part of the state. */
  readonly by: string | undefined
}

export interface Adjusted {
  readonly kind: 'adjusted'
  readonly at: number
  readonly sku: string
  readonly key: string
  readonly delta: number
  readonly reason: string
  /** Who did it; undefined where nobody had to say, and in journals from before. No part of the state. */
  readonly by: string | undefined
}

export interface Reserved {
  readonly kind: 'reserved'
  readonly at: number
  readonly id: ReservationId
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  readonly holdMs: number
  readonly meta: string | undefined
}

/** `quantity` units are sold; what the hold had beyond them is available again. */
export interface Confirmed {
  readonly kind: 'confirmed'
  readonly at: number
  readonly id: ReservationId
  readonly quantity: number
  readonly paymentId: string | undefined
}

interface Cancelled {
  readonly kind: 'cancelled'
  readonly at: number
  readonly id: ReservationId
}

interface Expired {
  readonly kind: 'expired'
  readonly at: number
  readonly id: ReservationId
}

/** The hold now lasts until `at + holdMs`. */
export interface Extended {
  readonly kind: 'extended'
  readonly at: number
  readonly id: ReservationId
  readonly holdMs: number
}

export interface Returned {
  readonly kind: 'returned'
  readonly at: number
  readonly id: ReservationId
  readonly returnedTotal: number
}

/** Every event carries `at`: logical time in ms since 1970, never falling within a partition. */
export type Event =
  | Configured
  | Opened
  | Changed
  | Adjusted
  | Reserved
  | Confirmed
  | Cancelled
  | Expired
  | Extended
  | Returned
