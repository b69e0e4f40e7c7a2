// A shop in memory for tests of the order flow: answers operations as the batch API does, one at a time.
import { Discrepancies } from '../../../gateway/drive/discrepancies.ts'
import { Dispatcher, type Job } from '../../../gateway/drive/dispatcher.ts'
import type { Answer, Operation } from '../../../gateway/drive/operations.ts'
import { OrderFlow } from '../../../gateway/drive/order-flow.ts'
import { PurchaseBook } from '../../../gateway/drive/purchase-book.ts'
import { ReturnFlow } from '../../../gateway/drive/return-flow.ts'
import { openLedger, type SkuLedger } from '../../../gateway/drive/sku-ledger.ts'
import { Tally } from '../../../gateway/drive/tally.ts'

export interface Shop {
  readonly flow: OrderFlow
  readonly ledger: SkuLedger
  readonly tally: Tally
  readonly discrepancies: Discrepancies
  /** Every operation sent, in order. */
  readonly sent: Operation[]
  /** Lets everything queued be answered. */
  settle(): Promise<void>
}

export interface ShopOptions {
  readonly answer: (operation: Operation) => Answer
  readonly abandonShare?: number
  /** Units sold before the drive. */
  readonly soldBefore?: number
  readonly batchSize?: number
}

/** A drive of one SKU `A` by returning customers, whose every batch is answered by `answer`. */
export function openShop(options: ShopOptions): Shop {
  const { abandonShare = 0, soldBefore = 0, batchSize = 4 } = options
  const before = { stock: 100, available: 100 - soldBefore, held: 0, sold: soldBefore }
  const ledger = openLedger('A', before)
  const tally = new Tally()
  const discrepancies = new Discrepancies()
  const sent: Operation[] = []
  const send = async (jobs: readonly Job[]): Promise<void> => {
    sent.push(...jobs.map((job) => job.operation))
    await Promise.resolve()
    for (const job of jobs) flow.onAnswer(job, options.answer(job.operation))
  }
  const dispatcher = new Dispatcher({ batchSize, concurrency: 2, send })
  const book = new PurchaseBook()
  const returns = new ReturnFlow({ book, dispatcher, tally, discrepancies })
  const flow = new OrderFlow({
    run: 'test',
    seed: 1,
    abandonShare,
    ledgers: new Map([['A', ledger]]),
    returnKeys: new Set(['7 A']),
    ...{ book, returns, dispatcher, tally, discrepancies },
  })
  const settle = async (): Promise<void> => {
    await dispatcher.idle()
    tally.checkEveryLine()
  }
  return { flow, ledger, tally, discrepancies, sent, settle }
}

/** Says yes to everything; ids are the keys. */
export function generous(operation: Operation): Answer {
  if (operation.op === 'reserve') {
    return { status: 201, id: operation.key, state: 'held', quantity: operation.quantity }
  }
  const state = operation.op === 'get' ? 'held' : 'confirmed'
  return { status: 200, id: operation.id, state, quantity: 1 }
}
