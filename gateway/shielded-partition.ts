// A partition behind its sold-out shield: refuses what the shield can, asks for the rest, and shows it every answer.
import type { Command } from '../core/command.ts'
import type { CallTerms } from './call-terms.ts'
import type { Answer, AnswerTicket, PartitionPort } from './partition-port.ts'
import type { SoldOutShield } from './sold-out-shield.ts'

/** Where the shield's news come from. */
export interface StockSource {
  /** Has the owner tell of a SKU in its next message. */
  want(sku: string): void
  /** Why the partition may not take reservations, as the owner says, or because it says nothing. */
  reasons(): readonly string[]
}

/** The port to a partition, with the shield in front. */
export class ShieldedPartition implements PartitionPort {
  readonly #port: PartitionPort
  readonly #shield: SoldOutShield
  readonly #source: StockSource

  constructor(port: PartitionPort, shield: SoldOutShield, source: StockSource) {
    this.#port = port
    this.#shield = shield
    this.#source = source
  }

  submit(command: Command, ticket: AnswerTicket): void {
    const refusal = command.kind === 'reserve' ? this.#shield.answer(command) : undefined
    if (refusal !== undefined) ticket.answer(refusal)
    else this.#port.submit(command, new SeenTicket(command, ticket, this.#shield, this.#source))
  }

  unreadyReasons(): readonly string[] {
    const reasons = this.#port.unreadyReasons()
    // Without NATS the owner's silence says nothing more.
    return reasons.length > 0 ? reasons : this.#source.reasons()
  }
}

/** A ticket whose answer the shield sees first. */
class SeenTicket implements AnswerTicket {
  readonly #command: Command
  readonly #ticket: AnswerTicket
  readonly #shield: SoldOutShield
  readonly #source: StockSource

  constructor(command: Command, ticket: AnswerTicket, shield: SoldOutShield, source: StockSource) {
    this.#command = command
    this.#ticket = ticket
    this.#shield = shield
    this.#source = source
  }

  answer(answer: Answer): void {
    if (this.#shield.see(this.#command, answer) && 'sku' in this.#command) {
      this.#source.want(this.#command.sku)
    }
    this.#ticket.answer(answer)
  }

  get terms(): CallTerms | undefined {
    return this.#ticket.terms
  }

  isOverdue(): boolean {
    return this.#ticket.isOverdue?.() === true
  }
}
