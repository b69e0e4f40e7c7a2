// Ended reservations in the order in which they ended: who is forgotten next, and when.
import type { AccountTable } from './account-table.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import { FREE, HELD, type ReservationTable } from './reservation-table.ts'

/** A FIFO over the rows' own link words. Order and pace are functions of the journal, so replay forgets the same. */
export class ForgetQueue {
  readonly #reservations: ReservationTable
  readonly #accounts: AccountTable
  #head = NO_ROW
  #tail = NO_ROW

  constructor(reservations: ReservationTable, accounts: AccountTable) {
    this.#reservations = reservations
    this.#accounts = accounts
  }

  /** The longest ended row, or NO_ROW; the next ones follow by `reservations.forgetNext`. */
  get head(): number {
    return this.#head
  }

  /** Appends a row that has just ended. */
  add(row: number): void {
    const state = this.#reservations.state(row)
    invariant(state !== HELD && state !== FREE, 'only ended reservations are forgotten')
    this.#reservations.setForgetNext(row, NO_ROW)
    if (this.#tail === NO_ROW) this.#head = row
    else this.#reservations.setForgetNext(this.#tail, row)
    this.#tail = row
  }

  /** Forgets at most `limit` rows that ended at or before `before`, longest ended first. */
  forget(before: number, limit: number): void {
    for (let forgotten = 0; forgotten < limit; forgotten++) {
      const row = this.#head
      if (row === NO_ROW || this.#reservations.until(row) > before) return
      this.#head = this.#reservations.forgetNext(row)
      if (this.#head === NO_ROW) this.#tail = NO_ROW
      const account = this.#reservations.account(row)
      this.#reservations.remove(row)
      this.#accounts.addReservations(account, -1)
      this.#accounts.closeIfIdle(account)
    }
  }
}
