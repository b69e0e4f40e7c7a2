// Partition views as the bodies that clients see.
import type { DueHold, ReservationView, SkuView } from '../../core/outcome.ts'
import { formatReservationId } from '../../core/reservation-id.ts'
import type { SaleRules } from '../../core/rules.ts'

/** A reservation's body; times in ms since 1970, seq as text because it outgrows a double some day. */
export interface ReservationBody {
  readonly id: string
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  readonly state: ReservationView['state']
  readonly confirmed: number | undefined
  readonly returned: number | undefined
  readonly expiresAt: number | undefined
  readonly endedAt: number | undefined
  readonly remaining: number
  readonly seq: string
}

type SaleState = 'open' | 'not_open' | 'closed' | 'paused' | 'sold_out'

export interface SkuAnswerBody {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly state: SaleState
  readonly rules: SaleRules
  readonly seq: string
}

export function reservationBody(view: ReservationView): ReservationBody {
  const isConfirmed = view.state === 'confirmed'
  return {
    id: formatReservationId(view.id),
    sku: view.sku,
    buyer: view.buyer,
    quantity: view.quantity,
    state: view.state,
    confirmed: isConfirmed ? view.confirmed : undefined,
    returned: isConfirmed ? view.returned : undefined,
    expiresAt: view.expiresAt,
    endedAt: view.endedAt,
    remaining: view.remaining,
    seq: String(view.seq),
  }
}

/** A hold in a list of those that expire next; its id in text form. */
export function holdBody(hold: DueHold): object {
  return { ...hold, id: formatReservationId(hold.id) }
}

export function skuAnswerBody(view: SkuView): SkuAnswerBody {
  const { sku, stock, available, held, sold, rules, seq } = view
  return { sku, stock, available, held, sold, state: saleState(view), rules, seq: String(seq) }
}

/** Changes whenever the body does: the state also changes with time alone. */
export function skuETag(view: SkuView): string {
  return `"${view.seq}-${saleState(view)}"`
}

// In the order of the refusals that a reservation would meet.
function saleState(view: SkuView): SaleState {
  const { opensAt, closesAt, paused } = view.rules
  if (closesAt !== undefined && view.at >= closesAt) return 'closed'
  if (opensAt !== undefined && view.at < opensAt) return 'not_open'
  if (paused) return 'paused'
  return view.available === 0 ? 'sold_out' : 'open'
}
