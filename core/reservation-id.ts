// A reservation's id: 128 bits, the SKU's hash and 96 bits that name (buyer, SKU, key). It is the idempotency.

/** Four signed 32-bit words, most significant first: signed, so that V8 keeps them as small integers. */
export interface ReservationId {
  readonly skuHash: number
  readonly high: number
  readonly middle: number
  readonly low: number
}

/** Characters in the text form: 26 × 5 bits hold 128. */
export const ID_LENGTH = 26
/** What a well-formed id looks like: Crockford base32, upper case, two leading zero bits. */
export const ID_PATTERN = '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const DIGITS = digitsByCharCode()

/** The id as 26 characters of Crockford base32, most significant first. */
export function formatReservationId(id: ReservationId): string {
  let text = ''
  for (let shift = 125; shift >= 0; shift -= 5) text += ALPHABET.charAt(digitAt(id, shift))
  return text
}

/** The id that `text` names, or undefined when it is not exactly the form that `formatReservationId` writes. */
export function parseReservationId(text: string): ReservationId | undefined {
  if (text.length !== ID_LENGTH || text.charCodeAt(0) > 0x37) return undefined
  const words = [0, 0, 0, 0]
  for (let index = 0; index < ID_LENGTH; index++) {
    const digit = DIGITS[text.charCodeAt(index)] ?? -1
    if (digit < 0) return undefined
    appendDigit(words, digit)
  }
  const [skuHash = 0, high = 0, middle = 0, low = 0] = words
  return { skuHash, high, middle, low }
}

/** Whether two ids are the same 128 bits. */
export function isSameReservationId(left: ReservationId, right: ReservationId): boolean {
  return (
    left.low === right.low &&
    left.middle === right.middle &&
    left.high === right.high &&
    left.skuHash === right.skuHash
  )
}

function digitAt(id: ReservationId, shift: number): number {
  const offset = shift & 31
  const low = wordAt(id, shift >>> 5) >>> offset
  if (offset <= 27) return low & 31
  return (low | (wordAt(id, (shift >>> 5) + 1) << (32 - offset))) & 31
}

function wordAt(id: ReservationId, fromLow: number): number {
  if (fromLow === 0) return id.low
  if (fromLow === 1) return id.middle
  if (fromLow === 2) return id.high
  return fromLow === 3 ? id.skuHash : 0
}

function appendDigit(words: number[], digit: number): void {
  let carry = digit
  for (let index = 3; index >= 0; index--) {
    const word = words[index] ?? 0
    words[index] = (word << 5) | carry
    carry = word >>> 27
  }
}

function digitsByCharCode(): Int8Array {
  const digits = new Int8Array(128).fill(-1)
  for (let digit = 0; digit < ALPHABET.length; digit++) digits[ALPHABET.charCodeAt(digit)] = digit
  return digits
}
