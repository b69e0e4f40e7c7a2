// From files to state: the newest valid snapshot, then the journal's tail through the same `evolve` as live.
import { LookAhead } from '../core/look-ahead.ts'
import { PartitionState } from '../core/partition-state.ts'
import type { JournalIdentity } from '../journal/block-header.ts'
import { Chain, checkIdentity, EMPTY_HEAD, type JournalHead } from '../journal/chain.ts'
import { JournalError } from '../journal/errors.ts'
import type { JournalReader } from '../journal/journal.ts'
import { listSnapshots, readSnapshot, type SnapshotPlace } from '../journal/snapshot-file.ts'
import { applyBlock } from './apply-event.ts'
import { followBlocks } from './follow-blocks.ts'

export interface RebuildOptions {
  readonly reader: JournalReader
  /** Folder of the snapshots; undefined replays the whole journal. */
  readonly snapshots: string | undefined
  /** What the journal must be of; undefined takes it as it comes. */
  readonly expected: ExpectedIdentity | undefined
  /** Seed of the new state's index, see PartitionState. */
  readonly seed: number
  /** Called for every snapshot that could not be used, with the reason. */
  readonly onSkippedSnapshot: (place: SnapshotPlace, reason: Error) => void
  /** Called after every block with the seq reached. */
  readonly onProgress?: (seq: number) => void
}

/** Who is asking: the cluster's id only where it is known beforehand. */
export type ExpectedIdentity = Omit<JournalIdentity, 'clusterId'> & { readonly clusterId?: string }

export interface Rebuilt {
  readonly state: PartitionState
  readonly head: JournalHead
  /** Undefined when the journal is empty. */
  readonly identity: JournalIdentity | undefined
  /** Seq of the snapshot that was used; 0 for none. */
  readonly snapshotSeq: number
  /** Events replayed after it. */
  readonly replayed: number
}

/**
 * Rebuilds the state of a journal, tail included, and proves the chain of all that it reads.
 * @throws JournalError when the journal is damaged, has a gap, or is not the expected one; `snapshot_ahead` when
 * a snapshot covers more than the journal has.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const start = await startOf(options)
  const chain = new Chain(start.identity, start.head)
  const ahead = new LookAhead(start.state)
  let replayed = 0
  for await (const block of followBlocks(options.reader, chain)) {
    checkExpected(block, options.expected)
    applyBlock(start.state, block, ahead)
    replayed += block.events.length
    options.onProgress?.(start.state.lastSeq)
  }
  const { identity, head } = chain
  return { state: start.state, head, identity, snapshotSeq: start.head.seq, replayed }
}

interface Start {
  readonly state: PartitionState
  readonly head: JournalHead
  readonly identity: JournalIdentity | undefined
}

async function startOf(options: RebuildOptions): Promise<Start> {
  const places = options.snapshots === undefined ? [] : listSnapshots(options.snapshots)
  for (const place of places) {
    try {
      const { header, state } = await readSnapshot(place.path, undefined, options.seed)
      checkExpected({ header: header.identity, where: place.path }, options.expected)
      return { state, head: header.head, identity: header.identity }
    } catch (reason) {
      if (!(reason instanceof JournalError) || reason.code !== 'snapshot_damaged') throw reason
      options.onSkippedSnapshot(place, reason)
    }
  }
  return { state: new PartitionState(options.seed), head: EMPTY_HEAD, identity: undefined }
}

function checkExpected(
  found: { readonly header: JournalIdentity; readonly where: string },
  expected: ExpectedIdentity | undefined,
): void {
  if (expected === undefined) return
  const clusterId = expected.clusterId ?? found.header.clusterId
  checkIdentity(found.header, { ...expected, clusterId }, found.where)
}
