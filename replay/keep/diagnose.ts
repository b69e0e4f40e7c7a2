// What is wrong with a journal, how far it can be trusted, and what giving up the rest would cost.

import { CLOSING } from '../../journal/block-header.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { JournalError, type JournalFaultCode } from '../../journal/errors.ts'
import { highestSeqIn, lmdbReader } from '../../journal/read-blocks.ts'
import { draftPath, listDrafts, listSegments } from '../../journal/segments.ts'
import { listSnapshots, readSnapshot } from '../../journal/snapshot-file.ts'
import { beginningOf } from '../beginning.ts'
import { lastHeader } from '../journal-ends.ts'
import { rebuild } from '../rebuild.ts'
import { TO_THE_END, walk } from '../walk.ts'

export interface Diagnosis {
  readonly path: string
  /** The first thing that is wrong with the journal; undefined when all reads well and a start would go. */
  readonly fault: DiagnosedFault | undefined
  /** The last event before the fault, or the base: everything up to it can be replayed. */
  readonly goodSeq: number
  readonly goodAt: number | undefined
  /** The highest seq that anything bears witness of: blocks behind the fault, segments' names, snapshots. */
  readonly knownSeq: number
  /** Why a start would refuse; undefined when it would not, because a snapshot covers the damage. */
  readonly startFault: DiagnosedFault | undefined
  /** Folders of segments that were never begun: nothing in them was ever acknowledged. */
  readonly torn: readonly string[]
}

interface DiagnosedFault {
  readonly code: JournalFaultCode
  readonly message: string
}

/** Replays the journal of a partition as far as it goes, and looks at what lies behind. Changes nothing. */
export async function diagnose(
  paths: PartitionPaths,
  onProgress: (seq: number) => void,
): Promise<Diagnosis> {
  let goodSeq = 0
  let goodAt: number | undefined
  const walkFault = await faultOf(async () => {
    const { head, state } = await beginningOf(paths)
    goodSeq = head.seq
    if (goodSeq > 0) goodAt = state.lastAt
    await walk(paths, TO_THE_END, {
      onEvent: ({ at }, { lastSeq }) => {
        goodSeq = lastSeq
        goodAt = at
      },
      onProgress,
    })
  })
  const startFault = await faultOf(() =>
    rebuild({
      ...{ reader: lmdbReader(paths.journal), snapshots: paths.snapshots, seed: 1 },
      ...{ expected: undefined, onSkippedSnapshot: () => undefined },
    }),
  )
  // A journal that reads well to its end may have lost it: a snapshot that is ahead of it tells.
  const fault = walkFault ?? startFault
  const knownSeq = Math.max(goodSeq, await witnessedSeq(paths))
  const torn = fault === undefined ? await tornSegments(paths) : []
  return { path: paths.root, fault, goodSeq, goodAt, knownSeq, startFault, torn }
}

async function faultOf(run: () => Promise<unknown>): Promise<DiagnosedFault | undefined> {
  try {
    await run()
    return undefined
  } catch (fault) {
    if (!(fault instanceof JournalError)) throw fault
    return { code: fault.code, message: fault.message }
  }
}

/** The highest seq that anything in a partition's folder bears witness of, readable or not. */
export async function witnessedSeq(paths: PartitionPaths): Promise<number> {
  let highest = 0
  for (const place of listSegments(paths.journal)) {
    highest = Math.max(highest, highestSeqIn(place))
  }
  for (const { path, seq } of listSnapshots(paths.snapshots)) {
    if (seq <= highest) break
    const fault = await faultOf(() => readSnapshot(path, undefined, 1))
    if (fault === undefined) highest = seq
  }
  return highest
}

// The draft behind a closed segment is no leftover: it bears witness that no segment was lost.
async function tornSegments(paths: PartitionPaths): Promise<string[]> {
  const { kind, firstSeq, epoch } = await lastHeader(paths)
  const needed = kind === CLOSING ? draftPath(paths.journal, firstSeq, epoch) : undefined
  return listDrafts(paths.journal).filter((path) => path !== needed)
}
