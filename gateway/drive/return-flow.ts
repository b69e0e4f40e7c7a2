// Return lines: matched with earlier purchases, which they wait for, and sent as totals in order.
import type { ReturnLine } from './classify-line.ts'
import type { Discrepancies } from './discrepancies.ts'
import type { Dispatcher, Job } from './dispatcher.ts'
import { type Answer, isReservation } from './operations.ts'
import { claim, type Purchase, type PurchaseState, type ReturnSlip } from './purchase.ts'
import type { PurchaseBook } from './purchase-book.ts'
import { returnKey } from './survey-file.ts'
import { countOf, type Tally } from './tally.ts'

/** Why units were not given back, when the file or the purchase is the reason. */
type NotReturnedReason =
  | 'return_without_customer'
  | 'return_without_purchase'
  | 'return_of_refused'
  | 'return_of_abandoned'
  | 'return_of_unconfirmed'

export interface ReturnFlowOptions {
  readonly book: PurchaseBook
  readonly dispatcher: Dispatcher
  readonly tally: Tally
  readonly discrepancies: Discrepancies
}

const REASONS = {
  refused: 'return_of_refused',
  abandoned: 'return_of_abandoned',
  unconfirmed: 'return_of_unconfirmed',
} as const satisfies Partial<Record<PurchaseState, NotReturnedReason>>

/** Gives units back. Told of each return line in the order of the file, after the purchases before it. */
export class ReturnFlow {
  readonly #options: ReturnFlowOptions

  constructor(options: ReturnFlowOptions) {
    this.#options = options
  }

  onLine(line: ReturnLine): void {
    // The line itself counts as a claim until all parts are found, so that it is not counted too early.
    const slip: ReturnSlip = { openClaims: 1, returnedUnits: 0, reason: undefined }
    if (line.buyer === undefined) {
      this.#closeClaim(slip, line.quantity, 'return_without_customer')
      return
    }
    const match = this.#options.book.match(returnKey(line.buyer, line.sku), line.quantity)
    for (const part of match.parts) {
      claim(part.purchase, slip, part.units)
      this.onPurchaseSettled(part.purchase)
    }
    this.#closeClaim(slip, match.excessUnits, 'return_without_purchase')
  }

  /** Serves the claims on a purchase, as far as its state allows. */
  onPurchaseSettled(purchase: Purchase): void {
    switch (purchase.state) {
      case 'open':
        return
      case 'confirmed':
        this.#sendReturn(purchase)
        return
      default:
        this.#closeAll(purchase, REASONS[purchase.state])
    }
  }

  onAnswer(job: Job, returnedTotal: number, answer: Answer): void {
    const { purchase } = job
    purchase.isReturning = false
    if (!isReservation(answer)) {
      // The server acknowledged the confirmation, so it owes the return: its refusal is a difference.
      const { ledger, id } = purchase
      const field = `reservation ${id}`
      const found = answer.code
      this.#options.discrepancies.add({ sku: ledger.sku, field, expected: 'confirmed', found })
      purchase.state = 'unconfirmed'
      this.#closeAll(purchase, `refused_${answer.code}`)
      return
    }
    if (returnedTotal > purchase.returnedUnits) {
      purchase.ledger.soldChange -= returnedTotal - purchase.returnedUnits
      purchase.returnedUnits = returnedTotal
    }
    this.#closeServed(purchase, returnedTotal)
    this.#sendReturn(purchase)
  }

  #sendReturn(purchase: Purchase): void {
    if (purchase.isReturning || purchase.claims.length === 0) return
    purchase.isReturning = true
    // An earlier drive of this run may have returned more by now than this one has read: never ask for less.
    const returnedTotal = Math.max(purchase.claimedUnits, purchase.returnedUnits)
    const operation = { op: 'return', id: purchase.id, returnedTotal } as const
    this.#options.dispatcher.pushFollowUp({ operation, purchase })
  }

  #closeServed(purchase: Purchase, returnedTotal: number): void {
    const served = purchase.claims.filter((waiting) => waiting.upTo <= returnedTotal)
    purchase.claims = purchase.claims.filter((waiting) => waiting.upTo > returnedTotal)
    for (const { slip, units } of served) {
      slip.returnedUnits += units
      this.#options.tally.returned.units += units
      this.#closeClaim(slip, 0, undefined)
    }
  }

  #closeAll(purchase: Purchase, reason: string): void {
    const { claims } = purchase
    purchase.claims = []
    for (const { slip, units } of claims) this.#closeClaim(slip, units, reason)
  }

  /** One claim less; `units` of it were not returned, for `reason`. The last one counts the line. */
  #closeClaim(slip: ReturnSlip, units: number, reason: string | undefined): void {
    const { tally } = this.#options
    if (units > 0 && reason !== undefined) {
      countOf(tally.notReturned, reason).units += units
      slip.reason ??= reason
    }
    slip.openClaims -= 1
    if (slip.openClaims > 0) return
    if (slip.returnedUnits > 0) tally.returned.lines += 1
    else countOf(tally.notReturned, slip.reason ?? 'return_without_purchase').lines += 1
  }
}
