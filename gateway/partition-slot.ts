// The place of a partition that is not there yet: the server listens, and says so, while the journal is replayed.
import type { Command } from '../core/command.ts'
import type { Answer, AnswerTicket, PartitionPort } from './partition-port.ts'

const UNAVAILABLE: Answer = { kind: 'fault', code: 'partition_unavailable' }

/** Answers `partition_unavailable` until a partition is put in; then it is that partition. */
export class PartitionSlot implements PartitionPort {
  #partition: PartitionPort | undefined

  put(partition: PartitionPort): void {
    this.#partition = partition
  }

  submit(command: Command, ticket: AnswerTicket): void {
    if (this.#partition === undefined) ticket.answer(UNAVAILABLE)
    else this.#partition.submit(command, ticket)
  }

  async ask(command: Command): Promise<Answer> {
    return this.#partition === undefined ? UNAVAILABLE : this.#partition.ask(command)
  }

  async askAll(commands: readonly Command[]): Promise<readonly Answer[]> {
    if (this.#partition === undefined) return commands.map(() => UNAVAILABLE)
    return this.#partition.askAll(commands)
  }

  unreadyReasons(): readonly string[] {
    return this.#partition === undefined ? ['recovering'] : this.#partition.unreadyReasons()
  }
}
