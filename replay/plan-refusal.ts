// Why a start would refuse a partition: found by replaying its first blocks and looking at the ends of the others.
import { basename } from 'node:path'
import { EVENTS } from '../journal/block-header.ts'
import { Chain, checkIdentity } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import type { JournalReader } from '../journal/journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSegments } from '../journal/segments.ts'
import { type JournalEnd, lastSeqOf } from './journal-ends.ts'
import { type ExpectedIdentity, type Rebuilt, rebuild } from './rebuild.ts'

export interface Refusal {
  /** Of a JournalError. */
  readonly code: string
  readonly message: string
}

/**
 * Why a start would refuse the partition, undefined when nothing is found. `end` is the end of its journal.
 * It takes the snapshot that a start takes, replays the first blocks after it, and then reads only where one segment
 * meets the next, and the newest block. So it cannot see damage between the ends of a segment, or events that do not
 * follow from each other: `verify` does. Nor can it see what only the start knows: another owner, the partition
 * count it is given, a full disk, a folder that it may not write.
 */
export async function refusalOf(
  paths: PartitionPaths,
  end: JournalEnd,
): Promise<Refusal | undefined> {
  try {
    const begun = await replayBeginning(paths, expectedOf(paths, end))
    await checkJoints(paths, begun)
    if (end.fault !== undefined) throw end.fault
    if (end.block !== undefined && begun.identity !== undefined) {
      checkIdentity(end.block.header, begun.identity, end.block.where)
    }
    return undefined
  } catch (fault) {
    if (!(fault instanceof JournalError)) throw fault
    const { code, message } = fault
    return { code, message }
  }
}

// A server takes the number from the folder's name; a copy may have any name.
function expectedOf({ root }: PartitionPaths, { block }: JournalEnd): ExpectedIdentity | undefined {
  const digits = /^partition-(\d+)$/.exec(basename(root))?.[1]
  if (digits === undefined || block === undefined) return undefined
  return { partition: Number(digits), partitionCount: block.header.partitionCount }
}

function replayBeginning(
  paths: PartitionPaths,
  expected: ExpectedIdentity | undefined,
): Promise<Rebuilt> {
  return rebuild({
    reader: beginningOf(lmdbReader(paths.journal)),
    snapshots: paths.snapshots,
    ...{ expected, seed: 1 },
    onSkippedSnapshot: () => undefined,
  })
}

/** Ends with the first block that has events after `fromSeq`. */
function beginningOf(reader: JournalReader): JournalReader {
  return {
    async *read(fromSeq) {
      for await (const block of reader.read(fromSeq)) {
        yield block
        if (block.header.kind === EVENTS && lastSeqOf(block) > fromSeq) return
      }
    },
  }
}

async function checkJoints(paths: PartitionPaths, { head, identity }: Rebuilt): Promise<void> {
  for (const { firstSeq } of listSegments(paths.journal)) {
    if (firstSeq > head.seq) await checkJoint(lmdbReader(paths.journal), firstSeq, identity)
  }
}

// From the last block before the segment that begins at `firstSeq` to the first block with events in it.
async function checkJoint(
  reader: JournalReader,
  firstSeq: number,
  identity: Rebuilt['identity'],
): Promise<void> {
  let chain: Chain | undefined
  for await (const block of reader.read(firstSeq - 1)) {
    if (chain === undefined) {
      const { epoch } = block.header
      if (identity !== undefined) checkIdentity(block.header, identity, block.where)
      chain = new Chain(identity, { seq: lastSeqOf(block), epoch, hash: block.hash })
    } else chain.advance(block, block.where)
    if (block.header.kind === EVENTS && block.header.firstSeq >= firstSeq) return
  }
}
