// Every remembered reservation, one 64-byte row each (a cache line), in pages that are never copied.
// Rows hold numbers only: a million of them cost the garbage collector nothing.
import { HashIndex, NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import type { ReservationId } from './reservation-id.ts'

/** A row's state; FREE rows hold no reservation. */
export const FREE = 0
export const HELD = 1
export const CONFIRMED = 2
export const CANCELLED = 3
export const EXPIRED = 4
export type RowState =
  | typeof FREE
  | typeof HELD
  | typeof CONFIRMED
  | typeof CANCELLED
  | typeof EXPIRED

const PAGE_BITS = 14
const ROWS_PER_PAGE = 1 << PAGE_BITS
const ROW_MASK = ROWS_PER_PAGE - 1
const WORDS_PER_ROW_BITS = 4
const DOUBLES_PER_ROW_BITS = 3
const BYTES_PER_ROW = 64

// Doubles 0–2 of a row fill words 0–5.
const SEQ = 0
const RESERVED_AT = 1
const UNTIL = 2
const ID_HIGH = 6
const ID_MIDDLE = 7
const ID_LOW = 8
const ACCOUNT = 9
const STATE_AND_QUANTITY = 10
const REMAINING = 11
const HOLD_MS = 12
// While held these two link the due wheel; once ended they count units.
const DUE_NEXT_OR_CONFIRMED = 13
const DUE_PREVIOUS_OR_RETURNED = 14
const FORGET_NEXT = 15

const STATE_SHIFT = 28
const QUANTITY_MASK = (1 << STATE_SHIFT) - 1

/** What a new row starts with. */
export interface NewReservation {
  readonly id: ReservationId
  readonly account: number
  readonly seq: number
  readonly quantity: number
  /** Units still available right after this reservation: part of the answer that a retry gets again. */
  readonly remaining: number
  readonly reservedAt: number
  readonly holdMs: number
}

/** Rows by number and by id. The SKU of a row is known through its account, so 96 bits of the id are kept. */
export class ReservationTable {
  readonly #words: Int32Array[] = []
  readonly #doubles: Float64Array[] = []
  readonly #byId: HashIndex = new HashIndex()
  #allocated = 0
  #freeHead = NO_ROW
  #count = 0

  /** Remembered reservations. */
  get count(): number {
    return this.#count
  }

  /** One past the highest row number in use. */
  get rowLimit(): number {
    return this.#allocated
  }

  /** Bytes that pages and index occupy. */
  get bytes(): number {
    return this.#words.length * ROWS_PER_PAGE * BYTES_PER_ROW + this.#byId.bytes
  }

  /** Stores a new held reservation and gives its row. The id must be new. */
  insert(reservation: NewReservation): number {
    const row = this.#allocateRow()
    const words = this.#pageOf(row)
    const base = wordBase(row)
    words[base + ID_HIGH] = reservation.id.high
    words[base + ID_MIDDLE] = reservation.id.middle
    words[base + ID_LOW] = reservation.id.low
    words[base + ACCOUNT] = reservation.account
    words[base + STATE_AND_QUANTITY] = (HELD << STATE_SHIFT) | reservation.quantity
    words[base + REMAINING] = reservation.remaining
    words[base + HOLD_MS] = reservation.holdMs
    words[base + DUE_NEXT_OR_CONFIRMED] = NO_ROW
    words[base + DUE_PREVIOUS_OR_RETURNED] = NO_ROW
    words[base + FORGET_NEXT] = NO_ROW
    const doubles = this.#doublesOf(row)
    const first = doubleBase(row)
    doubles[first + SEQ] = reservation.seq
    doubles[first + RESERVED_AT] = reservation.reservedAt
    doubles[first + UNTIL] = reservation.reservedAt + reservation.holdMs
    this.#byId.insert(row, reservation.id.low)
    this.#count++
    return row
  }

  /** Frees a row; its id is unknown from now on. */
  remove(row: number): void {
    invariant(this.state(row) !== FREE, 'a removed row holds a reservation')
    invariant(this.state(row) !== HELD, 'a held reservation is never forgotten')
    this.#byId.remove(row, this.idLow(row))
    const words = this.#pageOf(row)
    words[wordBase(row) + STATE_AND_QUANTITY] = FREE
    words[wordBase(row) + FORGET_NEXT] = this.#freeHead
    this.#freeHead = row
    this.#count--
  }

  /**
   * The next row whose 96 id bits are those of `id`, NO_ROW when there is none: call with `first` true, then false.
   * Rows of another SKU may share the 96 bits, so the caller compares the SKU's hash.
   */
  candidate(id: ReservationId, first: boolean): number {
    let row = first ? this.#byId.first(id.low) : this.#byId.next()
    while (row !== NO_ROW && !this.#hasIdBits(row, id)) row = this.#byId.next()
    return row
  }

  /** Brings what finding `id` begins with into the cache; see HashIndex. */
  touch(id: ReservationId): number {
    return this.#byId.touch(id.low)
  }

  /** Whether `row`, which may be any number, holds a reservation with the 96 id bits of `id`. */
  isAt(row: number, id: ReservationId): boolean {
    return row !== NO_ROW && this.#hasIdBits(row, id) && this.state(row) !== FREE
  }

  idHigh(row: number): number {
    return this.#word(row, ID_HIGH)
  }
  idMiddle(row: number): number {
    return this.#word(row, ID_MIDDLE)
  }
  idLow(row: number): number {
    return this.#word(row, ID_LOW)
  }
  account(row: number): number {
    return this.#word(row, ACCOUNT)
  }
  state(row: number): RowState {
    return (this.#word(row, STATE_AND_QUANTITY) >>> STATE_SHIFT) as RowState
  }
  /** Units asked for when it was reserved: the id's fingerprint. */
  quantity(row: number): number {
    return this.#word(row, STATE_AND_QUANTITY) & QUANTITY_MASK
  }
  remaining(row: number): number {
    return this.#word(row, REMAINING)
  }
  holdMs(row: number): number {
    return this.#word(row, HOLD_MS)
  }
  /** The seq of the event that reserved it. */
  seq(row: number): number {
    return this.#double(row, SEQ)
  }
  reservedAt(row: number): number {
    return this.#double(row, RESERVED_AT)
  }
  /** While held: when it expires. Once ended: when it ended. In ms since 1970. */
  until(row: number): number {
    return this.#double(row, UNTIL)
  }
  confirmed(row: number): number {
    return this.state(row) === CONFIRMED ? this.#word(row, DUE_NEXT_OR_CONFIRMED) : 0
  }
  returned(row: number): number {
    return this.state(row) === CONFIRMED ? this.#word(row, DUE_PREVIOUS_OR_RETURNED) : 0
  }
  dueNext(row: number): number {
    return this.#word(row, DUE_NEXT_OR_CONFIRMED)
  }
  duePrevious(row: number): number {
    return this.#word(row, DUE_PREVIOUS_OR_RETURNED)
  }
  forgetNext(row: number): number {
    return this.#word(row, FORGET_NEXT)
  }

  setUntil(row: number, until: number): void {
    invariant(this.state(row) === HELD, 'only a hold is extended')
    this.#doublesOf(row)[doubleBase(row) + UNTIL] = until
  }
  setReturned(row: number, returned: number): void {
    invariant(this.state(row) === CONFIRMED, 'only sold units are returned')
    this.#setWord(row, DUE_PREVIOUS_OR_RETURNED, returned)
  }
  setDueNext(row: number, next: number): void {
    this.#setWord(row, DUE_NEXT_OR_CONFIRMED, next)
  }
  setDuePrevious(row: number, previous: number): void {
    this.#setWord(row, DUE_PREVIOUS_OR_RETURNED, previous)
  }
  setForgetNext(row: number, next: number): void {
    this.#setWord(row, FORGET_NEXT, next)
  }

  /** Ends a hold, for good (I7). The row must already have left the due wheel. */
  end(row: number, state: RowState, confirmed: number, endedAt: number): void {
    invariant(this.state(row) === HELD, 'only a hold ends')
    invariant(state !== HELD && state !== FREE, 'a hold ends confirmed, cancelled or expired')
    this.#setWord(row, STATE_AND_QUANTITY, (state << STATE_SHIFT) | this.quantity(row))
    this.#setWord(row, DUE_NEXT_OR_CONFIRMED, confirmed)
    this.#setWord(row, DUE_PREVIOUS_OR_RETURNED, 0)
    this.#doublesOf(row)[doubleBase(row) + UNTIL] = endedAt
  }

  #allocateRow(): number {
    const row = this.#freeHead
    if (row !== NO_ROW) {
      this.#freeHead = this.forgetNext(row)
      return row
    }
    if (this.#allocated === this.#words.length * ROWS_PER_PAGE) this.#addPage()
    return this.#allocated++
  }

  #addPage(): void {
    const buffer = new ArrayBuffer(ROWS_PER_PAGE * BYTES_PER_ROW)
    this.#words.push(new Int32Array(buffer))
    this.#doubles.push(new Float64Array(buffer))
  }

  #hasIdBits(row: number, id: ReservationId): boolean {
    const words = this.#pageOf(row)
    const base = wordBase(row)
    return (
      words[base + ID_LOW] === id.low &&
      words[base + ID_MIDDLE] === id.middle &&
      words[base + ID_HIGH] === id.high
    )
  }

  #word(row: number, offset: number): number {
    return this.#pageOf(row)[wordBase(row) + offset] as number
  }

  #setWord(row: number, offset: number, value: number): void {
    this.#pageOf(row)[wordBase(row) + offset] = value
  }

  #double(row: number, offset: number): number {
    return this.#doublesOf(row)[doubleBase(row) + offset] as number
  }

  #pageOf(row: number): Int32Array {
    return this.#words[row >>> PAGE_BITS] as Int32Array
  }

  #doublesOf(row: number): Float64Array {
    return this.#doubles[row >>> PAGE_BITS] as Float64Array
  }
}

function wordBase(row: number): number {
  return (row & ROW_MASK) << WORDS_PER_ROW_BITS
}

function doubleBase(row: number): number {
  return (row & ROW_MASK) << DOUBLES_PER_ROW_BITS
}
