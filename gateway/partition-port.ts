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

/** Asks partitions; every promise resolves, faults included, once the answer is durable. */
export interface PartitionPort {
  ask(command: Command): Promise<Answer>
  /** One answer per command, in order; each stands alone. */
  askAll(commands: readonly Command[]): Promise<readonly Answer[]>
  /** Why no new reservations are taken right now; empty when they are. */
  unreadyReasons(): readonly string[]
}
