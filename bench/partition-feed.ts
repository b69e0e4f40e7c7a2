// Feeds a partition with the real journal as a gateway does: turn by turn, one commit in flight, waiting for every answer.
import type { Command } from '../core/command.ts'
import { invariant } from '../core/invariant.ts'
import type { Outcome, Ticket } from '../core/outcome.ts'
import { Partition } from '../core/partition.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { GroupCommit } from '../journal/group-commit.ts'
import type { Journal } from '../journal/journal.ts'
import { TurnTimes } from './turn-times.ts'

/** Commands handed in per event-loop turn: what a busy gateway's poll brings. */
export const COMMANDS_PER_TURN = 1_000

/** One partition and its journal. All commands share one ticket. */
export class PartitionFeed implements Ticket {
  /** Of all that keeps the loop: deciding, encoding, answering. Turns in which there is nothing to do do not count. */
  readonly turns: TurnTimes = new TurnTimes()
  readonly #partition: Partition
  readonly #commits: GroupCommit
  readonly #now: (submitted: number) => number
  #submitted = 0
  #answered = 0
  #refused = 0
  #commitCount = 0
  #wake: (() => void) | undefined
  #fault: unknown

  /** `now` is the clock, in ms since 1970; it is told how many commands were handed in so far. */
  constructor(state: PartitionState, journal: Journal, now: (submitted: number) => number) {
    this.#now = now
    this.#partition = new Partition(state)
    const source = {
      takeBlock: () => this.#partition.takeBlock(),
      acknowledge: (seq: number) => this.#timed(() => this.#partition.acknowledge(seq)),
    }
    this.#commits = new GroupCommit(source, journal, {
      onReturned: () => this.#timed(() => this.#commits.pump()),
      onAcknowledged: () => this.#onAcknowledged(),
      onFault: (fault) => this.#fail(fault),
    })
  }

  /** Commits so far. */
  get commitCount(): number {
    return this.#commitCount
  }

  answer(outcome: Outcome): void {
    this.#answered++
    if (outcome.kind === 'refusal' || outcome.kind === 'fault') this.#refused++
  }

  /** Has all `commands` answered, and so on disk, and gives the seconds that took. Fails when one is refused. */
  async submitAll(commands: readonly Command[]): Promise<number> {
    const startedAt = performance.now()
    const target = this.#answered + commands.length
    let next = 0
    while (this.#answered < target) {
      const end = Math.min(next + COMMANDS_PER_TURN, commands.length)
      while (next < end && this.#submit(commands[next] as Command)) next++
      await this.#turn(this.#now(this.#submitted))
    }
    invariant(this.#refused === 0, 'nothing is refused')
    return (performance.now() - startedAt) / 1_000
  }

  /** Lets everything expire that is due at `now`, and waits until the disk has that, too. */
  async settle(now: number): Promise<void> {
    do await this.#turn(now)
    while (!this.#partition.isIdle)
  }

  #submit(command: Command): boolean {
    if (!this.#partition.submit(command, this)) return false
    this.#submitted++
    return true
  }

  // As the gateway does it: run, start a commit if none is in flight, give the loop its turn.
  async #turn(now: number): Promise<void> {
    const hasMore = this.#runTurn(now)
    const mustWait = hasMore || this.#partition.answersLength > 0
    if (mustWait && this.#partition.isBlockFull) await this.#committed()
    else await new Promise(setImmediate)
    if (this.#fault !== undefined) throw this.#fault
  }

  #runTurn(now: number): boolean {
    const run = (): boolean => {
      const hasMore = this.#partition.run(now)
      this.#commits.pump()
      return hasMore
    }
    return this.#partition.inboxLength === 0 ? run() : this.#timed(run)
  }

  #timed<Result>(work: () => Result): Result {
    const startedAt = performance.now()
    const result = work()
    this.turns.add(performance.now() - startedAt)
    return result
  }

  #committed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #onAcknowledged(): void {
    this.#commitCount++
    this.#wake?.()
  }

  #fail(fault: unknown): void {
    this.#fault = fault
    this.#wake?.()
  }
}
