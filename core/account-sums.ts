// A number for each account while a whole state is walked. A Map would end at 2^24 accounts, and takes seconds before.
import { type AccountTable, NUMBER_BITS, NUMBER_MASK } from './account-table.ts'

/** Sums by account, all 0 at first; for the accounts that the table has now. */
export class AccountSums {
  readonly #sumsBySize: readonly Float64Array[]

  constructor(accounts: AccountTable) {
    this.#sumsBySize = accounts.allocated.map((count) => new Float64Array(count))
  }

  add(account: number, amount: number): void {
    const sums = this.#sumsOf(account)
    sums[account & NUMBER_MASK] = (sums[account & NUMBER_MASK] as number) + amount
  }

  of(account: number): number {
    return this.#sumsOf(account)[account & NUMBER_MASK] as number
  }

  #sumsOf(account: number): Float64Array {
    return this.#sumsBySize[account >>> NUMBER_BITS] as Float64Array
  }
}
