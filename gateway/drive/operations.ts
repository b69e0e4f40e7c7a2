// The operations of the batch API that drive uses, and the answers to them, as they are on the wire.

interface ReserveOperation {
  readonly op: 'reserve'
  /** The Idempotency-Key: a retry with it can never reserve twice. */
  readonly key: string
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
}

interface ConfirmOperation {
  readonly op: 'confirm'
  readonly id: string
}

interface ReturnOperation {
  readonly op: 'return'
  readonly id: string
  /** All units returned so far, so that a repeat changes nothing. */
  readonly returnedTotal: number
}

interface GetOperation {
  readonly op: 'get'
  readonly id: string
}

export type Operation = ReserveOperation | ConfirmOperation | ReturnOperation | GetOperation

export type ReservationState = 'held' | 'confirmed' | 'cancelled' | 'expired'

/** The answer to an operation that succeeded: the reservation as it is now. */
export interface ReservationAnswer {
  readonly status: number
  readonly id: string
  readonly state: ReservationState
  readonly quantity: number
  readonly confirmed?: number
  readonly returned?: number
  /** True when the server had answered this key before. */
  readonly replayed?: boolean
}

/** The answer to an operation that did not: a refusal or, from 500 on, a fault. */
interface RefusalAnswer {
  readonly status: number
  readonly code: string
  readonly detail?: string
}

export type Answer = ReservationAnswer | RefusalAnswer

/** The counts of one SKU as the server tells them. */
export interface SkuCounts {
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
}

/** Whether an answer is one of success. */
export function isReservation(answer: Answer): answer is ReservationAnswer {
  return answer.status < 300
}

/** Whether the server says, of this one operation, that it was not executed or that it cannot tell. */
export function isUndecided(answer: Answer): boolean {
  return isUndecidedStatus(answer.status)
}

/** The statuses that a repeat with the same key may turn into an answer. */
export function isUndecidedStatus(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}
