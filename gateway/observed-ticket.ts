// Tickets of calls with terms of their own: they know whether a call was begun, and so what to say at its deadline.
import type { CallTerms } from './call-terms.ts'
import type { Deadlines, Due } from './deadlines.ts'
import type { Answer, AnswerTicket } from './partition-port.ts'

const BUSY: Answer = { kind: 'fault', code: 'busy' }
const OUTCOME_UNKNOWN: Answer = { kind: 'fault', code: 'outcome_unknown' }

/** The ticket to submit for a call with `terms`: `ticket` is answered once, by the deadline. */
export function observe(
  ticket: AnswerTicket,
  terms: CallTerms,
  deadlines: Deadlines,
): AnswerTicket {
  return terms.dueAt === undefined
    ? new ObservedTicket(ticket, terms, deadlines.now)
    : new DueTicket(ticket, terms, terms.dueAt, deadlines)
}

/** In front of the ticket of who asked. Answers it once; what comes after the deadline is dropped. */
class ObservedTicket implements AnswerTicket {
  readonly terms: CallTerms
  readonly #ticket: AnswerTicket
  readonly #now: () => number
  #isBegun = false
  #isAnswered = false

  /** `now` is the monotonic clock that the terms are held against, in ms. */
  constructor(ticket: AnswerTicket, terms: CallTerms, now: () => number) {
    this.#ticket = ticket
    this.terms = terms
    this.#now = now
  }

  answer(answer: Answer): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.terms.timing?.finish()
    this.#ticket.answer(answer)
  }

  /** Asked when the call is about to be begun; false begins it. */
  isOverdue(): boolean {
    const { dueAt, timing } = this.terms
    const now = this.#now()
    if (dueAt !== undefined && now >= dueAt) return true
    this.#isBegun = true
    timing?.take(now)
    return false
  }

  /** The deadline has come by the same clock: what was not begun is overdue from now on, and never will be. */
  expire(): void {
    this.answer(this.#isBegun ? OUTCOME_UNKNOWN : BUSY)
  }
}

/** The ticket of a single call, which leaves its deadline's slot when it is answered. */
class DueTicket extends ObservedTicket implements Due {
  readonly dueAt: number
  readonly #slot: Set<Due>

  constructor(ticket: AnswerTicket, terms: CallTerms, dueAt: number, deadlines: Deadlines) {
    super(ticket, terms, deadlines.now)
    this.dueAt = dueAt
    this.#slot = deadlines.add(this)
  }

  override answer(answer: Answer): void {
    this.#slot.delete(this)
    super.answer(answer)
  }
}

/** The tickets of calls that share their terms: one deadline for all, which is told when it is not needed any more. */
export class ObservedGroup {
  readonly #terms: CallTerms
  readonly #now: () => number
  readonly #tickets: ObservedTicket[] = []
  readonly #end: () => void = () => undefined

  constructor(terms: CallTerms, deadlines: Deadlines) {
    this.#terms = terms
    this.#now = deadlines.now
    const { dueAt } = terms
    if (dueAt === undefined) return
    const due: Due = { dueAt, expire: () => this.#expire() }
    const slot = deadlines.add(due)
    this.#end = () => slot.delete(due)
  }

  /** The ticket to submit for one of the calls. */
  observe(ticket: AnswerTicket): AnswerTicket {
    const observed = new ObservedTicket(ticket, this.#terms, this.#now)
    this.#tickets.push(observed)
    return observed
  }

  /** All are answered. */
  end(): void {
    this.#end()
  }

  #expire(): void {
    for (const ticket of this.#tickets) ticket.expire()
  }
}
