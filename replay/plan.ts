// What a start would do, without doing it: which snapshot, how much tail, how long.
import { existsSync, statSync } from 'node:fs'
import { EVENTS, type JournalIdentity } from '../journal/block-header.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import type { StoredBlock } from '../journal/journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSegments, type SegmentPlace, segmentFile } from '../journal/segments.ts'
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
  const places = listSegments(paths.journal)
  const segments = places.map(({ path, firstSeq }) => {
    const file = segmentFile(path)
    return { file, firstSeq, bytes: sizeOf(file) }
  })
  const first = await firstBlock(paths)
  const last = await lastBlock(paths, places)
  const lastSeq = last.block === undefined ? 0 : lastSeqOf(last.block)
  const header = last.block?.header
  const snapshots = await planSnapshots(paths, header, lastSeq)
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
    tailFault: last.fault ?? first.fault,
  }
}

/** Seq of the last event that can be read; 0 when there is none. Cheap: for progress. */
export async function lastSeqAt(paths: PartitionPaths): Promise<number> {
  const { block } = await lastBlock(paths, listSegments(paths.journal))
  return block === undefined ? 0 : lastSeqOf(block)
}

async function planSnapshots(
  paths: PartitionPaths,
  identity: JournalIdentity | undefined,
  lastSeq: number,
): Promise<SnapshotPlan[]> {
  const plans: SnapshotPlan[] = []
  for (const { path, seq } of listSnapshots(paths.snapshots)) {
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

interface Edge {
  readonly block: StoredBlock | undefined
  readonly fault: string | undefined
}

async function firstBlock(paths: PartitionPaths): Promise<Edge> {
  try {
    for await (const block of lmdbReader(paths.journal).read(0)) {
      if (block.header.kind === EVENTS) return { block, fault: undefined }
    }
    return { block: undefined, fault: undefined }
  } catch (fault) {
    return { block: undefined, fault: faultWords(fault) }
  }
}

// The last block with events. The newest segment may have none yet, so looking begins a segment earlier each time.
async function lastBlock(paths: PartitionPaths, places: readonly SegmentPlace[]): Promise<Edge> {
  let block: StoredBlock | undefined
  const starts = places.map(({ firstSeq }) => firstSeq - 1).reverse()
  for (const fromSeq of [Number.MAX_SAFE_INTEGER, ...starts]) {
    try {
      for await (const stored of lmdbReader(paths.journal).read(fromSeq)) {
        if (stored.header.kind === EVENTS || block === undefined) block = stored
      }
    } catch (fault) {
      return { block, fault: faultWords(fault) }
    }
    if (block?.header.kind === EVENTS) break
  }
  return { block, fault: undefined }
}

function faultWords(fault: unknown): string {
  if (fault instanceof JournalError) return fault.message
  throw fault
}

function lastSeqOf(block: StoredBlock): number {
  return block.header.firstSeq + block.header.count - 1
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
