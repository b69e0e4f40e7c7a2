// Takes the snapshot of a journal as it stands on disk: by replay, never from a live state.
import { randomInt } from 'node:crypto'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSegments } from '../journal/segments.ts'
import {
  listSnapshots,
  pruneSnapshots,
  type SnapshotPlace,
  writeSnapshot,
} from '../journal/snapshot-file.ts'
import { syncJournal } from '../journal/sync-journal.ts'
import { type ExpectedIdentity, rebuild } from './rebuild.ts'

/** Snapshots that stay: the newest, and the one before in case it is damaged. */
const KEPT_SNAPSHOTS = 2

export interface TakeSnapshotOptions {
  readonly journal: string
  readonly snapshots: string
  readonly expected: ExpectedIdentity | undefined
  readonly onSkippedSnapshot: (place: SnapshotPlace, reason: Error) => void
}

export type SnapshotTaken =
  | {
      readonly kind: 'written'
      readonly seq: number
      readonly stateHash: string
      readonly ms: number
    }
  | { readonly kind: 'unneeded'; readonly seq: number }

/** Writes the snapshot of everything durable, unless there is one. @throws JournalError when the journal is damaged. */
export async function takeSnapshot(options: TakeSnapshotOptions): Promise<SnapshotTaken> {
  const startedAt = performance.now()
  const { journal, snapshots, expected, onSkippedSnapshot } = options
  const seed = randomInt(2 ** 31)
  const reader = lmdbReader(journal)
  const { state, head, identity, snapshotSeq } = await rebuild({
    ...{ reader, snapshots, expected, seed, onSkippedSnapshot },
  })
  const isCovered = snapshotSeq === head.seq && listSnapshots(snapshots)[0]?.seq === head.seq
  if (identity === undefined || head.seq === 0 || isCovered)
    return { kind: 'unneeded', seq: head.seq }
  // Were the journal to end earlier after a power loss, a start would miss events that the snapshot vouches for.
  syncJournal(journal)
  const { seq, stateHash } = await writeSnapshot(snapshots, identity, head, state)
  pruneSnapshots(snapshots, KEPT_SNAPSHOTS, basesOf(journal))
  return { kind: 'written', seq, stateHash, ms: Math.round(performance.now() - startedAt) }
}

// Where older segments are archived, the journal begins with the snapshot of the seq before its first segment.
function basesOf(journal: string): ReadonlySet<number> {
  return new Set(listSegments(journal).map(({ firstSeq }) => firstSeq - 1))
}
