// Copies blocks as they are into the segments of a new journal that nobody else knows of yet.
import { mkdirSync } from 'node:fs'
import { invariant } from '../core/invariant.ts'
import { CLOSING, OPENING } from './block-header.ts'
import { JournalError } from './errors.ts'
import type { StoredBlock } from './journal.ts'
import { blockKey, type Environment, openEnvironment } from './lmdb-environment.ts'
import { segmentFile, segmentPath } from './segments.ts'
import { syncFolder } from './sync-folder.ts'

/** Blocks per transaction: one sync for all of them. */
const BLOCKS_PER_COMMIT = 64

/** What a block needs to be copied. */
export type CopiedBlock = Pick<StoredBlock, 'header' | 'bytes'>

/**
 * Writes a chain of blocks, as they are, segment by segment. A segment is only closed when another one follows: the
 * copy of a journal that is being written ends open, so that it can be continued.
 */
export class SegmentCopy {
  readonly #journalPath: string
  #environment: Environment | undefined
  #path = ''
  #blocks: CopiedBlock[] = []
  #closing: CopiedBlock | undefined

  /** `journalPath` is the folder of a journal that has no segments yet. */
  constructor(journalPath: string) {
    this.#journalPath = journalPath
    mkdirSync(journalPath, { recursive: true })
  }

  /** Adds the next block of the chain; it is on disk after `finish`. */
  async add(block: CopiedBlock): Promise<void> {
    if (block.header.kind === OPENING) await this.#begin(block)
    if (block.header.kind === CLOSING) this.#closing = block
    else this.#blocks.push(block)
    if (this.#blocks.length >= BLOCKS_PER_COMMIT) this.#commit()
  }

  /** Puts everything on disk. */
  async finish(): Promise<void> {
    await this.#end()
    syncFolder(this.#journalPath)
  }

  async #begin(opening: CopiedBlock): Promise<void> {
    if (this.#closing !== undefined) this.#blocks.push(this.#closing)
    await this.#end()
    this.#path = segmentPath(this.#journalPath, opening.header.firstSeq)
    mkdirSync(this.#path)
    this.#environment = openEnvironment(this.#path)
  }

  async #end(): Promise<void> {
    this.#closing = undefined
    if (this.#environment === undefined) return
    this.#commit()
    await this.#environment.close()
    this.#environment = undefined
    syncFolder(this.#path)
  }

  #commit(): void {
    const environment = this.#environment
    invariant(environment !== undefined, 'a journal begins with an opening block')
    const blocks = this.#blocks
    this.#blocks = []
    try {
      environment.transactionSync(() => {
        for (const { header, bytes } of blocks) {
          const key = blockKey(header.kind === OPENING ? 0 : header.firstSeq)
          environment.putSync(key, bytes)
        }
      })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const message = `${segmentFile(this.#path)}: writing failed: ${reason}. Check the disk.`
      throw new JournalError('commit_failed', message, { cause })
    }
  }
}
