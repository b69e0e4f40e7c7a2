// Several SKUs read at once through a partition's own port: what it answers is durable.
import type { SkuView } from '../../core/outcome.ts'
import type { Answer, AnswerTicket } from '../partition-port.ts'

/** Whatever takes reads of SKUs: one partition, or all of them. */
export interface SkuReader {
  submit(command: { readonly kind: 'read-sku'; readonly sku: string }, ticket: AnswerTicket): void
}

/** What came of the reads. A SKU that does not exist is in neither. */
export interface SkusRead {
  readonly views: readonly SkuView[]
  /** Those of which the read was not answered. */
  readonly failed: ReadonlySet<string>
}

/** Reads `skus`, at least one, and calls `done` once when the last is answered; it may be called before this returns. */
export function readSkus(
  reader: SkuReader,
  skus: readonly string[],
  done: (read: SkusRead) => void,
): void {
  const views: SkuView[] = []
  const failed = new Set<string>()
  let missing = skus.length
  for (const sku of skus) {
    const answer = (given: Answer) => {
      if (given.kind === 'sku') views.push(given)
      else if (given.kind === 'fault') failed.add(sku)
      if (--missing === 0) done({ views, failed })
    }
    reader.submit({ kind: 'read-sku', sku }, { answer })
  }
}
