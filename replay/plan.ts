// What a start would do, without doing it: which snapshot, how much tail, how long.
import { statSync } from 'node:fs'
import { EVENTS } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import type { StoredBlock } from '../journal/journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSegments, segmentFile } from '../journal/segments.ts'
import { listSnapshots, readSnapshot } from '../journal/snapshot-file.ts'

/** Measured on two cores of a small server; what they are for is the order of magnitude. */
const EVENTS_PER_SECOND = 600_000
const RESERVATIONS_PER_SECOND = 400_000

interface SegmentPlan {
  readonly file: string
  readonly firstSeq: number
  readonly bytes: number
}

interface SnapshotPlan {
  readonly file: string
  readonly seq: number
  readonly bytes: number
  readonly reservations: number | undefined
  /** Why it cannot be used; undefined when it can. */
  readonly fault: string | undefined
}

export interface Plan {
  readonly path: string
  readonly clusterId: string | undefined
  readonly partition: string | undefined
  readonly segments: readonly SegmentPlan[]
  /** Newest first. */
  readonly snapshots: readonly SnapshotPlan[]
  readonly firstSeq: number
  readonly lastSeq: number
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
  readonly epoch: number
  readonly bytes: number
  /** Seq of the snapshot that a start takes; 0 replays everything. */
  readonly startSeq: number
  readonly tailEvents: number
  readonly estimatedMs: number
  /** What is wrong with the newest block, undefined when it reads well. */
  readonly tailFault: string | undefined
}

/** Looks at the ends of the journal and at every snapshot of a partition; changes nothing. */
export async function plan(paths: PartitionPaths): Promise<Plan> {
  const segments = listSegments(paths.journal).map(({ path, firstSeq }) => {
    const file = segmentFile(path)
    return { file, firstSeq, bytes: sizeOf(file) }
  })
  const snapshots = await planSnapshots(paths)
  const firstSeq = segments[0]?.firstSeq ?? 0
  const first = await edge(paths, firstSeq, 'first')
  const last = await edge(paths, Number.MAX_SAFE_INTEGER, 'last')
  const lastSeq = last.block === undefined ? 0 : lastSeqOf(last.block)
  const used = snapshots.find((snapshot) => snapshot.fault === undefined)
  const tailEvents = Math.max(0, lastSeq - (used?.seq ?? 0))
  const seconds =
    tailEvents / EVENTS_PER_SECOND + (used?.reservations ?? 0) / RESERVATIONS_PER_SECOND
  const header = last.block?.header
  return {
    path: paths.root,
    clusterId: header?.clusterId,
    partition: header && `${header.partition}/${header.partitionCount}`,
    segments,
    snapshots,
    firstSeq,
    lastSeq,
    firstAt: first.block?.events[0]?.at,
    lastAt: last.block?.events.at(-1)?.at,
    epoch: header?.epoch ?? 0,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    startSeq: used?.seq ?? 0,
    tailEvents,
    estimatedMs: Math.round(seconds * 1_000),
    tailFault: last.fault ?? first.fault,
  }
}

async function planSnapshots(paths: PartitionPaths): Promise<SnapshotPlan[]> {
  const plans: SnapshotPlan[] = []
  for (const { path, seq } of listSnapshots(paths.snapshots)) {
    const common = { file: path, seq, bytes: sizeOf(path) }
    try {
      const { state } = await readSnapshot(path, undefined, 1)
      plans.push({ ...common, reservations: state.reservations.count, fault: undefined })
    } catch (fault) {
      if (!(fault instanceof JournalError)) throw fault
      plans.push({ ...common, reservations: undefined, fault: fault.message })
    }
  }
  return plans
}

// The first or the last block with events from `fromSeq` on.
async function edge(
  paths: PartitionPaths,
  fromSeq: number,
  which: 'first' | 'last',
): Promise<{ block: StoredBlock | undefined; fault: string | undefined }> {
  let block: StoredBlock | undefined
  try {
    for await (const stored of lmdbReader(paths.journal).read(fromSeq)) {
      if (stored.header.kind === EVENTS || block === undefined) block = stored
      if (which === 'first' && stored.header.kind === EVENTS) break
    }
    return { block, fault: undefined }
  } catch (fault) {
    if (!(fault instanceof JournalError)) throw fault
    return { block, fault: fault.message }
  }
}

function lastSeqOf(block: StoredBlock): number {
  return block.header.firstSeq + block.header.count - 1
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
