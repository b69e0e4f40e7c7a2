// The port: a durable, ordered log of event blocks. One writer appends; any number read.
import type { EventBlock } from '../core/partition.ts'
import type { DecodedBlock } from './block-codec.ts'
import type { JournalIdentity } from './block-header.ts'
import type { JournalHead } from './chain.ts'

/** A journal open for its one writer. */
export interface Journal {
  readonly identity: JournalIdentity
  /** Where it stands once everything appended so far is durable. */
  readonly head: JournalHead

  /**
   * Appends a block as the next one. Resolves when it is on disk, and only then. One append at a time: a later
   * one that got through while an earlier one failed would leave a hole.
   * @throws JournalError `commit_failed`, `commit_refused` or `commit_timeout`: memory is now ahead of disk, so
   * the owner must stop. Never append again after a rejection.
   */
  append(block: EventBlock): Promise<void>

  /** Closes files. Wait for the append first. */
  close(): Promise<void>
}

/** A block as a reader meets it. */
export interface StoredBlock extends DecodedBlock {
  /** File and seq, for messages. */
  readonly where: string
  /** The block as it lies on disk. */
  readonly bytes: Buffer
}

/** A journal open for reading; a running owner does not notice. */
export interface JournalReader {
  /**
   * Every block from the one that holds `fromSeq` on, opening blocks included, each verified by itself; hold them
   * against each other with a Chain. Ends at what is written when reading gets there: the last block of a running owner
   * may still be on its way to the disk, and not be acknowledged.
   * @throws JournalError when a segment cannot be opened or a block is damaged.
   */
  read(fromSeq: number): AsyncIterable<StoredBlock>
}
