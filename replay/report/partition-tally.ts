// Takes a partition's events, each with the state right after it, into the tallies of its SKUs and of the sale.
import type { Confirmed, Event, Reserved, Returned } from '../../core/event.ts'
import { NO_ROW } from '../../core/hash-index.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import { CONFIRMED, HELD } from '../../core/reservation-table.ts'
import { JournalError } from '../../journal/errors.ts'
import type { SaleTally } from './sale-tally.ts'
import { SkuTally } from './sku-tally.ts'

/** Events that concern a reservation that is there already. */
type Later = Exclude<Event, { readonly sku: string } | { readonly kind: 'configured' }>

/** Events by which a hold ends unpaid. */
type Released = Extract<Event, { readonly kind: 'cancelled' | 'expired' }>

/** The tally of one partition. Its memory is bounded by the state: one entry per SKU and at most one per hold. */
export class PartitionTally {
  readonly #sale: SaleTally
  /** By the number of the SKU's actor. */
  readonly #skus: SkuTally[] = []
  /** Units of a hold that had come back before, by its row; only where there are any. */
  readonly #againByRow = new Map<number, number>()
  /** 1 by the row of a reservation that was paid before the journal begins: its buyer is in no tally. */
  #paidBefore = new Uint8Array(0)
  #events = 0
  #baseSeq = 0

  constructor(sale: SaleTally) {
    this.#sale = sale
  }

  get events(): number {
    return this.#events
  }

  /** Seq that the journal begins after. */
  get baseSeq(): number {
    return this.#baseSeq
  }

  get skus(): readonly SkuTally[] {
    return this.#skus
  }

  /** Takes what the journal begins with, before any event: counters and holds, without how they came about. */
  begin(state: PartitionState): void {
    const { reservations, lastAt: at } = state
    this.#baseSeq = state.lastSeq
    for (const { sku, stock, held, sold } of state.actors) {
      this.#skus.push(new SkuTally(sku, { at, held, sold }, stock))
      this.#sale.begin({ stock, held, sold })
    }
    this.#paidBefore = new Uint8Array(reservations.rowLimit)
    for (let row = 0; row < reservations.rowLimit; row++) {
      if (reservations.state(row) === HELD) this.#sale.heldBefore++
      if (reservations.state(row) === CONFIRMED) this.#paidBefore[row] = 1
    }
  }

  /** Takes `event`, which `state` has just applied. @throws JournalError when it is not what the state says. */
  take(event: Event, state: PartitionState): void {
    this.#events++
    this.#sale.see(event)
    const sku = this.#skuOf(event, state)
    if (sku === undefined) return
    const { stock, held, sold } = sku
    if (event.kind === 'opened') this.#sale.move(event.at, { stock, held, sold })
    if (event.kind === 'opened' || event.kind === 'changed' || event.kind === 'extended') return
    this.#apply(event, state, sku)
    sku.mark(event.at)
    this.#sale.oversoldUnits = Math.max(this.#sale.oversoldUnits, -sku.available)
    this.#sale.move(event.at, {
      stock: sku.stock - stock,
      held: sku.held - held,
      sold: sku.sold - sold,
    })
  }

  /**
   * Units that no counter explains, at the end: stock that is neither available nor held nor sold, and held units
   * without a hold they belong to. The state's counters against this recount and against the holds that are there.
   */
  strandedUnits(state: PartitionState): number {
    const held = heldUnitsByActor(state)
    let stranded = 0
    for (const actor of state.actors) {
      const sku = this.#skus[actor.index] as SkuTally
      const inHolds = held[actor.index] as number
      stranded += Math.abs(sku.stock - actor.available - inHolds - sku.sold)
      stranded += Math.abs(actor.held - inHolds)
    }
    return stranded
  }

  #skuOf(event: Event, state: PartitionState): SkuTally | undefined {
    if (event.kind === 'configured') return undefined
    if (event.kind === 'opened') {
      const sku = new SkuTally(event.sku, event.at, event.stock)
      this.#skus.push(sku)
      return sku
    }
    if (!('sku' in event)) return this.#skus[state.actorOfRow(rowOf(event, state)).index]
    return this.#skus[state.actorOf(event.sku)?.index ?? NO_ROW]
  }

  #apply(event: Event, state: PartitionState, sku: SkuTally): void {
    switch (event.kind) {
      case 'adjusted':
        sku.adjust(event.delta)
        break
      case 'reserved':
        this.#reserve(event, state, sku)
        break
      case 'confirmed':
        this.#confirm(event, state, sku)
        break
      case 'returned':
        this.#takeBack(event, state, sku)
        break
      case 'cancelled':
      case 'expired':
        this.#release(event, state, sku)
        break
      default:
    }
  }

  #reserve(event: Reserved, state: PartitionState, sku: SkuTally): void {
    this.#sale.reserve(event.at, event.quantity)
    const again = sku.reserve(event.at, event.quantity)
    const row = state.rowOf(event.id)
    if (again > 0) this.#againByRow.set(row, again)
    // A row that was forgotten is used again.
    this.#paidBefore[row] = 0
  }

  #release(event: Released, state: PartitionState, sku: SkuTally): void {
    const row = rowOf(event, state)
    this.#againByRow.delete(row)
    this.#sale.tempo.add('released', event.at)
    sku.release(state.reservations.quantity(row), event.kind)
  }

  #confirm(event: Confirmed, state: PartitionState, sku: SkuTally): void {
    const { reservations, accounts } = state
    const row = rowOf(event, state)
    const again = this.#againByRow.get(row) ?? 0
    this.#againByRow.delete(row)
    sku.confirm(event.quantity, reservations.quantity(row), again)
    const { unitPrice, currency } = state.actorOfRow(row).rules
    this.#sale.earn(event.quantity, unitPrice, currency)
    this.#sale.tempo.add('confirmed', event.at)
    this.#sale.delays.add(event.at - reservations.reservedAt(row))
    this.#sale.buyers.buy(accounts.buyer(reservations.account(row)), event.quantity)
  }

  // The event tells the total so far, and the total before is gone: what came back is what the state has sold less.
  #takeBack(event: Returned, state: PartitionState, sku: SkuTally): void {
    const row = rowOf(event, state)
    const units = sku.sold - state.actorOfRow(row).sold
    sku.takeBack(units)
    if (this.#paidBefore[row] === 1) return
    this.#sale.buyers.giveBack(state.accounts.buyer(state.reservations.account(row)), units)
  }
}

function heldUnitsByActor(state: PartitionState): Float64Array {
  const { reservations, accounts } = state
  const units = new Float64Array(state.actors.length)
  for (let row = 0; row < reservations.rowLimit; row++) {
    if (reservations.state(row) !== HELD) continue
    const index = accounts.skuIndex(reservations.account(row))
    units[index] = (units[index] ?? 0) + reservations.quantity(row)
  }
  return units
}

function rowOf(event: Later, state: PartitionState): number {
  const row = state.rowOf(event.id)
  if (row !== NO_ROW) return row
  const where = `event ${state.lastSeq} (${event.kind})`
  throw new JournalError(
    'journal_damaged',
    `${where} speaks of a reservation that was to be forgotten by then.`,
  )
}
