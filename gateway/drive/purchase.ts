// One sale line on its way through the server, and the purchases that returns may refer to.
import type { SkuLedger } from './sku-ledger.ts'

/** `open` until the server has answered for good; the others never change back. */
export type PurchaseState = 'open' | 'confirmed' | 'refused' | 'abandoned' | 'unconfirmed'

/** Units of one return line that fall on one purchase. */
interface ReturnClaim {
  readonly slip: ReturnSlip
  readonly units: number
  /** The purchase's total of returned units once this claim is served. */
  readonly upTo: number
}

/** One return line, until all of its units are accounted for. */
export interface ReturnSlip {
  openClaims: number
  returnedUnits: number
  /** Why the first unit that could not be returned was not. */
  reason: string | undefined
}

export interface Purchase {
  readonly ledger: SkuLedger
  readonly quantity: number
  readonly isAbandoned: boolean
  /** Empty until the reservation is acknowledged. */
  id: string
  state: PurchaseState
  /** Units that return lines have claimed so far, served or not. */
  claimedUnits: number
  /** Units whose return is acknowledged. */
  returnedUnits: number
  /** Whether a return is on its way: totals must arrive in order. */
  isReturning: boolean
  /** Claims that wait for an answer, oldest first. */
  claims: ReturnClaim[]
}

const NO_CLAIMS: ReturnClaim[] = []

/** A purchase that nothing was asked for yet. */
export function openPurchase(
  line: Pick<Purchase, 'ledger' | 'quantity' | 'isAbandoned'>,
): Purchase {
  return {
    ledger: line.ledger,
    quantity: line.quantity,
    isAbandoned: line.isAbandoned,
    id: '',
    state: 'open',
    claimedUnits: 0,
    returnedUnits: 0,
    isReturning: false,
    // Shared: hardly any purchase is ever claimed, and there are as many purchases as lines.
    claims: NO_CLAIMS,
  }
}

/** Notes a claim on a purchase, behind those that wait already. */
export function claim(purchase: Purchase, slip: ReturnSlip, units: number): void {
  purchase.claimedUnits += units
  slip.openClaims += 1
  purchase.claims = [...purchase.claims, { slip, units, upTo: purchase.claimedUnits }]
}
