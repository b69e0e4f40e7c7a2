// One partition: takes commands in order, decides and applies them, and answers when the disk has them.
// Synchronous, on injected ports: time comes in as an argument, answers leave through tickets.
import type { Command, ListSkus } from './command.ts'
import { type Change, decide, refuseOther } from './decide.ts'
import type { Decision } from './decision.ts'
import type { Configured, Event } from './event.ts'
import { evolve } from './evolve.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import { ANSWERS_MAX, BLOCK_EVENTS_MAX, HOLDS_LOOKED_AT_MAX, INBOX_MAX } from './limits.ts'
import { LookAhead } from './look-ahead.ts'
import type { DueHolds, Outcome, PartitionView, SkuPage, Ticket } from './outcome.ts'
import type { PartitionState } from './partition-state.ts'
import { refuse } from './refusal.ts'
import type { ReservationId } from './reservation-id.ts'
import { Ring } from './ring.ts'
import { stateHash } from './state-hash.ts'
import {
  viewAdjusted,
  viewDueHold,
  viewNewReservation,
  viewReplayedReservation,
  viewReservation,
  viewSku,
} from './view.ts'

const OVERDUE: Outcome = { kind: 'fault', code: 'busy' }

/** The events that one commit makes durable, in seq order. */
export interface EventBlock {
  readonly firstSeq: number
  readonly events: readonly Event[]
}

interface Asked {
  readonly command: Command
  readonly ticket: Ticket
}

interface Answer {
  /** The last event that the answer could have seen. */
  readonly seq: number
  readonly ticket: Ticket
  readonly outcome: Outcome
}

/**
 * All actors of one partition behind one bounded inbox. The host calls `run` when there is something to do,
 * commits what `takeBlock` gives, and reports back with `acknowledge`; after a failed commit it calls `abandon`.
 */
export class Partition {
  readonly #state: PartitionState
  readonly #inbox = new Ring<Asked>(INBOX_MAX)
  readonly #answers = new Ring<Answer>(ANSWERS_MAX)
  readonly #lookAhead: LookAhead
  #block: Event[] = []
  /** The highest seq known to be on disk: nothing beyond it is visible outside. */
  #durableSeq: number
  #clock: number
  #isAbandoned = false

  /** `state` is as rebuilt: everything in it is durable. */
  constructor(state: PartitionState) {
    this.#state = state
    this.#lookAhead = new LookAhead(state)
    this.#durableSeq = state.lastSeq
    this.#clock = state.lastAt
  }

  get lastSeq(): number {
    return this.#state.lastSeq
  }

  get durableSeq(): number {
    return this.#durableSeq
  }

  /** Commands that wait for their turn. */
  get inboxLength(): number {
    return this.#inbox.length
  }

  /** Answers that wait for the disk. */
  get answersLength(): number {
    return this.#answers.length
  }

  /** True when every command was handled, every event is durable and every answer has left. */
  get isIdle(): boolean {
    const isDurable = this.#durableSeq === this.#state.lastSeq
    return isDurable && this.#inbox.length === 0 && this.#answers.length === 0
  }

  get heldCount(): number {
    return this.#state.due.count
  }

  /** True when the open block should not wait for more. */
  get isBlockFull(): boolean {
    return this.#block.length >= BLOCK_EVENTS_MAX
  }

  /** Queues a command; false when the inbox is full, and then nothing will happen to it. */
  submit(command: Command, ticket: Ticket): boolean {
    if (this.#isAbandoned || this.#inbox.isFull) return false
    this.#inbox.push({ command, ticket })
    return true
  }

  /** Journals `retentionMs` when it differs from what the state remembers by. Call it before any command. */
  configure(retentionMs: number, now: number): void {
    if (this.#state.retentionMs === retentionMs) return
    const event: Configured = { kind: 'configured', at: this.#advanceClock(now), retentionMs }
    this.#record(event)
  }

  /**
   * Expires what is due at `now` (ms since 1970), then handles commands in order, until nothing is left or the
   * open block or the answers are full. True when work is left: call again after `takeBlock` or `acknowledge`.
   */
  run(now: number): boolean {
    if (this.#isAbandoned) return false
    const at = this.#advanceClock(now)
    if (!this.#expireDue(at)) return true
    let aheadCount = 0
    while (this.#inbox.length > 0) {
      if (this.isBlockFull || this.#answers.isFull) return true
      if (aheadCount === 0) aheadCount = this.#lookAhead.commands(this.#inbox)
      aheadCount--
      const asked = this.#inbox.shift()
      invariant(asked !== undefined, 'an inbox that is not empty has a first command')
      if (asked.ticket.isOverdue?.() === true) asked.ticket.answer(OVERDUE)
      else this.#release(asked.ticket, this.#handle(asked.command, at))
    }
    return false
  }

  /** The open block, which is closed by this; undefined when no event waits. */
  takeBlock(): EventBlock | undefined {
    if (this.#block.length === 0) return undefined
    const events = this.#block
    this.#block = []
    return { firstSeq: this.#state.lastSeq - events.length + 1, events }
  }

  /** Everything up to `seq` is on disk: releases the answers that waited for it, in order. */
  acknowledge(seq: number): void {
    invariant(seq > this.#durableSeq, 'the durable watermark grows')
    invariant(seq <= this.#state.lastSeq, 'only what was decided becomes durable')
    this.#durableSeq = seq
    for (let first = this.#answers.peek(); first !== undefined; first = this.#answers.peek()) {
      if (first.seq > seq) return
      this.#answers.shift()
      first.ticket.answer(first.outcome)
    }
  }

  /** The disk failed: what was decided has an unknown outcome, what waits was never executed. Final. */
  abandon(): void {
    this.#isAbandoned = true
    for (let next = this.#answers.shift(); next !== undefined; next = this.#answers.shift()) {
      next.ticket.answer({ kind: 'fault', code: 'outcome_unknown' })
    }
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      next.ticket.answer({ kind: 'fault', code: 'partition_unavailable' })
    }
  }

  // Logical time: never before the last event, whatever the wall clock does.
  #advanceClock(now: number): number {
    if (now > this.#clock) this.#clock = now
    return this.#clock
  }

  // Due holds end before anything else is decided. False when the block filled up first.
  #expireDue(at: number): boolean {
    for (let row = this.#state.due.peek(at); row !== NO_ROW; row = this.#state.due.peek(at)) {
      if (this.isBlockFull) return false
      this.#record({ kind: 'expired', at, id: this.#state.idOf(row) })
    }
    return true
  }

  #handle(command: Command, at: number): Outcome {
    switch (command.kind) {
      case 'read-sku':
        return this.#skuOutcome(command.sku, at, false)
      case 'read-reservation':
        return this.#reservationOutcome(command.id, command.buyer)
      case 'list-skus':
        return this.#list(command, at)
      case 'list-due':
        return this.#listDue(command.limit)
      case 'describe':
        return this.#describe(command.withHash)
      default:
        return this.#change(command, at)
    }
  }

  #change(command: Change, at: number): Outcome {
    const decision = decide(this.#state, command, at)
    if (decision.kind === 'refusal') return decision
    if (decision.kind !== 'unchanged') this.#record(decision)
    return this.#outcomeOf(command, decision, at)
  }

  #record(event: Event): void {
    evolve(this.#state, event)
    this.#block.push(event)
  }

  #outcomeOf(command: Change, decision: Decision, at: number): Outcome {
    switch (command.kind) {
      case 'reserve':
        return this.#reservedOutcome(command.id, decision)
      case 'open':
      case 'amend':
        return this.#skuOutcome(command.sku, at, decision.kind === 'opened')
      case 'adjust':
        return this.#adjustedOutcome(command.sku, command.key, decision)
      default:
        return this.#reservationOutcome(command.id)
    }
  }

  #reservedOutcome(id: ReservationId, decision: Decision): Outcome {
    if (decision.kind !== 'reserved')
      return viewReplayedReservation(this.#state, this.#state.rowOf(id))
    const actor = this.#state.actorOf(decision.sku)
    invariant(actor !== undefined, 'what was reserved has a SKU')
    return viewNewReservation(actor, decision)
  }

  #skuOutcome(sku: string, at: number, isNew: boolean): Outcome {
    const actor = this.#state.actorOf(sku)
    return actor === undefined ? refuse('unknown_sku') : viewSku(actor, at, isNew)
  }

  #reservationOutcome(id: ReservationId, buyer?: string): Outcome {
    const row = this.#state.rowOf(id)
    if (row === NO_ROW) return refuse('unknown_reservation')
    return refuseOther(this.#state, row, buyer) ?? viewReservation(this.#state, row)
  }

  #adjustedOutcome(sku: string, key: string, decision: Decision): Outcome {
    const actor = this.#state.actorOf(sku)
    const made = this.#state.adjustments.find(sku, key)
    invariant(actor !== undefined && made !== undefined, 'an adjustment made is remembered')
    return viewAdjusted(actor, made, decision.kind === 'unchanged')
  }

  #list(command: ListSkus, at: number): Outcome {
    const { actors } = this.#state
    const after = command.after === undefined ? undefined : this.#state.actorOf(command.after)
    if (command.after !== undefined && after === undefined) return refuse('unknown_sku')
    const start = after === undefined ? 0 : after.index + 1
    const page = actors.slice(start, start + command.limit)
    const skus: SkuPage['skus'] = page.map((actor) => viewSku(actor, at))
    const hasMore = start + page.length < actors.length
    return { kind: 'skus', skus, next: hasMore ? page.at(-1)?.sku : undefined }
  }

  #listDue(limit: number): DueHolds {
    const rows = this.#state.due.soonest(limit, HOLDS_LOOKED_AT_MAX)
    return { kind: 'holds', holds: rows.map((row) => viewDueHold(this.#state, row)) }
  }

  #describe(withHash: boolean): PartitionView {
    const { reservations, accounts, due, actors, lastSeq, lastAt } = this.#state
    return {
      kind: 'partition',
      lastSeq,
      lastAt,
      skus: actors.length,
      reservations: reservations.count,
      held: due.count,
      accounts: accounts.count,
      stateBytes: reservations.bytes + accounts.bytes,
      stateHash: withHash ? stateHash(this.#state) : undefined,
    }
  }

  // An answer leaves at once when the disk already has all it could have seen and none waits before it.
  #release(ticket: Ticket, outcome: Outcome): void {
    const seq = this.#state.lastSeq
    if (seq === this.#durableSeq) ticket.answer(outcome)
    else this.#answers.push({ seq, ticket, outcome })
  }
}
