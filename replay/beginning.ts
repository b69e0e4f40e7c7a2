// What a journal begins with: nothing, or where older segments were archived, the state that they led to.
import { PartitionState } from '../core/partition-state.ts'
import type { JournalIdentity } from '../journal/block-header.ts'
import { EMPTY_HEAD, type JournalHead } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import { listSegments } from '../journal/segments.ts'
import { listSnapshots, readSnapshot } from '../journal/snapshot-file.ts'

export interface Beginning {
  readonly state: PartitionState
  readonly head: JournalHead
  /** Undefined where the journal begins with its first event: any block tells. */
  readonly identity: JournalIdentity | undefined
  /** File of the snapshot that it begins with. */
  readonly base: string | undefined
}

/**
 * The earliest state from which a partition's journal can be replayed without a gap: empty before seq 1, else that of
 * the oldest valid snapshot which the first segment follows.
 * @throws JournalError `journal_gap` when older segments are gone and no snapshot stands in for them.
 */
export async function beginningOf(paths: PartitionPaths, seed = 1): Promise<Beginning> {
  const firstSeq = listSegments(paths.journal)[0]?.firstSeq ?? 1
  if (firstSeq === 1) return emptyBeginning(seed)
  const oldestFirst = listSnapshots(paths.snapshots).reverse()
  for (const { path } of oldestFirst.filter(({ seq }) => seq >= firstSeq - 1)) {
    try {
      const { header, state } = await readSnapshot(path, undefined, seed)
      return { state, head: header.head, identity: header.identity, base: path }
    } catch (fault) {
      if (!(fault instanceof JournalError) || fault.code !== 'snapshot_damaged') throw fault
    }
  }
  throw new JournalError(
    'journal_gap',
    `${paths.journal} begins at seq ${firstSeq}, and no valid snapshot of seq ${firstSeq - 1} or later stands in for ` +
      'what came before: bring back the segments that are missing.',
  )
}

/** The beginning of a journal that has all its events. */
export function emptyBeginning(seed = 1): Beginning {
  const state = new PartitionState(seed)
  return { state, head: EMPTY_HEAD, identity: undefined, base: undefined }
}
