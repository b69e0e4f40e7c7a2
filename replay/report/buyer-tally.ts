// Who bought how much. Only buyers who kept something are in it: their accounts the state remembers for ever, too,
// so this map is never larger than the state, however long the journal is.

export interface BuyerRow {
  readonly buyer: string
  /** Units bought and not returned. */
  readonly units: number
  readonly purchases: number
}

interface Bought {
  units: number
  purchases: number
}

/** Units by buyer, over all SKUs and partitions. */
export class BuyerTally {
  readonly #bought = new Map<string, Bought>()

  get count(): number {
    return this.#bought.size
  }

  buy(buyer: string, units: number): void {
    if (units === 0) return
    const bought = this.#bought.get(buyer)
    if (bought === undefined) {
      this.#bought.set(buyer, { units, purchases: 1 })
      return
    }
    bought.units += units
    bought.purchases++
  }

  giveBack(buyer: string, units: number): void {
    const bought = this.#bought.get(buyer)
    if (bought === undefined) return
    bought.units -= units
    if (bought.units === 0) this.#bought.delete(buyer)
  }

  /** The `limit` buyers with the most units, most first, then by name. */
  top(limit: number): BuyerRow[] {
    return [...this.#bought]
      .map(([buyer, { units, purchases }]) => ({ buyer, units, purchases }))
      .sort((left, right) => right.units - left.units || (left.buyer < right.buyer ? -1 : 1))
      .slice(0, limit)
  }
}
