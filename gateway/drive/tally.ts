// Counts of what became of every line and unit. Each line has exactly one outcome.
import { invariant } from '../../core/invariant.ts'

/** Lines of the file, and their units. */
export interface Count {
  lines: number
  units: number
}

/** Counts by code or reason. */
export type CountsByReason = Map<string, Count>

/** Of one drive. `units` of a reason are exact even where a line has several reasons. */
export class Tally {
  linesRead = 0
  /** Sale lines without a customer. */
  readonly guests: Count = { lines: 0, units: 0 }
  readonly reserved: Count = { lines: 0, units: 0 }
  readonly refused: CountsByReason = new Map()
  readonly confirmed: Count = { lines: 0, units: 0 }
  readonly abandoned: Count = { lines: 0, units: 0 }
  /** Reserved, but the payment came to nothing. */
  readonly unconfirmed: CountsByReason = new Map()
  /** Return lines of which at least one unit came back. */
  readonly returned: Count = { lines: 0, units: 0 }
  readonly notReturned: CountsByReason = new Map()
  readonly noSale: Map<string, number> = new Map()
  /** Reservations that the server had answered before, to an earlier attempt or drive. */
  replayed = 0
  soldOutSkus = 0

  /** @throws when a line was lost or counted twice: a bug of the drive, not of the server. */
  checkEveryLine(): void {
    const noSale = sumOf([...this.noSale.values()])
    const returns = this.returned.lines + linesOf(this.notReturned)
    const outcomes = this.reserved.lines + linesOf(this.refused) + returns + noSale
    invariant(outcomes === this.linesRead, 'every line has one outcome')
    const ends = this.confirmed.lines + this.abandoned.lines + linesOf(this.unconfirmed)
    invariant(ends === this.reserved.lines, 'every reservation has one end')
  }
}

/** Adds one line of `units` to a count. */
export function countLine(count: Count, units: number): void {
  count.lines += 1
  count.units += units
}

/** The count of a reason, made when it is the first. */
export function countOf(counts: CountsByReason, reason: string): Count {
  let count = counts.get(reason)
  if (count === undefined) {
    count = { lines: 0, units: 0 }
    counts.set(reason, count)
  }
  return count
}

function linesOf(counts: CountsByReason): number {
  return sumOf([...counts.values()].map((count) => count.lines))
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
