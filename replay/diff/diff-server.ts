// A journal or a snapshot against the live state of a running server: by hash at the same seq, then SKU by SKU.
import { basename } from 'node:path'
import { partitionOfSku } from '../../core/partition-of.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import type { JournalIdentity } from '../../journal/block-header.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { readSnapshot } from '../../journal/snapshot-file.ts'
import { ReplayError } from '../errors.ts'
import { partitionsAt } from '../partition-place.ts'
import { walk } from '../walk.ts'
import { counterFields, firstDifference, onlyOn, type StateDifference } from './diff-fields.ts'
import {
  readPartitions,
  readSkus,
  type ServerAddress,
  type ServerPartition,
  type ServerSku,
} from './diff-server-calls.ts'
import { isSnapshotPath, type StateComparison } from './diff-sides.ts'

/** A server that sells is looked at so often before only the hashes are told. */
const LOOKS_MAX = 3

/** Called with the seq reached, and the one that is walked to. */
type OnServerProgress = (seq: number, lastSeq: number) => void

/** What was found of one partition. */
export interface ServerComparison extends StateComparison {
  readonly partition: number
}

/** A state to hold against the server's. */
interface Local {
  readonly state: PartitionState
  /** Undefined of a journal without any block. */
  readonly identity: JournalIdentity | undefined
}

/** A partition by number, and its state right after event `seq`; a snapshot has but one. */
interface Candidate {
  readonly partition: number
  readonly stateAt: (seq: number) => Promise<Local>
}

/**
 * Compares what lies at `path` (a data directory, one partition of it, or a snapshot) with `server`:
 * each partition at the seq that the server names with its hash. Where hashes differ, the first SKU and field that
 * do are named; a SKU that was sold from since that seq is not held against it.
 * @throws ReplayError when no Holdfast answers, `journal_behind` when a journal ends before the server's seq;
 * JournalError when a journal or snapshot does not read back.
 */
export async function* compareWithServer(
  path: string,
  server: ServerAddress,
  onProgress: OnServerProgress,
): AsyncGenerator<ServerComparison> {
  const { candidates, isAll } = await candidatesAt(path, onProgress)
  for (const candidate of candidates) yield await compareOne(candidate, server)
  if (!isAll) return
  const known = new Set(candidates.map(({ partition }) => partition))
  for (const { partition, lastSeq, stateHash } of await readPartitions(server)) {
    if (known.has(partition)) continue
    const difference = onlyOn('right', `partition ${partition}`)
    yield { partition, seq: lastSeq, stateHash, difference }
  }
}

async function candidatesAt(
  path: string,
  onProgress: OnServerProgress,
): Promise<{ candidates: Candidate[]; isAll: boolean }> {
  if (isSnapshotPath(path)) return { candidates: [await snapshotAt(path)], isAll: false }
  const places = partitionsAt(path)
  const candidates: Candidate[] = []
  for (const paths of places) {
    const stateAt = (seq: number) => walkTo(paths, seq, onProgress)
    candidates.push({ partition: await numberOf(paths), stateAt })
  }
  // The folder of one partition says nothing about the others.
  return { candidates, isAll: places.every(({ root }) => root !== path) }
}

async function snapshotAt(path: string): Promise<Candidate> {
  const { header, state } = await readSnapshot(path, undefined, 1)
  const { identity } = header
  return { partition: identity.partition, stateAt: async () => ({ state, identity }) }
}

// Its blocks know; the folder's name has to do where there is none yet.
async function numberOf({ journal, root }: PartitionPaths): Promise<number> {
  for await (const { header } of lmdbReader(journal).read(Number.MAX_SAFE_INTEGER)) {
    return header.partition
  }
  return Number(/^partition-(\d+)$/.exec(basename(root))?.[1] ?? 0)
}

async function walkTo(
  paths: PartitionPaths,
  seq: number,
  onProgress: OnServerProgress,
): Promise<Local> {
  const hooks = { onProgress: (reached: number) => onProgress(reached, seq) }
  const walked = await walk(paths, { seq, at: undefined }, hooks)
  if (walked.hasReachedEnd) return walked
  throw new ReplayError(
    'journal_behind',
    `${paths.journal} ends at seq ${walked.state.lastSeq}, but the server is at seq ${seq}: ` +
      'it sells from another journal, or this one is an older copy.',
  )
}

async function compareOne(
  { partition, stateAt }: Candidate,
  server: ServerAddress,
): Promise<ServerComparison> {
  for (let look = 1; ; look++) {
    const served = (await readPartitions(server)).find((one) => one.partition === partition)
    const { state, identity } = await stateAt(served?.lastSeq ?? 0)
    const ours = { partition, seq: state.lastSeq, stateHash: stateHash(state) }
    if (served === undefined) {
      return { ...ours, difference: onlyOn('left', `partition ${partition}`) }
    }
    const difference = wholeDifference(ours, served)
    if (difference?.field !== 'stateHash') return { ...ours, difference }
    const isOurs = (sku: string) =>
      identity === undefined || partitionOfSku(sku, identity.partitionCount) === partition
    const named = await diffSkus(server, state, isOurs)
    if (named.difference !== undefined) return { ...ours, difference: named.difference }
    if (!named.hasMoved || look === LOOKS_MAX) return { ...ours, difference }
  }
}

// Only a snapshot may be at another seq than the server was.
function wholeDifference(
  ours: { readonly seq: number; readonly stateHash: string },
  { lastSeq: seq, stateHash }: ServerPartition,
): StateDifference | undefined {
  const { seq: ourSeq, stateHash: ourHash } = ours
  return firstDifference(undefined, { seq: ourSeq, stateHash: ourHash }, { seq, stateHash })
}

interface SkuFindings {
  readonly difference: StateDifference | undefined
  /** Whether a SKU could not be compared, because it changed after the state's seq. */
  readonly hasMoved: boolean
}

async function diffSkus(
  server: ServerAddress,
  state: PartitionState,
  isOurs: (sku: string) => boolean,
): Promise<SkuFindings> {
  const seen = new Set<string>()
  let hasMoved = false
  for await (const theirs of readSkus(server)) {
    if (!isOurs(theirs.sku)) continue
    seen.add(theirs.sku)
    if (theirs.seq > state.lastSeq) hasMoved = true
    else {
      const difference = diffSku(state, theirs)
      if (difference !== undefined) return { difference, hasMoved }
    }
  }
  const missing = state.actors.find(({ sku }) => !seen.has(sku))
  return { difference: missing && onlyOn('left', `sku ${missing.sku}`), hasMoved }
}

function diffSku(state: PartitionState, theirs: ServerSku): StateDifference | undefined {
  const subject = `sku ${theirs.sku}`
  const actor = state.actorOf(theirs.sku)
  if (actor === undefined) return onlyOn('right', subject)
  return firstDifference(subject, counterFields(actor), counterFields(theirs))
}
