// SKUs by the hash of their names: events carry hashes, and a look at their reservations would cost more.
import { fnv1a32 } from '../../core/fnv1a32.ts'
import type { EventBlock } from '../../core/partition.ts'

/** Names by their 32-bit hash; two SKUs of one hash stand together. */
export class SkusByHash {
  readonly #names = new Map<number, string | readonly string[]>()

  /** How many hashes have names. */
  get size(): number {
    return this.#names.size
  }

  has(hash: number): boolean {
    return this.#names.has(hash)
  }

  /** The SKUs of one hash; none when it is not known. */
  get(hash: number): readonly string[] {
    const names = this.#names.get(hash)
    if (names === undefined) return []
    return typeof names === 'string' ? [names] : names
  }

  add(sku: string): void {
    const hash = fnv1a32(sku)
    const known = this.get(hash)
    if (known.length === 0) this.#names.set(hash, sku)
    else if (!known.includes(sku)) this.#names.set(hash, [...known, sku])
  }

  remove(sku: string): void {
    const hash = fnv1a32(sku)
    const rest = this.get(hash).filter((name) => name !== sku)
    if (rest.length === 0) this.#names.delete(hash)
    else this.#names.set(hash, rest)
  }
}

/** The hash of the SKU that an event changed; undefined when it changed none. */
export function skuHashOf(event: EventBlock['events'][number]): number | undefined {
  if ('id' in event) return event.id.skuHash
  return 'sku' in event ? fnv1a32(event.sku) : undefined
}
