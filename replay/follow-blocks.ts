// Reads on from where a state stands, each block held against the one before it.
import { type Chain, checkIdentity, type JournalHead } from '../journal/chain.ts'
import { JournalError } from '../journal/errors.ts'
import type { JournalReader, StoredBlock } from '../journal/journal.ts'

/**
 * The blocks behind the head of `chain`, which moves on with each of them. Blocks up to the head are passed over,
 * and may be missing.
 * @throws JournalError at the first block that does not follow; `snapshot_ahead` when the journal ends before the head.
 */
export async function* followBlocks(
  reader: JournalReader,
  chain: Chain,
): AsyncGenerator<StoredBlock> {
  const start = chain.head
  let isPastStart = chain.identity === undefined
  for await (const block of reader.read(start.seq)) {
    if (!isPastStart) {
      // Blocks that are passed over must be of the same journal all the same.
      if (chain.identity !== undefined) checkIdentity(block.header, chain.identity, block.where)
      if (isBefore(block, start)) continue
      isPastStart = true
      if (block.hash.equals(start.hash)) continue
    }
    chain.advance(block, block.where)
    yield block
  }
  if (!isPastStart) throw snapshotAhead(start.seq)
}

// Where older segments are gone, the first block met may be the one that follows the snapshot's.
function isBefore(block: StoredBlock, head: JournalHead): boolean {
  const { firstSeq, count, previousHash } = block.header
  if (block.hash.equals(head.hash) || previousHash.equals(head.hash)) return false
  return firstSeq + count - 1 <= head.seq
}

function snapshotAhead(seq: number): JournalError {
  return new JournalError(
    'snapshot_ahead',
    `A snapshot covers events up to seq ${seq}, which the journal does not have (any more). Events were lost: ` +
      'restore the journal from a backup or a replica.',
  )
}
