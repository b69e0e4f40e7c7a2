// Reservations as the client gives them, and how they are read: an answer must fit what was asked.
import type { Operation } from './operations.ts'
import {
  insist,
  readChoice,
  readCount,
  readFlag,
  readOptionalCount,
  readText,
} from './read-fields.ts'
import { isRefusal, type Refusal, readRefusal } from './refusals.ts'
import type { TransportAnswer } from './transport.ts'

export type ReservationState = 'held' | 'confirmed' | 'cancelled' | 'expired'

/** A reservation as one answer shows it. Times in ms since 1970. */
export interface Reservation {
  /** 26 characters; confirm, cancel and the others take it. */
  readonly id: string
  readonly sku: string
  readonly buyer: string
  /** Units asked for. */
  readonly quantity: number
  readonly state: ReservationState
  /** Units sold by confirming; 0 in any other state. */
  readonly confirmed: number
  /** Sold units that came back. */
  readonly returned: number
  /** When the hold ends by itself; undefined once it has ended. */
  readonly expiresAt: number | undefined
  /** When it was confirmed, cancelled or expired; undefined while held. */
  readonly endedAt: number | undefined
  /** Units of the SKU that were still available. */
  readonly remaining: number
  /** The answer is the SKU's state as of this event; text, because it outgrows a double some day. */
  readonly seq: string
  /** True when the key had reserved before: this is the first answer again, whatever became of it since. */
  readonly isReplay: boolean
}

/** What a call on a reservation comes to. */
export type ReservationResult =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly refusal: Refusal }

const STATES = ['held', 'confirmed', 'cancelled', 'expired'] as const

/** The result that the answer to `operation` says. @throws AttemptError `bad_answer`. */
export function readReservationResult(
  operation: Operation,
  answer: TransportAnswer,
): ReservationResult {
  if (isRefusal(answer)) return { ok: false, refusal: readRefusal(answer) }
  const isSuccess = answer.status === 200 || (answer.status === 201 && operation.op === 'reserve')
  insist(isSuccess, `${operation.op} is not answered with status ${answer.status}`)
  const reservation = readReservation(answer)
  insistOnFit(operation, reservation)
  return { ok: true, reservation }
}

function readReservation({ body }: TransportAnswer): Reservation {
  const id = readText(body, 'id')
  const seq = readText(body, 'seq')
  insist(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id), 'id is the id of a reservation')
  insist(/^\d+$/.test(seq), 'seq is a number as text')
  const reservation: Reservation = {
    id,
    sku: readText(body, 'sku'),
    buyer: readText(body, 'buyer'),
    quantity: readCount(body, 'quantity'),
    state: readChoice(body, 'state', STATES),
    confirmed: readOptionalCount(body, 'confirmed') ?? 0,
    returned: readOptionalCount(body, 'returned') ?? 0,
    expiresAt: readOptionalCount(body, 'expiresAt'),
    endedAt: readOptionalCount(body, 'endedAt'),
    remaining: readCount(body, 'remaining'),
    seq,
    isReplay: readFlag(body, 'replayed'),
  }
  insistOnSense(reservation)
  return reservation
}

function insistOnSense(reservation: Reservation): void {
  const { state, quantity, confirmed, returned, expiresAt, endedAt } = reservation
  insist(returned <= confirmed && confirmed <= quantity, 'returned ≤ confirmed ≤ quantity')
  insist((state === 'confirmed') === confirmed > 0, 'units are sold by confirming')
  insist((state === 'held') === (expiresAt !== undefined), 'a hold says when it expires')
  insist((state === 'held') === (endedAt === undefined), 'a hold has not ended')
}

// Guards against answers in another order, or to somebody else's question.
function insistOnFit(operation: Operation, reservation: Reservation): void {
  if (operation.op === 'reserve') {
    const { sku, buyer, quantity } = operation
    const isSame =
      reservation.sku === sku && reservation.buyer === buyer && reservation.quantity === quantity
    insist(isSame, 'it is the reservation that was asked for')
    insist(reservation.state === 'held', 'reserve answers with a hold')
    return
  }
  insist(reservation.id === operation.id, 'it is the reservation that was asked for')
  insist(isExpectedEnd(operation, reservation), `${operation.op} did not do what it says`)
}

function isExpectedEnd(operation: Operation, reservation: Reservation): boolean {
  const { state, confirmed, returned } = reservation
  switch (operation.op) {
    case 'confirm':
      return state === 'confirmed' && (operation.quantity ?? confirmed) === confirmed
    case 'cancel':
      return state === 'cancelled'
    case 'extend':
      return state === 'held'
    case 'return':
      return state === 'confirmed' && returned >= (operation.returnedTotal ?? confirmed)
    case 'reserve':
    case 'get':
      return true
  }
}
