// Sale lines: reserve, then confirm or leave unpaid. Each step waits for the answer to the one before.
import { isAbandoned } from './abandon.ts'
import type { Line, SaleLine } from './classify-line.ts'
import type { Discrepancies } from './discrepancies.ts'
import type { Dispatcher, Job } from './dispatcher.ts'
import { DriveError } from './errors.ts'
import { type Answer, isReservation } from './operations.ts'
import { openPurchase, type Purchase, type PurchaseState } from './purchase.ts'
import type { PurchaseBook } from './purchase-book.ts'
import type { ReturnFlow } from './return-flow.ts'
import { hasHistory, type SkuLedger } from './sku-ledger.ts'
import { returnKey } from './survey-file.ts'
import { countLine, countOf, type Tally } from './tally.ts'

export interface OrderFlowOptions {
  /** Idempotency keys are `<run>-<line>`: the same run repeats, another run buys again. */
  readonly run: string
  readonly seed: number
  readonly abandonShare: number
  readonly ledgers: ReadonlyMap<string, SkuLedger>
  /** `returnKey` of every return in the file: only these purchases are remembered. */
  readonly returnKeys: ReadonlySet<string>
  readonly book: PurchaseBook
  readonly returns: ReturnFlow
  readonly dispatcher: Dispatcher
  readonly tally: Tally
  readonly discrepancies: Discrepancies
}

/** Takes the lines of a file in order, and the answers in any order. */
export class OrderFlow {
  readonly #options: OrderFlowOptions

  constructor(options: OrderFlowOptions) {
    this.#options = options
  }

  onLine(line: Line): void {
    const { tally, returns } = this.#options
    tally.linesRead += 1
    if (line.kind === 'sale') this.#onSale(line)
    else if (line.kind === 'return') returns.onLine(line)
    else tally.noSale.set(line.reason, (tally.noSale.get(line.reason) ?? 0) + 1)
  }

  onAnswer(job: Job, answer: Answer): void {
    const { operation, purchase } = job
    switch (operation.op) {
      case 'reserve':
        this.#onReserved(purchase, answer)
        return
      case 'get':
        this.#onLookedUp(purchase, answer)
        return
      case 'confirm':
        this.#onConfirmed(purchase, answer)
        return
      case 'return':
        this.#options.returns.onAnswer(job, operation.returnedTotal, answer)
    }
  }

  #onSale(line: SaleLine): void {
    const { run, seed, abandonShare: share, dispatcher, tally } = this.#options
    const ledger = this.#options.ledgers.get(line.sku)
    if (ledger === undefined) {
      throw new DriveError('file_changed', `line ${line.line}: the file changed while it was read`)
    }
    const abandons = isAbandoned({ seed, line: line.line, share })
    const purchase = openPurchase({ ledger, quantity: line.quantity, isAbandoned: abandons })
    const { sku, buyer, quantity } = line
    if (line.isGuest) {
      countLine(tally.guests, quantity)
    } else {
      const key = returnKey(buyer, sku)
      if (this.#options.returnKeys.has(key)) this.#options.book.note(key, purchase)
    }
    const key = `${run}-${line.line}`
    dispatcher.push({ operation: { op: 'reserve', key, sku, buyer, quantity }, purchase })
  }

  #onReserved(purchase: Purchase, answer: Answer): void {
    const { dispatcher, tally } = this.#options
    if (!isReservation(answer)) {
      if (answer.code === 'sold_out' && !purchase.ledger.isSoldOut) {
        purchase.ledger.isSoldOut = true
        tally.soldOutSkus += 1
      }
      countLine(countOf(tally.refused, answer.code), purchase.quantity)
      this.#settle(purchase, 'refused')
      return
    }
    countLine(tally.reserved, purchase.quantity)
    purchase.id = answer.id
    if (answer.replayed === true) tally.replayed += 1
    if (answer.replayed === true && hasHistory(purchase.ledger)) {
      // An earlier drive of this run may have gone further than reserving: look, do not guess.
      dispatcher.pushFollowUp({ operation: { op: 'get', id: answer.id }, purchase })
      return
    }
    this.#pay(purchase)
  }

  #onLookedUp(purchase: Purchase, answer: Answer): void {
    if (!isReservation(answer)) {
      this.#onPromiseBroken(purchase, 'held', answer.code)
    } else if (answer.state === 'confirmed') {
      // Sold before this drive began, less what came back by then: in the ledger's `before` already.
      purchase.returnedUnits = answer.returned ?? 0
      countLine(this.#options.tally.confirmed, purchase.quantity)
      this.#settle(purchase, 'confirmed')
    } else {
      this.#pay(purchase)
    }
  }

  #pay(purchase: Purchase): void {
    const { id, quantity, ledger } = purchase
    if (!purchase.isAbandoned) {
      this.#options.dispatcher.pushFollowUp({ operation: { op: 'confirm', id }, purchase })
      return
    }
    ledger.abandoned.push({ id, quantity, found: 'held' })
    countLine(this.#options.tally.abandoned, quantity)
    this.#settle(purchase, 'abandoned')
  }

  #onConfirmed(purchase: Purchase, answer: Answer): void {
    if (isReservation(answer)) {
      purchase.ledger.soldChange += purchase.quantity
      countLine(this.#options.tally.confirmed, purchase.quantity)
      this.#settle(purchase, 'confirmed')
    } else if (answer.code === 'reservation_expired') {
      countLine(countOf(this.#options.tally.unconfirmed, answer.code), purchase.quantity)
      this.#settle(purchase, 'unconfirmed')
    } else {
      this.#onPromiseBroken(purchase, 'held or expired', answer.code)
    }
  }

  /** An acknowledged reservation is not what it must be: the drive's gravest finding. */
  #onPromiseBroken(purchase: Purchase, expected: string, found: string): void {
    const { tally, discrepancies } = this.#options
    const field = `reservation ${purchase.id}`
    discrepancies.add({ sku: purchase.ledger.sku, field, expected, found })
    countLine(countOf(tally.unconfirmed, found), purchase.quantity)
    this.#settle(purchase, 'unconfirmed')
  }

  #settle(purchase: Purchase, state: PurchaseState): void {
    purchase.state = state
    this.#options.returns.onPurchaseSettled(purchase)
  }
}
