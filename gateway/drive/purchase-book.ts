// Which earlier purchases a return gives back. Decided by the file alone: the newest purchase first.
import type { Purchase } from './purchase.ts'

/** Units of one purchase that a return takes. */
interface PurchasePart {
  readonly purchase: Purchase
  readonly units: number
}

/** What a return of some units refers to. */
export interface Match {
  readonly parts: readonly PurchasePart[]
  /** Units beyond all earlier purchases. */
  readonly excessUnits: number
}

interface Entry {
  readonly purchase: Purchase
  unmatchedUnits: number
}

/**
 * Remembers purchases by buyer and SKU until returns have used them up. Matching looks at the order of the
 * file and never at how a purchase ended, so it does not depend on timing: a return of something that was
 * sold out or never paid is found to be just that.
 */
export class PurchaseBook {
  readonly #entries = new Map<string, Entry[]>()

  /** Notes a purchase, which is now the newest under its key. */
  note(key: string, purchase: Purchase): void {
    const entry = { purchase, unmatchedUnits: purchase.quantity }
    const entries = this.#entries.get(key)
    if (entries === undefined) this.#entries.set(key, [entry])
    else entries.push(entry)
  }

  /** Takes `units` off the purchases under a key, the newest first. */
  match(key: string, units: number): Match {
    const entries = this.#entries.get(key) ?? []
    const parts: PurchasePart[] = []
    let openUnits = units
    for (let entry = entries.at(-1); entry !== undefined && openUnits > 0; entry = entries.at(-1)) {
      const taken = Math.min(openUnits, entry.unmatchedUnits)
      parts.push({ purchase: entry.purchase, units: taken })
      openUnits -= taken
      entry.unmatchedUnits -= taken
      if (entry.unmatchedUnits === 0) entries.pop()
    }
    return { parts, excessUnits: openUnits }
  }
}
