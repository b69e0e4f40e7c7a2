// A process of its own that replays a journal and writes its snapshot, so that the selling process never pauses.
// Usage: node snapshot-worker.js JOURNAL SNAPSHOTS PARTITION PARTITION_COUNT; answers one message over IPC.
import { randomInt } from 'node:crypto'
import { constants, setPriority } from 'node:os'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSnapshots, pruneSnapshots, writeSnapshot } from '../journal/snapshot-file.ts'
import { rebuild } from './rebuild.ts'

/** Snapshots that stay: the newest, and the one before in case it is damaged. */
const KEPT_SNAPSHOTS = 2

/** What the worker says when it is done. */
export type SnapshotReport =
  | {
      readonly kind: 'written'
      readonly seq: number
      readonly stateHash: string
      readonly ms: number
    }
  | { readonly kind: 'unneeded'; readonly seq: number }
  | { readonly kind: 'failed'; readonly reason: string }

async function main(): Promise<void> {
  const [journal = '', snapshots = '', partition = '', partitionCount = ''] = process.argv.slice(2)
  // Without its server nobody waits for the snapshot.
  process.on('disconnect', () => process.exit(1))
  setPriority(constants.priority.PRIORITY_LOW)
  const expected = { partition: Number(partition), partitionCount: Number(partitionCount) }
  report(await takeSnapshot(journal, snapshots, expected))
}

async function takeSnapshot(
  journal: string,
  snapshots: string,
  expected: { partition: number; partitionCount: number },
): Promise<SnapshotReport> {
  const startedAt = performance.now()
  const { state, head, identity } = await rebuild({
    reader: lmdbReader(journal),
    snapshots,
    expected,
    seed: randomInt(2 ** 31),
    onSkippedSnapshot: (place) => process.stderr.write(`skipped ${place.path}\n`),
  })
  const isCovered = listSnapshots(snapshots)[0]?.seq === head.seq
  if (identity === undefined || head.seq === 0 || isCovered)
    return { kind: 'unneeded', seq: head.seq }
  const { seq, stateHash } = await writeSnapshot(snapshots, identity, head, state)
  pruneSnapshots(snapshots, KEPT_SNAPSHOTS)
  return { kind: 'written', seq, stateHash, ms: Math.round(performance.now() - startedAt) }
}

function report(message: SnapshotReport): void {
  process.send?.(message, () => process.exit(message.kind === 'failed' ? 1 : 0))
}

main().catch((fault: unknown) => {
  report({ kind: 'failed', reason: fault instanceof Error ? fault.message : String(fault) })
})
