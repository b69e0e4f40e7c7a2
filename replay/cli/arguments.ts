// Values of replay's options, checked where they are typed.
import { InvalidArgumentError } from 'commander'
import { ID_LENGTH, parseReservationId } from '../../core/reservation-id.ts'
import type { WalkEnd } from '../walk.ts'

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** A seq, or an ISO time (UTC where it names no zone): the last event that counts. */
export function endArgument(text: string): WalkEnd {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text), at: undefined }
  if (ISO_TIME.test(text)) {
    const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T')
    const at = Date.parse(hasZone ? text : `${text}Z`)
    if (!Number.isNaN(at)) return { seq: undefined, at }
  }
  throw new InvalidArgumentError('expected a seq like 4711 or a time like 2026-11-11T20:00:00Z')
}

/** A whole number from 1. */
export function seqArgument(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a seq like 4711')
}

/** A reservation's id in its text form. */
export function reservationArgument(text: string): string {
  if (parseReservationId(text) !== undefined) return text
  throw new InvalidArgumentError(`expected ${ID_LENGTH} characters of Crockford base32`)
}
