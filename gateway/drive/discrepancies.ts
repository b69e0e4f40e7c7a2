// Where the server and the drive's own ledger part ways. All are counted, the first are kept.

/** One difference: what the ledger expects of a SKU's field, and what the server says. */
export interface Discrepancy {
  readonly sku: string
  /** A count of the SKU, `conservation`, or one reservation. */
  readonly field: string
  readonly expected: string | number
  readonly found: string | number
}

const KEPT_MAX = 20

/** Counts differences and keeps the first 20, so that a broken server cannot fill the memory. */
export class Discrepancies {
  readonly #first: Discrepancy[] = []
  #total = 0

  get total(): number {
    return this.#total
  }

  get first(): readonly Discrepancy[] {
    return this.#first
  }

  add(discrepancy: Discrepancy): void {
    this.#total += 1
    if (this.#first.length < KEPT_MAX) this.#first.push(discrepancy)
  }
}
