// Which holds expire next: a hashed timing wheel over the reservations' own link words, no allocation per hold.
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import { DUE_TICK_MS } from './limits.ts'
import { HELD, type ReservationTable } from './reservation-table.ts'

const SLOTS = 1 << 16
const SLOT_MASK = SLOTS - 1

/**
 * Holds by deadline. Adding and removing are O(1); a slot's holds are sorted once, when its 16 ms come.
 * A hold beyond the wheel's round (17 minutes) stays in its slot and is passed over once a round.
 * @see Varghese, Lauck: "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 */
export class DueWheel {
  readonly #reservations: ReservationTable
  readonly #heads: Int32Array = new Int32Array(SLOTS).fill(NO_ROW)
  /** Rows taken from the slots that time has reached, in deadline order; those before `#duePosition` are done. */
  #due: number[] = []
  #duePosition = 0
  #tick = -1
  #count = 0

  constructor(reservations: ReservationTable) {
    this.#reservations = reservations
  }

  /** Holds in the wheel, the due ones included. */
  get count(): number {
    return this.#count
  }

  /** Adds a held row under its deadline. */
  add(row: number): void {
    invariant(this.#reservations.state(row) === HELD, 'only holds are due')
    const tick = Math.max(tickOf(this.#reservations.until(row)), this.#tick + 1)
    this.#link(row, tick & SLOT_MASK)
    this.#count++
  }

  /** Removes a held row, before its deadline changes or it ends. */
  remove(row: number): void {
    this.#count--
    if (this.#reservations.dueNext(row) === row) this.#removeDue(row)
    else this.#unlink(row)
  }

  /**
   * Every hold that was due before this time (ms since 1970) has left the wheel; 0 before the first look. Unlike
   * `backlog` it looks at no holds, and so misses none behind those of later rounds.
   */
  get doneUntil(): number {
    for (let position = this.#duePosition; position < this.#due.length; position++) {
      const row = this.#due[position] as number
      if (row !== NO_ROW) return this.#reservations.until(row)
    }
    return (this.#tick + 1) * DUE_TICK_MS
  }

  /**
   * The holds that are due at time `at` and have not expired yet: how many, counted up to `limit`, and since when the
   * first of them (ms since 1970; `at` when there are none). Changes nothing; looks at `limit` rows at most.
   */
  backlog(at: number, limit: number): { readonly count: number; readonly since: number } {
    let count = 0
    let since = at
    for (const row of this.#untilNow(at, limit)) {
      const until = this.#reservations.until(row)
      if (until > at) continue
      count++
      if (until < since) since = until
    }
    return { count, since }
  }

  /**
   * The rows of at most `limit` holds that expire next, by deadline. Changes nothing. It looks at `rowsMax` holds at
   * most, first at those of the next moments: where many more wait, some that expire later are missing.
   */
  soonest(limit: number, rowsMax: number): number[] {
    const soon = this.#inHand(limit, rowsMax)
    const later: number[] = []
    let left = rowsMax
    const lastTick = this.#tick + SLOTS
    for (let tick = this.#tick + 1; tick <= lastTick && soon.length < limit; tick++) {
      let row = this.#heads[tick & SLOT_MASK] as number
      for (; row !== NO_ROW && left > 0; left--) {
        const isOfThisRound = tickOf(this.#reservations.until(row)) <= tick
        if (isOfThisRound) soon.push(row)
        else later.push(row)
        row = this.#reservations.dueNext(row)
      }
      if (left === 0) break
    }
    this.#sort(soon)
    // Holds of later rounds are known to be next only when none was passed by.
    if (left > 0 && soon.length < limit) soon.push(...this.#sort(later).slice(0, limit))
    return soon.slice(0, limit)
  }

  /** The hold that must expire next at time `at`, in deadline order, or NO_ROW. It stays until removed. */
  peek(at: number): number {
    const nowTick = tickOf(at)
    for (;;) {
      while (this.#duePosition < this.#due.length) {
        const row = this.#due[this.#duePosition] as number
        if (row !== NO_ROW) return this.#reservations.until(row) <= at ? row : NO_ROW
        this.#duePosition++
      }
      if (this.#tick >= nowTick) return NO_ROW
      this.#advance(nowTick)
    }
  }

  // Those that time has reached already are in order.
  #inHand(limit: number, rowsMax: number): number[] {
    const rows: number[] = []
    const end = Math.min(this.#due.length, this.#duePosition + rowsMax)
    for (let position = this.#duePosition; position < end && rows.length < limit; position++) {
      const row = this.#due[position] as number
      if (row !== NO_ROW) rows.push(row)
    }
    return rows
  }

  // Holds in hand first, then those in the slots that time has reached since; the latter may be of a later round.
  *#untilNow(at: number, limit: number): Generator<number> {
    let left = limit
    for (let position = this.#duePosition; position < this.#due.length; position++) {
      if (left-- === 0) return
      const row = this.#due[position] as number
      if (row !== NO_ROW) yield row
    }
    const lastTick = Math.min(tickOf(at), this.#tick + SLOTS)
    for (let tick = this.#tick + 1; tick <= lastTick; tick++) {
      let row = this.#heads[tick & SLOT_MASK] as number
      while (row !== NO_ROW) {
        if (left-- === 0) return
        yield row
        row = this.#reservations.dueNext(row)
      }
    }
  }

  // Moves to the next tick that has holds of this round, at most to `nowTick`, and takes them in order.
  #advance(nowTick: number): void {
    this.#due = []
    this.#duePosition = 0
    // A first start, or a clock that leapt more than a round: every slot once is enough.
    const leap = this.#tick < 0 || nowTick - this.#tick > SLOTS
    if (leap) this.#takeAll(nowTick)
    while (this.#tick < nowTick && this.#due.length === 0) {
      this.#tick++
      this.#take(this.#tick & SLOT_MASK, this.#tick)
    }
    this.#sortDue()
  }

  #takeAll(nowTick: number): void {
    for (let slot = 0; slot < SLOTS; slot++) this.#take(slot, nowTick)
    this.#tick = nowTick
  }

  #take(slot: number, throughTick: number): void {
    let row = this.#heads[slot] as number
    while (row !== NO_ROW) {
      const next = this.#reservations.dueNext(row)
      if (tickOf(this.#reservations.until(row)) <= throughTick) {
        this.#unlink(row)
        this.#due.push(row)
      }
      row = next
    }
  }

  #sort(rows: number[]): number[] {
    const reservations = this.#reservations
    if (rows.length < 2) return rows
    return rows.sort(
      (left, right) =>
        reservations.until(left) - reservations.until(right) ||
        reservations.seq(left) - reservations.seq(right),
    )
  }

  #sortDue(): void {
    const reservations = this.#reservations
    this.#sort(this.#due)
    // A due row points at itself and keeps its position, so that it can leave in O(1).
    for (let position = 0; position < this.#due.length; position++) {
      const row = this.#due[position] as number
      reservations.setDueNext(row, row)
      reservations.setDuePrevious(row, position)
    }
  }

  #removeDue(row: number): void {
    const position = this.#reservations.duePrevious(row)
    invariant(this.#due[position] === row, 'a due hold knows its position')
    this.#due[position] = NO_ROW
  }

  #link(row: number, slot: number): void {
    const next = this.#heads[slot] as number
    this.#reservations.setDueNext(row, next)
    this.#reservations.setDuePrevious(row, headOfSlot(slot))
    if (next !== NO_ROW) this.#reservations.setDuePrevious(next, row)
    this.#heads[slot] = row
  }

  #unlink(row: number): void {
    const next = this.#reservations.dueNext(row)
    const previous = this.#reservations.duePrevious(row)
    if (next !== NO_ROW) this.#reservations.setDuePrevious(next, previous)
    if (previous >= 0) this.#reservations.setDueNext(previous, next)
    else this.#heads[slotOfHead(previous)] = next
  }
}

function tickOf(timeMs: number): number {
  return Math.floor(timeMs / DUE_TICK_MS)
}

// The first row of a slot has no row before it; it names its slot instead, as a number below NO_ROW.
function headOfSlot(slot: number): number {
  return -2 - slot
}

function slotOfHead(previous: number): number {
  return -2 - previous
}
