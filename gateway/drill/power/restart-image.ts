// Does on a crash image what a server does when it starts, writes one more block, and reads everything back.
import { join } from 'node:path'
import { completeRules } from '../../../core/rules.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { takeOwnership } from '../../../journal/owner.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { rebuild } from '../../../replay/rebuild.ts'
import { loadConfig } from '../../config.ts'
import { localTerms, recover } from '../../recover.ts'
import { type JournalSettings, serveSettings } from '../../settings.ts'
import type { Found } from './promises.ts'

/** The data directory's name below the recorded folder, which stands for the disk that was there before. */
const DATA_NAME = 'data'
/** Sizes of a segment: one that a few commits fill, and one that outlives its server. */
export const SEGMENT_BYTES_SMALL = 14_000
export const SEGMENT_BYTES_LARGE: number = 2 ** 20

/** The settings of a recorded server, or of a restarted one. */
export function drillSettings(segmentBytes: number): JournalSettings {
  return { ...loadConfig(serveSettings, {}, {}), segmentBytes }
}

/** The partition's folders below the folder that stands for the disk. */
export function drillPaths(disk: string): ReturnType<typeof partitionPaths> {
  return partitionPaths(join(disk, DATA_NAME), 0)
}

/** Starts on the image in folder `disk`. Never throws: a start that fails is what the drill looks for. */
export async function restartImage(disk: string, segmentBytes: number): Promise<Found> {
  try {
    return await restart(disk, segmentBytes)
  } catch (fault) {
    return { kind: 'refused', reason: fault instanceof Error ? fault.message : String(fault) }
  }
}

async function restart(disk: string, segmentBytes: number): Promise<Found> {
  const paths = drillPaths(disk)
  const generation = takeOwnership(paths.root)
  const now = Date.now
  const skippedSnapshots: string[] = []
  const onSkippedSnapshot = (_: unknown, reason: Error) => skippedSnapshots.push(reason.message)
  const recovered = await recover({
    ...{
      paths,
      settings: drillSettings(segmentBytes),
      beginTerm: localTerms(generation),
      now,
      onSkippedSnapshot,
    },
    ...{ partition: 0, partitionCount: 1 },
  })
  const { state, partition, journal } = recovered
  const seq = state.lastSeq
  const hash = stateHash(state)
  try {
    const rules = completeRules({ holdMs: 1_000 + seq })
    partition.submit(
      { kind: 'open', sku: `after-${seq}`, stock: 1, rules, by: undefined },
      { answer: () => undefined },
    )
    partition.run(now())
    const block = partition.takeBlock()
    if (block !== undefined) await journal.append(block)
  } finally {
    await journal.close()
  }
  const reader = lmdbReader(paths.journal)
  const expected = { partition: 0, partitionCount: 1 }
  const rebuilt = await rebuild({
    reader,
    snapshots: undefined,
    expected,
    seed: 1,
    onSkippedSnapshot,
  })
  const [liveHash, rebuiltHash] = [stateHash(state), stateHash(rebuilt.state)]
  return { kind: 'started', seq, hash, liveHash, rebuiltHash, skippedSnapshots }
}
