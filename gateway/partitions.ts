// All partitions of the cluster: every command finds the one that decides it. Empty until they are put in.
import type { Command, RoutedCommand } from '../core/command.ts'
import { invariant } from '../core/invariant.ts'
import type { DueHold, SkuView } from '../core/outcome.ts'
import { partitionOfCommand, partitionOfSku } from '../core/partition-of.ts'
import type { CallTerms } from './call-terms.ts'
import { Deadlines } from './deadlines.ts'
import { ObservedGroup, observe } from './observed-ticket.ts'
import type { Answer, AnswerTicket, PartitionPort } from './partition-port.ts'

const UNAVAILABLE: Answer = { kind: 'fault', code: 'partition_unavailable' }

/**
 * Asks partitions. Until there are any (the journal is being replayed, the cluster has not been found) everything is
 * answered `partition_unavailable`, so that the server can listen, and say so, from its first moment.
 */
export class Partitions {
  readonly #absence: string
  readonly #deadlines: Deadlines
  #ports: readonly PartitionPort[] = []

  /** `absence` is the reason for being unready while there are none. */
  constructor(absence = 'recovering', deadlines: Deadlines = new Deadlines()) {
    this.#absence = absence
    this.#deadlines = deadlines
  }

  /** Puts the partitions in, by their numbers. */
  put(ports: readonly PartitionPort[]): void {
    this.#ports = ports
  }

  /** The way without a promise. With terms it is answered by its deadline, and timed. */
  submit(command: RoutedCommand, ticket: AnswerTicket, terms?: CallTerms): void {
    this.#submit(command, terms === undefined ? ticket : observe(ticket, terms, this.#deadlines))
  }

  ask(command: RoutedCommand, terms?: CallTerms): Promise<Answer> {
    return new Promise((resolve) => this.submit(command, { answer: resolve }, terms))
  }

  /** One answer per command, in order; each stands alone, but they share their terms. */
  askAll(commands: readonly RoutedCommand[], terms?: CallTerms): Promise<readonly Answer[]> {
    const answers = new Array<Answer>(commands.length)
    let missing = commands.length
    if (missing === 0) return Promise.resolve(answers)
    const group = terms === undefined ? undefined : new ObservedGroup(terms, this.#deadlines)
    return new Promise((resolve) => {
      commands.forEach((command, index) => {
        const answer = (given: Answer) => {
          answers[index] = given
          if (--missing > 0) return
          group?.end()
          resolve(answers)
        }
        this.#submit(command, group === undefined ? { answer } : group.observe({ answer }))
      })
    })
  }

  /** A page of SKUs after the one named: partition by partition, in each in the order of opening. */
  async listSkus(after: string | undefined, limit: number, terms?: CallTerms): Promise<Answer> {
    const skus: SkuView[] = []
    let last = after
    let partition = after === undefined ? 0 : partitionOfSku(after, this.#ports.length || 1)
    for (; partition < this.#ports.length || skus.length === 0; partition++) {
      const command = { kind: 'list-skus', after: last, limit: limit - skus.length } as const
      const page = await this.#askPartition(partition, command, terms)
      if (page.kind !== 'skus') return page
      skus.push(...page.skus)
      const hasMore = page.next !== undefined || partition + 1 < this.#ports.length
      if (!hasMore) break
      if (skus.length === limit) return { kind: 'skus', skus, next: skus.at(-1)?.sku }
      last = undefined
    }
    return { kind: 'skus', skus, next: undefined }
  }

  /** The holds of all partitions that expire next, by deadline. */
  async listDue(limit: number): Promise<Answer> {
    const answers = await this.#askEach({ kind: 'list-due', limit })
    const holds: DueHold[] = []
    for (const answer of answers) {
      if (answer.kind !== 'holds') return answer
      holds.push(...answer.holds)
    }
    holds.sort((left, right) => left.expiresAt - right.expiresAt)
    return { kind: 'holds', holds: holds.slice(0, limit) }
  }

  /** What each partition says of itself, by number; `withHash` costs a walk over their states. */
  describe(withHash: boolean): Promise<readonly Answer[]> {
    return this.#askEach({ kind: 'describe', withHash })
  }

  /** Why some SKUs cannot be sold right now, each reason once; empty when all can. */
  unreadyReasons(): readonly string[] {
    if (this.#ports.length === 0) return [this.#absence]
    return [...new Set(this.#ports.flatMap((port) => port.unreadyReasons()))]
  }

  #submit(command: RoutedCommand, ticket: AnswerTicket): void {
    if (this.#ports.length === 0) ticket.answer(UNAVAILABLE)
    else this.#portOf(partitionOfCommand(command, this.#ports.length)).submit(command, ticket)
  }

  #askEach(command: Command): Promise<readonly Answer[]> {
    if (this.#ports.length === 0) return Promise.resolve([UNAVAILABLE])
    return Promise.all(this.#ports.map((_, partition) => this.#askPartition(partition, command)))
  }

  #askPartition(partition: number, command: Command, terms?: CallTerms): Promise<Answer> {
    if (this.#ports.length === 0) return Promise.resolve(UNAVAILABLE)
    const port = this.#portOf(partition)
    return new Promise((resolve) => {
      const ticket = { answer: resolve }
      port.submit(command, terms === undefined ? ticket : observe(ticket, terms, this.#deadlines))
    })
  }

  #portOf(partition: number): PartitionPort {
    const port = this.#ports[partition]
    invariant(port !== undefined, 'every hash falls to a partition')
    return port
  }
}
