// A process of its own that replays a journal and writes its snapshot, so that the selling process never pauses.
// Usage: node snapshot-worker.js JOURNAL SNAPSHOTS PARTITION PARTITION_COUNT; answers one message over IPC.
import { constants, setPriority } from 'node:os'
import { type SnapshotTaken, takeSnapshot } from './take-snapshot.ts'

/** What the worker says when it is done. */
export type SnapshotReport = SnapshotTaken | { readonly kind: 'failed'; readonly reason: string }

async function main(): Promise<void> {
  const [journal = '', snapshots = '', partition = '', partitionCount = ''] = process.argv.slice(2)
  // Without its server nobody waits for the snapshot.
  process.on('disconnect', () => process.exit(1))
  stepBack()
  const expected = { partition: Number(partition), partitionCount: Number(partitionCount) }
  const onSkippedSnapshot = (place: { path: string }) => {
    process.stderr.write(`skipped ${place.path}\n`)
  }
  report(await takeSnapshot({ journal, snapshots, expected, onSkippedSnapshot }))
}

// A courtesy to the sale, not a condition: a sandbox may forbid it.
function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    process.stderr.write('the snapshot is written at the usual priority\n')
  }
}

function report(message: SnapshotReport): void {
  process.send?.(message, () => process.exit(message.kind === 'failed' ? 1 : 0))
}

main().catch((fault: unknown) => {
  report({ kind: 'failed', reason: fault instanceof Error ? fault.message : String(fault) })
})
