// The state of a whole journal, without snapshots.
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { type Rebuilt, rebuild } from '../../replay/rebuild.ts'

/** Rebuilds it from the first event on. */
export function rebuildAll(paths: PartitionPaths): Promise<Rebuilt> {
  return rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots: undefined, expected: undefined },
    ...{ seed: 1, onSkippedSnapshot: () => undefined },
  })
}
