// A new process that rebuilds a partition, as a start does, and says how long that took.
import { stateHash } from '../../core/state-hash.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { rebuild } from '../../replay/rebuild.ts'
import { answerParent } from '../answer-parent.ts'
import type { RecovererQuestion, Recovery } from './growing.ts'

answerParent(async ({ paths, from }: RecovererQuestion): Promise<Recovery> => {
  const startedAt = performance.now()
  const { state } = await rebuild({
    reader: lmdbReader(paths.journal),
    snapshots: from === 'snapshot' ? paths.snapshots : undefined,
    ...{ expected: { partition: 0, partitionCount: 1 }, seed: 2 },
    onSkippedSnapshot: (_, reason) => {
      throw reason
    },
  })
  const seconds = (performance.now() - startedAt) / 1_000
  return { seconds, reservations: state.reservations.count, stateHash: stateHash(state) }
})
