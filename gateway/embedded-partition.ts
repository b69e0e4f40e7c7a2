// A partition inside the gateway's own process: turns, group commit, the sweep of idle holds, and fail stop.
import type { Command } from '../core/command.ts'
import { invariant } from '../core/invariant.ts'
import { INBOX_MAX } from '../core/limits.ts'
import type { EventBlock, Partition } from '../core/partition.ts'
import { type BlockSource, GroupCommit } from '../journal/group-commit.ts'
import type { Journal } from '../journal/journal.ts'
import { hasRoom, laneOf, QUEUE_DELAY_MS_MAX } from './lane.ts'
import type { OwnerStatus } from './owner-status.ts'
import type { Answer, AnswerTicket, IntakeFaultCode, PartitionPort } from './partition-port.ts'
import { QueueDelay } from './queue-delay.ts'

/** How often holds of idle SKUs are looked at, in ms. */
const SWEEP_MS = 20

export interface EmbeddedPartitionOptions {
  readonly partition: Partition
  readonly journal: Journal
  /** Wall clock in ms since 1970; the only one that decides anything. */
  readonly now: () => number
  readonly isDiskLow: () => boolean
  /** A commit failed. Everything that waited has been answered; the process must end. */
  readonly onFault: (fault: unknown) => void
  /** Monotonic, in ms; what is late is told by it. */
  readonly monotonicMs?: () => number
  /** Told of every block that the disk has, in order, before its answers leave. Must not throw. */
  readonly onDurable?: (block: EventBlock) => void
  /** Told of every commit: how many events were in it, and how long it took. Must not throw. */
  readonly onCommitted?: (events: number, commitMs: number) => void
  /** What the owner adds to the partition's words about itself, asked when they leave. */
  readonly ownerStatus?: () => OwnerStatus | undefined
}

/** Runs one partition. Commands of one event-loop turn share a run, and usually a commit. */
export class EmbeddedPartition implements PartitionPort {
  readonly #options: EmbeddedPartitionOptions
  readonly #partition: Partition
  readonly #commits: GroupCommit
  readonly #sweep: NodeJS.Timeout
  readonly #delay = new QueueDelay()
  readonly #monotonicMs: () => number
  #isTurnDue = false
  #submitted = 0
  #isDraining = false
  #hasFailed = false
  #onIdle: (() => void) | undefined

  constructor(options: EmbeddedPartitionOptions) {
    this.#options = options
    this.#partition = options.partition
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#commits = new GroupCommit(blocksOf(options), options.journal, {
      onReturned: () => this.#turn(),
      onAcknowledged: (events, commitMs) => {
        options.onCommitted?.(events, commitMs)
        this.#noticeIdle()
      },
      onFault: (fault) => this.#fail(fault),
    })
    this.#sweep = setInterval(() => this.#sweepHolds(), SWEEP_MS)
    this.#scheduleTurn()
  }

  submit(command: Command, ticket: AnswerTicket): void {
    const fault = this.#intakeFault(command)
    if (fault !== undefined) {
      ticket.answer({ kind: 'fault', code: fault })
      return
    }
    const { ownerStatus } = this.#options
    const asker =
      command.kind === 'describe' && ownerStatus !== undefined
        ? new OwnerTicket(ticket, ownerStatus)
        : ticket
    if (!this.#partition.submit(command, asker)) {
      ticket.answer({ kind: 'fault', code: 'busy' })
      return
    }
    this.#submitted++
    if (!this.#isTurnDue) this.#scheduleTurn()
  }

  unreadyReasons(): readonly string[] {
    const reasons: string[] = []
    if (this.#hasFailed) reasons.push('journal_failed')
    if (this.#isDraining) reasons.push('draining')
    if (this.#options.isDiskLow()) reasons.push('disk_low')
    return reasons
  }

  /** Takes nothing more; resolves when everything taken is answered and durable. */
  async drain(): Promise<void> {
    this.#isDraining = true
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
    this.#scheduleTurn()
    await idle
    clearInterval(this.#sweep)
  }

  /** Takes and decides nothing more; what waited is answered as after a failed commit. Final. */
  abandon(): void {
    this.#hasFailed = true
    clearInterval(this.#sweep)
    this.#partition.abandon()
    this.#onIdle?.()
  }

  #intakeFault(command: Command): IntakeFaultCode | undefined {
    if (this.#hasFailed) return 'partition_unavailable'
    if (this.#isDraining) return 'draining'
    // What frees units or turns holds into sales goes on: buyers who hold must be able to pay.
    const isNewIntake = command.kind === 'reserve' || command.kind === 'open'
    if (isNewIntake && this.#options.isDiskLow()) return 'disk_low'
    const lane = laneOf(command)
    if (lane === 'reserve' && this.#isLate()) return 'busy'
    return hasRoom(lane, this.#partition.inboxLength, INBOX_MAX) ? undefined : 'busy'
  }

  #isLate(): boolean {
    return this.#delay.isBehind && this.#delay.delayMs(this.#monotonicMs()) > QUEUE_DELAY_MS_MAX
  }

  // The check phase comes after all requests that one poll brought in: they share the turn.
  #scheduleTurn(): void {
    this.#isTurnDue = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isTurnDue = false
    if (this.#hasFailed) return
    const hasMore = this.#partition.run(this.#options.now())
    if (hasMore || this.#delay.isBehind) {
      this.#delay.note(this.#submitted, this.#partition.inboxLength, this.#monotonicMs())
    }
    this.#commits.pump()
    // With a commit in flight its return brings the next turn.
    if (hasMore && !this.#commits.isCommitting) this.#scheduleTurn()
    this.#noticeIdle()
  }

  #noticeIdle(): void {
    if (this.#isDraining && this.#partition.isIdle) this.#onIdle?.()
  }

  #sweepHolds(): void {
    if (this.#partition.heldCount > 0 && !this.#isTurnDue) this.#turn()
  }

  #fail(fault: unknown): void {
    this.abandon()
    this.#options.onFault(fault)
  }
}

/** A ticket that gets the owner's words with the partition's. */
class OwnerTicket implements AnswerTicket {
  readonly #ticket: AnswerTicket
  readonly #ownerStatus: () => OwnerStatus | undefined

  constructor(ticket: AnswerTicket, ownerStatus: () => OwnerStatus | undefined) {
    this.#ticket = ticket
    this.#ownerStatus = ownerStatus
  }

  answer(answer: Answer): void {
    const isStatus = answer.kind === 'partition'
    this.#ticket.answer(isStatus ? { ...answer, owner: this.#ownerStatus() } : answer)
  }

  isOverdue(): boolean {
    return this.#ticket.isOverdue?.() === true
  }
}

/** What group commit takes blocks from: the partition, and by the way whoever wants to hear of durable ones does. */
function blocksOf({ partition, onDurable }: EmbeddedPartitionOptions): BlockSource {
  if (onDurable === undefined) return partition
  // The next block is taken before the one before is acknowledged.
  const taken: EventBlock[] = []
  return {
    takeBlock: () => {
      const block = partition.takeBlock()
      if (block !== undefined) taken.push(block)
      return block
    },
    acknowledge: (seq) => {
      const block = taken.shift()
      invariant(block !== undefined, 'what is durable was taken before')
      onDurable(block)
      partition.acknowledge(seq)
    },
  }
}
