// How the gateway reaches one partition: the same port, whether it lives in this process or behind NATS.
import type { Command } from '../core/command.ts'
import type { Outcome, PartitionFault, PartitionView } from '../core/outcome.ts'
import type { CallTerms } from './call-terms.ts'
import type { PartitionStatus } from './owner-status.ts'

/** Why a command was not taken at all: it certainly had no effect. */
export type IntakeFaultCode = 'busy' | 'disk_low' | 'draining' | 'partition_unavailable'

interface IntakeFault {
  readonly kind: 'fault'
  readonly code: IntakeFaultCode
}

export type Answer = Exclude<Outcome, PartitionView> | PartitionStatus | IntakeFault
export type FaultCode = IntakeFaultCode | PartitionFault['code']

/** Where an answer goes, faults included. `answer` is called exactly once and must not throw. */
export interface AnswerTicket {
  answer(answer: Answer): void
  /**
   * True when the command's deadline has passed: it is dropped, unless it was already begun. Asked once, when it is
   * about to be begun: false begins it.
   */
  isOverdue?(): boolean
  /** What the caller asked for besides the command. */
  readonly terms?: CallTerms | undefined
}

/** One partition; everything is answered, faults included, and only once the answer is durable. */
export interface PartitionPort {
  /** Without a promise, for the calls that come by the hundred thousand. Must not be called by a ticket. */
  submit(command: Command, ticket: AnswerTicket): void
  /** Why no new reservations are taken right now; empty when they are. */
  unreadyReasons(): readonly string[]
}
