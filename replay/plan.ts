// What a start would do, without doing it: which snapshot, how much tail, how long.
import { existsSync, statSync } from 'node:fs'
import type { JournalIdentity } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import { listSegments, segmentFile } from '../journal/segments.ts'
import { listSnapshots, readSnapshot, type SnapshotPlace } from '../journal/snapshot-file.ts'
import { firstBlock, lastBlock, lastSeqOf } from './journal-ends.ts'
import { type Refusal, refusalOf } from './plan-refusal.ts'

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
  /** Why a start would refuse, as far as `refusalOf` can see; undefined when nothing speaks against it. */
  readonly refusal: Refusal | undefined
}

/** Looks at the ends of the journal and at every snapshot of a partition; changes nothing. */
export async function plan(paths: PartitionPaths): Promise<Plan> {
  const segments = planSegments(paths)
  // Before the end is looked for: a running server may take one of events that come after.
  const places = listSnapshots(paths.snapshots)
  const first = await firstBlock(paths)
  const last = await lastBlock(paths)
  const lastSeq = lastSeqOf(last.block)
  const header = last.block?.header
  const snapshots = await planSnapshots(places, header, lastSeq)
  const used = snapshots.find((snapshot) => snapshot.fault === undefined)
  const tailEvents = Math.max(0, lastSeq - (used?.seq ?? 0))
  const seconds =
    tailEvents / EVENTS_PER_SECOND + (used?.reservations ?? 0) / RESERVATIONS_PER_SECOND
  return {
    path: paths.root,
    clusterId: header?.clusterId,
    partition: header && `${header.partition}/${header.partitionCount}`,
    segments,
    snapshots,
    firstSeq: segments[0]?.firstSeq ?? 0,
    lastSeq,
    firstAt: first.block?.events[0]?.at,
    lastAt: last.block?.events.at(-1)?.at,
    epoch: header?.epoch ?? 0,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    startSeq: used?.seq ?? 0,
    tailEvents,
    estimatedMs: Math.round(seconds * 1_000),
    tailFault: (last.fault ?? first.fault)?.message,
    refusal: await refusalOf(paths, last),
  }
}

/** Seq of the last event that can be read; 0 when there is none. Cheap: for progress. */
export async function lastSeqAt(paths: PartitionPaths): Promise<number> {
  return lastSeqOf((await lastBlock(paths)).block)
}

function planSegments(paths: PartitionPaths): SegmentPlan[] {
  return listSegments(paths.journal).map(({ path, firstSeq }) => {
    const file = segmentFile(path)
    return { file, firstSeq, bytes: sizeOf(file) }
  })
}

async function planSnapshots(
  places: readonly SnapshotPlace[],
  identity: JournalIdentity | undefined,
  lastSeq: number,
): Promise<SnapshotPlan[]> {
  const plans: SnapshotPlan[] = []
  for (const { path, seq } of places) {
    const common = { file: path, seq, bytes: sizeOf(path) }
    try {
      const { state } = await readSnapshot(path, identity, 1)
      const isAhead = seq > lastSeq
      const fault = isAhead ? `${path} covers events that the journal does not have.` : undefined
      plans.push({ ...common, reservations: state.reservations.count, fault })
    } catch (fault) {
      if (!(fault instanceof JournalError)) throw fault
      // A running server may have dropped it for a newer one meanwhile.
      if (!existsSync(path)) continue
      plans.push({ ...common, reservations: undefined, fault: fault.message })
    }
  }
  return plans
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
