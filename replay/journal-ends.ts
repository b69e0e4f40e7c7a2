// The ends of a journal, read without what lies between: cheap, however long it is.
import { type BlockHeader, EVENTS } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import type { StoredBlock } from '../journal/journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSegments } from '../journal/segments.ts'

/** A block at an end of a journal, and what kept from reading on. */
export interface JournalEnd {
  readonly block: StoredBlock | undefined
  readonly fault: JournalError | undefined
}

/** The first block with events. */
export async function firstBlock(paths: PartitionPaths): Promise<JournalEnd> {
  try {
    for await (const block of lmdbReader(paths.journal).read(0)) {
      if (block.header.kind === EVENTS) return { block, fault: undefined }
    }
    return { block: undefined, fault: undefined }
  } catch (fault) {
    return { block: undefined, fault: knownFault(fault) }
  }
}

/** The last block with events, or one without where there is no other. */
export async function lastBlock(paths: PartitionPaths): Promise<JournalEnd> {
  // The newest segment may have none yet, so looking begins a segment earlier each time.
  let block: StoredBlock | undefined
  const starts = listSegments(paths.journal)
    .map(({ firstSeq }) => firstSeq - 1)
    .reverse()
  for (const fromSeq of [Number.MAX_SAFE_INTEGER, ...starts]) {
    try {
      for await (const stored of lmdbReader(paths.journal).read(fromSeq)) {
        if (stored.header.kind === EVENTS || block === undefined) block = stored
      }
    } catch (fault) {
      return { block, fault: knownFault(fault) }
    }
    if (block?.header.kind === EVENTS) break
  }
  return { block, fault: undefined }
}

/**
 * The header of a partition's first block: whose journal it is, and what it chains to.
 * @throws JournalError `not_a_journal` when there is no block.
 */
export async function firstHeader(paths: PartitionPaths): Promise<BlockHeader> {
  for await (const { header } of lmdbReader(paths.journal).read(0)) return header
  throw new JournalError('not_a_journal', `${paths.journal} holds no segment.`)
}

/** The header of the last block that can be read from the newest segment. @throws JournalError like `firstHeader`. */
export async function lastHeader(paths: PartitionPaths): Promise<BlockHeader> {
  let last: BlockHeader | undefined
  for await (const { header } of lmdbReader(paths.journal).read(Number.MAX_SAFE_INTEGER)) {
    last = header
  }
  return last ?? firstHeader(paths)
}

function knownFault(fault: unknown): JournalError {
  if (fault instanceof JournalError) return fault
  throw fault
}

/** Seq of the last event of `block`; of one without events, of the last before it. 0 for no block. */
export function lastSeqOf(block: StoredBlock | undefined): number {
  return block === undefined ? 0 : block.header.firstSeq + block.header.count - 1
}
