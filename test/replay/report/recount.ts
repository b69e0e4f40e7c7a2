// A sale recounted as plainly as the report's page defines it: every unit is an object, on a shelf or in a hold.
import type { Event } from '../../../core/event.ts'
import { formatReservationId } from '../../../core/reservation-id.ts'

interface Unit {
  wasHeld: boolean
}

interface Shelf {
  readonly sku: string
  /** Units that nobody had held yet, and units that came back. */
  readonly fresh: Unit[]
  readonly back: Unit[]
  readonly holds: Hold[]
  price: number
  firstAt: number | undefined
  ranOutAt: number | undefined
  soldOutAt: number | undefined
}

interface Hold {
  readonly shelf: Shelf
  readonly buyer: string
  readonly at: number
  /** Those that nobody had held before come first. */
  units: Unit[]
  sold: Unit[]
  returnedTotal: number
  /** It was paid before the journal begins: its buyer is not known. */
  isPaidBefore: boolean
}

type Kind = Event['kind']
type Of<Name extends Kind> = Extract<Event, { kind: Name }>

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)
const unitsOf = (count: number): Unit[] => Array.from({ length: count }, () => ({ wasHeld: false }))

/** What a report must say of `events`, in which every SKU is opened once, when the journal begins after `baseSeq`. */
export class Recount {
  ended: Record<Kind | string, number> = {}
  delays: number[] = []
  reserved: { at: number; units: number }[] = []
  before = { held: 0, sold: 0 }
  cameBack = 0
  takenAgain = 0
  soldAgain = 0
  value = 0
  readonly #shelves = new Map<string, Shelf>()
  readonly #holds = new Map<string, Hold>()

  constructor(events: readonly Event[], baseSeq = 0) {
    for (const [index, event] of events.entries()) {
      this.ended[event.kind] = (this.ended[event.kind] ?? 0) + 1
      const shelf = this.#take(event)
      if (shelf !== undefined) markEnds(shelf, event.at)
      if (index + 1 === baseSeq) this.#beginAfter(event.at)
    }
    this.delays.sort((one, other) => one - other)
  }

  get shelves(): Shelf[] {
    return [...this.#shelves.values()]
  }

  get holds(): Hold[] {
    return this.shelves.flatMap(({ holds }) => holds)
  }

  get sold(): number {
    return sum(this.holds.map(({ sold }) => sold.length))
  }

  get held(): number {
    return sum(this.holds.map(({ units }) => units.length))
  }

  get available(): number {
    return sum(this.shelves.map(({ fresh, back }) => fresh.length + back.length))
  }

  get waiting(): number {
    return sum(this.shelves.map(({ back }) => back.length))
  }

  /** Units by buyer, most first. */
  get buyers(): { buyer: string; units: number }[] {
    const names = [...new Set(this.holds.map(({ buyer }) => buyer))].sort()
    const rows = names.map((buyer) => {
      const theirs = this.holds.filter((hold) => hold.buyer === buyer && !hold.isPaidBefore)
      return { buyer, units: sum(theirs.map(({ sold }) => sold.length)) }
    })
    return rows.filter(({ units }) => units > 0).sort((one, other) => other.units - one.units)
  }

  get busiestSecond(): object | undefined {
    const seconds = [...new Set(this.reserved.map(({ at }) => at - (at % 1_000)))]
    const counted = seconds.map((second) => {
      const within = this.reserved.filter(({ at }) => at - (at % 1_000) === second)
      const units = sum(within.map((one) => one.units))
      return { at: second, reservations: within.length, units }
    })
    const most = Math.max(...counted.map(({ reservations }) => reservations))
    return counted.find(({ reservations }) => reservations === most)
  }

  // From here on all is new but for where the units are: nobody knows which of them had been held.
  #beginAfter(at: number): void {
    this.before = { held: this.held, sold: this.sold }
    Object.assign(this, { ended: {}, delays: [], reserved: [], value: 0 })
    Object.assign(this, { cameBack: 0, takenAgain: 0, soldAgain: 0 })
    for (const hold of this.holds) {
      hold.isPaidBefore = hold.sold.length > 0
      for (const unit of hold.units) unit.wasHeld = false
    }
    for (const shelf of this.shelves) {
      shelf.fresh.push(...unitsOf(shelf.back.splice(0).length))
      const isBegun = shelf.holds.some(({ units, sold }) => units.length + sold.length > 0)
      const firstAt = isBegun ? at : undefined
      Object.assign(shelf, { firstAt, ranOutAt: undefined, soldOutAt: undefined })
      markEnds(shelf, at)
    }
  }

  /** The shelf on which units moved. */
  #take(event: Event): Shelf | undefined {
    switch (event.kind) {
      case 'opened':
        this.#open(event)
        return undefined
      case 'changed':
        this.#shelf(event.sku).price = event.rules.unitPrice ?? 0
        return undefined
      case 'adjusted':
        return this.#adjust(event)
      case 'reserved':
        return this.#reserve(event)
      case 'confirmed':
        return this.#confirm(event)
      case 'cancelled':
      case 'expired': {
        const hold = this.#hold(event)
        this.#bringBack(hold.shelf, hold.units.splice(0))
        return hold.shelf
      }
      case 'returned': {
        const hold = this.#hold(event)
        this.#bringBack(hold.shelf, hold.sold.splice(0, event.returnedTotal - hold.returnedTotal))
        hold.returnedTotal = event.returnedTotal
        return hold.shelf
      }
      default:
        return undefined
    }
  }

  #open({ sku, stock, rules }: Of<'opened'>): void {
    this.#shelves.set(sku, {
      ...{ sku, fresh: unitsOf(stock), back: [], holds: [], price: rules.unitPrice ?? 0 },
      ...{ firstAt: undefined, ranOutAt: undefined, soldOutAt: undefined },
    })
  }

  #adjust({ sku, delta }: Of<'adjusted'>): Shelf {
    const shelf = this.#shelf(sku)
    if (delta > 0) shelf.fresh.push(...unitsOf(delta))
    else takeOut(shelf, -delta)
    return shelf
  }

  #reserve({ id, sku, buyer, at, quantity }: Of<'reserved'>): Shelf {
    const shelf = this.#shelf(sku)
    const units = takeOut(shelf, quantity)
    const hold: Hold = { shelf, buyer, at, units, sold: [], returnedTotal: 0, isPaidBefore: false }
    this.takenAgain += units.filter(({ wasHeld }) => wasHeld).length
    this.reserved.push({ at, units: quantity })
    this.#holds.set(formatReservationId(id), hold)
    shelf.holds.push(hold)
    shelf.firstAt ??= at
    return shelf
  }

  #confirm(event: Of<'confirmed'>): Shelf {
    const hold = this.#hold(event)
    hold.sold = hold.units.splice(0, event.quantity)
    this.soldAgain += hold.sold.filter(({ wasHeld }) => wasHeld).length
    this.value += hold.shelf.price * event.quantity
    this.delays.push(event.at - hold.at)
    this.#bringBack(hold.shelf, hold.units.splice(0))
    return hold.shelf
  }

  #bringBack(shelf: Shelf, units: readonly Unit[]): void {
    this.cameBack += units.length
    for (const unit of units) unit.wasHeld = true
    shelf.back.push(...units)
  }

  #shelf(sku: string): Shelf {
    return this.#shelves.get(sku) as Shelf
  }

  #hold({ id }: Of<'confirmed' | 'cancelled' | 'expired' | 'returned'>): Hold {
    return this.#holds.get(formatReservationId(id)) as Hold
  }
}

function takeOut({ fresh, back }: Shelf, count: number): Unit[] {
  const first = fresh.splice(0, count)
  return [...first, ...back.splice(0, count - first.length)]
}

function markEnds(shelf: Shelf, at: number): void {
  const { fresh, back, holds } = shelf
  const held = sum(holds.map(({ units }) => units.length))
  const sold = sum(holds.map((hold) => hold.sold.length))
  if (fresh.length + back.length > 0 || held + sold === 0) return
  shelf.ranOutAt ??= at
  if (held === 0) shelf.soldOutAt ??= at
}
