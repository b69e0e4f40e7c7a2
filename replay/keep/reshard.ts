// New journals for another number of partitions: the state of each SKU moves whole to the partition that now owns it.
import type { PartitionState } from '../../core/partition-state.ts'
import { NO_HASH } from '../../journal/block-codec.ts'
import type { JournalIdentity } from '../../journal/block-header.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { requireNoOwner } from '../../journal/owner.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { writeSnapshot } from '../../journal/snapshot-file.ts'
import { ReplayError } from '../errors.ts'
import { type Rebuilt, rebuild } from '../rebuild.ts'
import { type VerifyReport, verify } from '../verify.ts'
import { requireWhole } from './copy-data.ts'
import { distributeState, requireSameSkus } from './distribute-state.ts'
import { putInPlace } from './put-in-place.ts'

const COMMIT_DEADLINE_MS = 60_000

/** A partition as replay found it, with its identity known. */
type Source = Rebuilt & { readonly identity: JournalIdentity }

export interface Resharded {
  readonly reports: readonly VerifyReport[]
  /** The hash of each SKU's state, by name: the same before and after. */
  readonly hashes: ReadonlyMap<string, string>
}

/**
 * Writes journals for `partitionCount` partitions below the folder `to`. `sources` are all partitions of one cluster,
 * stopped. The new journals begin with the state as it is now; the history stays in the old ones.
 * @throws ReplayError `not_reshardable` when the sources do not make up one cluster, and what reading them throws.
 */
export function reshard(
  sources: readonly PartitionPaths[],
  partitionCount: number,
  to: string,
  segmentBytes: number,
): Promise<Resharded> {
  return putInPlace(to, 0, async (draft) => {
    const found: Source[] = []
    for (const { root } of sources) requireNoOwner(root)
    for (const paths of sources) found.push(await rebuildSource(paths))
    requireOneCluster(found)
    const states = distributeState(
      found.map(({ state }) => state),
      partitionCount,
    )
    const hashes = requireSameSkus(
      found.map(({ state }) => state),
      states,
    )
    const reports: VerifyReport[] = []
    for (const [partition, state] of states.entries()) {
      const paths = partitionPaths(draft, partition)
      const { clusterId } = (found[0] as Source).identity
      const identity = { clusterId, partition, partitionCount }
      const epoch = Math.max(...found.map(({ head }) => head.epoch))
      await writePartition(paths, identity, state, epoch, segmentBytes)
      const report = await verify(paths)
      requireWhole(report)
      reports.push({ ...report, path: partitionPaths(to, partition).root })
    }
    // One that was started meanwhile has gone on without us.
    for (const { root } of sources) requireNoOwner(root)
    return { reports, hashes }
  })
}

async function rebuildSource(paths: PartitionPaths): Promise<Source> {
  const rebuilt = await rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots: paths.snapshots, expected: undefined },
    ...{ seed: 1, onSkippedSnapshot: () => undefined },
  })
  if (rebuilt.identity !== undefined) return { ...rebuilt, identity: rebuilt.identity }
  throw new JournalError('not_a_journal', `${paths.journal} holds no segment.`)
}

function requireOneCluster(found: readonly Source[]): void {
  const [first] = found
  const numbers = found.map(({ identity }) => identity.partition).sort((one, two) => one - two)
  const isOne = found.every(
    ({ identity, state }) =>
      identity.clusterId === first?.identity.clusterId &&
      identity.partitionCount === found.length &&
      state.retentionMs === first.state.retentionMs,
  )
  if (first !== undefined && isOne && numbers.every((number, index) => number === index)) return
  const names = found.map(
    ({ identity, state }) =>
      `partition ${identity.partition}/${identity.partitionCount} of cluster ${identity.clusterId}, ` +
      `retention ${state.retentionMs} ms`,
  )
  throw new ReplayError(
    'not_reshardable',
    `These are not all partitions of one cluster, once each, with one retention: ${names.join('; ')}. ` +
      'Name every data directory of the cluster.',
  )
}

async function writePartition(
  paths: PartitionPaths,
  identity: JournalIdentity,
  state: PartitionState,
  epoch: number,
  segmentBytes: number,
): Promise<void> {
  const head = { seq: state.lastSeq, epoch, hash: NO_HASH }
  if (state.lastSeq > 0) await writeSnapshot(paths.snapshots, identity, head, state)
  const journal = await openLmdbJournal(paths.journal, {
    ...{ identity, head, epoch: epoch + 1, segmentBytes, commitDeadlineMs: COMMIT_DEADLINE_MS },
  })
  await journal.close()
}
