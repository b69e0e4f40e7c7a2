// How the gateway reaches partitions: one port, whatever lies between.
import type { Command } from '../core/command.ts'
import type { Outcome, PartitionFault } from '../core/outcome.ts'

/** Why a command was not taken at all: it certainly had no effect. */
export type IntakeFaultCode = 'busy' | 'disk_low' | 'draining' | 'partition_unavailable'

interface IntakeFault {
  readonly kind: 'fault'
  readonly code: IntakeFaultCode
}

export type Answer = Outcome | IntakeFault
export type FaultCode = IntakeFaultCode | PartitionFault['code']

/** Where an answer goes, faults included. `answer` is called exactly once and must not throw. */
export interface AnswerTicket {
  answer(answer: Answer): void
}

/** Asks partitions; everything is answered, faults included, and only once the answer is durable. */
export interface PartitionPort {
  /** The way without a promise, for the calls that come by the hundred thousand. */
  submit(command: Command, ticket: AnswerTicket): void
  ask(command: Command): Promise<Answer>
  /** One answer per command, in order; each stands alone. */
  askAll(commands: readonly Command[]): Promise<readonly Answer[]>
  /** Why no new reservations are taken right now; empty when they are. */
  unreadyReasons(): readonly string[]
}
