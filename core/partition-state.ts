// Everything a partition knows: all SKUs, reservations, accounts and what is due. Pure data with its lookups.
import { AccountTable } from './account-table.ts'
import { Adjustments } from './adjustments.ts'
import { DueWheel } from './due-wheel.ts'
import { ForgetQueue } from './forget-queue.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import { RETENTION_MS_DEFAULT } from './limits.ts'
import type { ReservationId } from './reservation-id.ts'
import { ReservationTable } from './reservation-table.ts'
import type { SaleRules } from './rules.ts'
import { SkuActor } from './sku-actor.ts'

/** The state of one partition. Only `evolve` changes it; two states after the same events are the same, by hash. */
export class PartitionState {
  readonly reservations: ReservationTable = new ReservationTable()
  readonly accounts: AccountTable
  readonly adjustments: Adjustments = new Adjustments()
  readonly due: DueWheel = new DueWheel(this.reservations)
  readonly forgets: ForgetQueue
  readonly #actors: SkuActor[] = []
  readonly #actorsBySku = new Map<string, SkuActor>()
  /** The seq of the last event applied; 0 before the first. */
  lastSeq = 0
  /** Logical time of the last event, in ms since 1970. */
  lastAt = 0
  #lastRow = NO_ROW
  retentionMs: number = RETENTION_MS_DEFAULT

  /** `seed` is any 32-bit number; see AccountTable. It does not show in the state's hash. */
  constructor(seed: number) {
    this.accounts = new AccountTable(seed)
    this.forgets = new ForgetQueue(this.reservations, this.accounts)
  }

  /** The actors in the order in which their SKUs were opened. */
  get actors(): readonly SkuActor[] {
    return this.#actors
  }

  actorOf(sku: string): SkuActor | undefined {
    return this.#actorsBySku.get(sku)
  }

  /** The actor that a reservation's row belongs to. */
  actorOfRow(row: number): SkuActor {
    const skuIndex = this.accounts.skuIndex(this.reservations.account(row))
    const actor = this.#actors[skuIndex]
    invariant(actor !== undefined, 'every reservation belongs to a SKU')
    return actor
  }

  /** The row of a remembered reservation, or NO_ROW. */
  rowOf(id: ReservationId): number {
    // Deciding, applying and answering one command ask for the same row in turn.
    if (this.reservations.isAt(this.#lastRow, id) && this.#hasSkuHash(this.#lastRow, id)) {
      return this.#lastRow
    }
    let row = this.reservations.candidate(id, true)
    while (row !== NO_ROW && !this.#hasSkuHash(row, id)) {
      row = this.reservations.candidate(id, false)
    }
    if (row !== NO_ROW) this.#lastRow = row
    return row
  }

  /** The id that a row was reserved under. */
  idOf(row: number): ReservationId {
    return {
      skuHash: this.actorOfRow(row).hash,
      high: this.reservations.idHigh(row),
      middle: this.reservations.idMiddle(row),
      low: this.reservations.idLow(row),
    }
  }

  /** Adds the actor of a new SKU. */
  addActor(sku: string, stock: number, rules: SaleRules, seq: number): SkuActor {
    invariant(!this.#actorsBySku.has(sku), 'a SKU is opened once')
    const actor = new SkuActor(sku, this.#actors.length, stock, rules, seq)
    this.#actors.push(actor)
    this.#actorsBySku.set(sku, actor)
    return actor
  }

  #hasSkuHash(row: number, id: ReservationId): boolean {
    return this.actorOfRow(row).hash === id.skuHash
  }
}
