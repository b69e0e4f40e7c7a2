// Two ways to rebuild a state must lead to the same one.
import { stateHash } from '../../core/state-hash.ts'
import { partitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { rebuild } from '../../replay/rebuild.ts'

/** How many of the partitions below `data` differ between snapshot + tail and the whole journal. */
export async function countHashMismatches(data: string, partitionCount: number): Promise<number> {
  let mismatches = 0
  for (let partition = 0; partition < partitionCount; partition++) {
    const paths = partitionPaths(data, partition)
    const hashOf = async (snapshots: string | undefined) => {
      const reader = lmdbReader(paths.journal)
      const expected = { partition, partitionCount }
      const onSkippedSnapshot = () => undefined
      const { state } = await rebuild({ reader, snapshots, expected, seed: 1, onSkippedSnapshot })
      return stateHash(state)
    }
    if ((await hashOf(paths.snapshots)) !== (await hashOf(undefined))) mismatches++
  }
  return mismatches
}
