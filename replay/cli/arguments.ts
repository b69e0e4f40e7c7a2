// Values of replay's options, checked where they are typed.
import { InvalidArgumentError, Option } from 'commander'
import { ID_LENGTH, parseReservationId } from '../../core/reservation-id.ts'
import { ReplayError } from '../errors.ts'
import type { WalkEnd } from '../walk.ts'

const PARTITIONS_MAX = 65_535
const SEGMENT_BYTES_DEFAULT: number = 256 * 2 ** 20
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** A seq, or an ISO time (UTC where it names no zone): the last event that counts. */
export function endArgument(text: string): WalkEnd {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text), at: undefined }
  if (ISO_TIME.test(text) && isOnCalendar(text)) {
    const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes('T')
    const at = Date.parse(hasZone ? text : `${text}Z`)
    if (!Number.isNaN(at)) return { seq: undefined, at }
  }
  throw new InvalidArgumentError('expected a seq like 4711 or a time like 2026-11-11T20:00:00Z')
}

/** An ISO time (UTC where it names no zone), in ms since 1970. */
export function timeArgument(text: string): number {
  const { at } = ISO_TIME.test(text) ? endArgument(text) : { at: undefined }
  if (at !== undefined) return at
  throw new InvalidArgumentError('expected a time like 2026-11-11T20:00:00Z')
}

// Date.parse takes the 31st of November for the 1st of December, and 24:00 for the next day.
function isOnCalendar(text: string): boolean {
  const day = text.slice(0, 'YYYY-MM-DD'.length)
  const at = Date.parse(day)
  if (Number.isNaN(at) || text.includes('T24')) return false
  return new Date(at).toISOString().startsWith(day)
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

/** The address of a server, without the slash at its end. */
export function urlArgument(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  // Neither words of a login, which `fetch` refuses, nor a query can go before a path.
  const isPlain = isHttp && url.username === '' && url.search === '' && url.hash === ''
  if (isPlain) return url.href.replace(/\/+$/, '')
  throw new InvalidArgumentError('expected an address like http://127.0.0.1:8080')
}

/** Where the key for a running server stands when no flag says it. */
export const API_KEY_VARIABLE = 'HOLDFAST_API_KEY'

/** A key that can be sent. Not for commander, which echoes what is refused. @throws ReplayError `server_answer`. */
export function keyArgument(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key
  throw new ReplayError('server_answer', 'The API key holds characters that no key has.')
}

/** A whole number from 0. */
export function countArgument(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number')
}

/** How many partitions a cluster may have: their numbers take two bytes in every block. */
export function partitionCountArgument(text: string): number {
  const count = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : PARTITIONS_MAX + 1
  if (count <= PARTITIONS_MAX) return count
  throw new InvalidArgumentError(`expected a number from 1 to ${PARTITIONS_MAX}`)
}

/** Size at which a new segment is closed, as for the server. */
export function segmentBytesOption(): Option {
  return new Option('--segment-bytes <bytes>', 'size at which a segment is closed')
    .argParser(seqArgument)
    .default(SEGMENT_BYTES_DEFAULT)
}
