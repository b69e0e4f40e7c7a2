// A journal to replay: a sale of 1,000 SKUs in which every hold is confirmed (86 %) or cancelled, or all stay held.
import type { Event } from '../../core/event.ts'
import { completeRules } from '../../core/rules.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { buyerName, idOf, SKUS, STOCK, skuName } from '../reserves.ts'
import { fateOf } from '../whole-life.ts'

const BLOCK_EVENTS = 1_000
const HOLD_MS = 900_000
const START = Date.UTC(2026, 10, 27, 20)
/** How many later holds begin before one is paid for. */
const HOLDS_BETWEEN = 1_000

export interface SaleOptions {
  /** Events in all: one for the retention, one per SKU, then the sale at one a millisecond. */
  readonly events: number
  readonly retentionMs: number
  readonly holdsOnly?: boolean
}

/** Writes the journal of a sale in blocks of 1,000 events. */
export async function writeSale(paths: PartitionPaths, options: SaleOptions): Promise<void> {
  const journal = await openLmdbJournal(paths.journal, {
    identity: { clusterId: 'b'.repeat(32), partition: 0, partitionCount: 1 },
    ...{ head: EMPTY_HEAD, epoch: 1, segmentBytes: 2 ** 28, commitDeadlineMs: 60_000 },
  })
  let events: Event[] = []
  for (const event of saleEvents(options)) {
    events.push(event)
    if (events.length < BLOCK_EVENTS) continue
    await journal.append({ firstSeq: journal.head.seq + 1, events })
    events = []
  }
  if (events.length > 0) await journal.append({ firstSeq: journal.head.seq + 1, events })
  await journal.close()
}

function* saleEvents({ events, retentionMs, holdsOnly }: SaleOptions): Generator<Event> {
  yield { kind: 'configured', at: START, retentionMs }
  for (let index = 0; index < SKUS; index++) {
    yield {
      kind: 'opened',
      at: START,
      sku: skuName(index),
      stock: STOCK,
      rules: completeRules({}),
      by: undefined,
    }
  }
  let reserved = 0
  let ended = 0
  for (let seq = SKUS + 1; seq < events; seq++) {
    const at = START + seq
    const mayEnd = holdsOnly !== true && reserved - ended > HOLDS_BETWEEN
    yield mayEnd && seq % 2 === 0 ? endOf(ended++, at) : holdOf(reserved++, at)
  }
}

function holdOf(index: number, at: number): Event {
  const buyer = buyerName(index)
  const sku = skuName(index % SKUS)
  const id = idOf(index, index % SKUS)
  return { kind: 'reserved', at, id, sku, buyer, quantity: 1, holdMs: HOLD_MS, meta: undefined }
}

function endOf(index: number, at: number): Event {
  const id = idOf(index, index % SKUS)
  return fateOf(index) === 'confirmed'
    ? { kind: 'confirmed', at, id, quantity: 1, paymentId: undefined }
    : { kind: 'cancelled', at, id }
}
