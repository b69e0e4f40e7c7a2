// Group commit: while one block is being written the next one fills; it closes when the commit before it returns.
import type { EventBlock } from '../core/partition.ts'
import type { Journal } from './journal.ts'

/** What produces blocks and wants to hear of them: a Partition. */
export interface BlockSource {
  takeBlock(): EventBlock | undefined
  acknowledge(seq: number): void
}

export interface GroupCommitHooks {
  /** A commit came back. Run what waits and pump now: its answers leave while the next block is being written. */
  onReturned(): void
  /** The answers of a block have left; `events` were in it, and its commit took `commitMs`. */
  onAcknowledged(events: number, commitMs: number): void
  /** A commit failed: memory is ahead of disk. Called once; nothing is committed after it. */
  onFault(fault: unknown): void
}

/** Moves blocks from one source to one journal, one commit in flight. */
export class GroupCommit {
  readonly #source: BlockSource
  readonly #journal: Journal
  readonly #hooks: GroupCommitHooks
  #isCommitting = false
  #hasFailed = false

  constructor(source: BlockSource, journal: Journal, hooks: GroupCommitHooks) {
    this.#source = source
    this.#journal = journal
    this.#hooks = hooks
  }

  /** True while a block is on its way to disk. */
  get isCommitting(): boolean {
    return this.#isCommitting
  }

  /** Starts a commit when none is in flight and events wait. Call it whenever events may have come. */
  pump(): void {
    if (this.#isCommitting || this.#hasFailed) return
    const block = this.#source.takeBlock()
    if (block === undefined) return
    this.#isCommitting = true
    this.#commit(block).catch((fault: unknown) => this.#fail(fault))
  }

  async #commit(block: EventBlock): Promise<void> {
    const startedAt = performance.now()
    await this.#journal.append(block)
    const commitMs = performance.now() - startedAt
    this.#isCommitting = false
    this.#hooks.onReturned()
    // lmdb starts a write in the next check phase. Answers queue up behind it there: sending a hundred of them
    // takes longer than the disk does, and would keep the disk idle meanwhile.
    setImmediate(() => this.#acknowledge(block, commitMs))
  }

  #acknowledge(block: EventBlock, commitMs: number): void {
    this.#source.acknowledge(block.firstSeq + block.events.length - 1)
    this.#hooks.onAcknowledged(block.events.length, commitMs)
  }

  #fail(fault: unknown): void {
    this.#hasFailed = true
    this.#hooks.onFault(fault)
  }
}
