// What a partition answers: views of its state as plain data, refusals, and the faults it can name itself.
import type { Refusal } from './refusal.ts'
import type { ReservationId } from './reservation-id.ts'
import type { SaleRules } from './rules.ts'

export type ReservationStateName = 'held' | 'confirmed' | 'cancelled' | 'expired'

/** A reservation as one answer shows it. Times in ms since 1970. */
export interface ReservationView {
  readonly kind: 'reservation'
  /** True for the answer that created it. */
  readonly isNew: boolean
  /** True when a retry gets the first answer again. */
  readonly isReplay: boolean
  readonly id: ReservationId
  readonly sku: string
  readonly buyer: string
  /** Units asked for. */
  readonly quantity: number
  readonly state: ReservationStateName
  /** Units sold by confirming; 0 in any other state. */
  readonly confirmed: number
  /** Sold units that came back. */
  readonly returned: number
  /** When the hold ends by itself; undefined once it has ended. */
  readonly expiresAt: number | undefined
  /** When it was confirmed, cancelled or expired; undefined while held. */
  readonly endedAt: number | undefined
  /** Units of the SKU still available as of `seq`. */
  readonly remaining: number
  /** The answer is the SKU's state as of this event. */
  readonly seq: number
}

/** A SKU as one answer shows it. */
export interface SkuView {
  readonly kind: 'sku'
  readonly isNew: boolean
  readonly isReplay: boolean
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly rules: SaleRules
  readonly seq: number
  /** Logical time of the answer: what the sale's schedule is held against. */
  readonly at: number
}

export interface SkuPage {
  readonly kind: 'skus'
  readonly skus: readonly SkuView[]
  /** Pass it as `after` for the next page; undefined on the last one. */
  readonly next: string | undefined
}

/** A hold in a list of those that expire next. Times in ms since 1970. */
export interface DueHold {
  readonly id: ReservationId
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  readonly reservedAt: number
  readonly expiresAt: number
}

export interface DueHolds {
  readonly kind: 'holds'
  /** By deadline. */
  readonly holds: readonly DueHold[]
}

/** What a partition says of itself. */
export interface PartitionView {
  readonly kind: 'partition'
  readonly lastSeq: number
  readonly lastAt: number
  readonly skus: number
  readonly reservations: number
  readonly held: number
  readonly accounts: number
  readonly stateBytes: number
  readonly stateHash: string | undefined
}

/** The world failed, not the business: `outcome_unknown` may have happened, the others certainly did not. */
type PartitionFaultCode = 'outcome_unknown' | 'partition_unavailable' | 'busy'

export interface PartitionFault {
  readonly kind: 'fault'
  readonly code: PartitionFaultCode
}

export type Outcome =
  | ReservationView
  | SkuView
  | SkuPage
  | DueHolds
  | PartitionView
  | Refusal
  | PartitionFault

/**
 * Where the answer to one command goes. `answer` is called exactly once, when everything the answer could have
 * seen is durable; it must not throw and must not call back into the partition.
 */
export interface Ticket {
  answer(outcome: Outcome): void
  /** True when the command's deadline has passed: it is then dropped unexecuted, and answered `busy`. */
  isOverdue?(): boolean
}
