// A small sale: random commands that mostly make sense, so that every kind of event comes about.
import type { Command } from '../../../core/command.ts'
import type { ReservationId } from '../../../core/reservation-id.ts'
import { completeRules } from '../../../core/rules.ts'
import { idOfKey } from '../../api/new-reservation-id.ts'
import type { Dice } from './dice.ts'

const SKUS = ['shoe', 'hat', 'bag', 'coat']
const BUYERS = ['ada', 'bob', 'catherine', 'dev', 'émile', 'fay', 'gus', 'hana']
const HOLD_MS = [undefined, 2_000, 20_000, 120_000]
const OPERATOR = 'night-shift'
const OPENING_STOCK = 500
/** Commands about a reservation name one of the latest this many. */
const RECENT = 40

/** Gives one command after the other; its clock only goes forward. */
export class Sale {
  readonly #dice: Dice
  readonly #recent: ReservationId[] = []
  readonly #paid: ReservationId[] = []
  #keys = 0
  #adjustments = 0
  #now: number

  /** `now` is when it begins, in ms since 1970. */
  constructor(dice: Dice, now: number) {
    this.#dice = dice
    this.#now = now
  }

  get now(): number {
    return this.#now
  }

  /** What opens the sale. */
  openings(): Command[] {
    return SKUS.map((sku) => this.#open(sku))
  }

  /** The next command, and a later `now`. */
  next(): Command {
    this.#now += this.#dice.hasLuck(0.02) ? 30_000 : this.#dice.integer(0, 200)
    const [draw, sku] = [this.#dice.integer(1, 100), this.#dice.pick(SKUS)]
    if (draw <= 4) return this.#open(sku)
    if (draw <= 10) return this.#adjust(sku)
    return draw <= 50 && this.#recent.length > 0 ? this.#change(draw) : this.#reserve(sku)
  }

  #open(sku: string): Command {
    const perBuyer = this.#dice.pick([undefined, 100, 200])
    const rules = completeRules({
      unitPrice: this.#dice.integer(1, 9_999),
      currency: 'EUR',
      perBuyer,
    })
    return { kind: 'open', sku, stock: OPENING_STOCK, rules, by: undefined }
  }

  #adjust(sku: string): Command {
    const delta = this.#dice.integer(-3, 20)
    const key = `count-${++this.#adjustments}`
    return { kind: 'adjust', sku, key, delta, reason: 'counted', by: OPERATOR }
  }

  #reserve(sku: string): Command {
    const key = this.#keys++
    const buyer = this.#dice.pick(BUYERS)
    const id = idOfKey(buyer, sku, `key-${key}`)
    this.#recent.push(id)
    if (this.#recent.length > RECENT) this.#recent.shift()
    const quantity = this.#dice.integer(1, 4)
    const meta = this.#dice.hasLuck(0.2) ? `order ${key}` : undefined
    return { kind: 'reserve', id, sku, buyer, quantity, holdMs: this.#dice.pick(HOLD_MS), meta }
  }

  #change(draw: number): Command {
    const id = this.#dice.pick(this.#recent)
    if (draw <= 18) return { kind: 'cancel', id, buyer: undefined }
    if (draw <= 26) {
      return { kind: 'extend', id, holdMs: this.#dice.integer(2_000, 300_000), buyer: undefined }
    }
    if (draw <= 36 && this.#paid.length > 0) return this.#return()
    this.#paid.push(id)
    const paymentId = this.#dice.pick([undefined, `pay-${draw}`])
    return { kind: 'confirm', id, quantity: this.#dice.pick([undefined, 1]), paymentId }
  }

  #return(): Command {
    const id = this.#dice.pick(this.#paid.slice(-RECENT))
    return { kind: 'return', id, returnedTotal: this.#dice.pick([undefined, 1]) }
  }
}
