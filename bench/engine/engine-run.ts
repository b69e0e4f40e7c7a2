// One run of the engine: a partition and its journal in an empty folder, given a workload, and recounted afterwards.
import { checkState } from '../../core/check-state.ts'
import { invariant } from '../../core/invariant.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { PartitionFeed } from '../partition-feed.ts'
import { openings, STOCK } from '../reserves.ts'
import type { Workload } from './workloads.ts'

const IDENTITY = { clusterId: '0'.repeat(32), partition: 0, partitionCount: 1 }
const JOURNAL = { epoch: 1, segmentBytes: 2 ** 30, commitDeadlineMs: 10_000 }

export interface EngineRun {
  readonly seconds: number
  readonly commands: number
  readonly events: number
  readonly commits: number
  readonly longestTurnMs: number
  /** Of rows, accounts and indexes that the run added. */
  readonly stateBytes: number
}

/** Runs `workload` in folder `path`. Fails unless the state is sound and has what the workload says. */
export async function runEngine(path: string, workload: Workload): Promise<EngineRun> {
  const { skus, holdMs, commands, now } = workload
  const journal = await openLmdbJournal(path, { identity: IDENTITY, head: EMPTY_HEAD, ...JOURNAL })
  const state = new PartitionState(1)
  const feed = new PartitionFeed(state, journal, now)
  await feed.submitAll(openings(skus, holdMs))
  feed.turns.clear()
  const [bytesBefore, commitsBefore] = [stateBytes(state), feed.commitCount]
  const seconds = await feed.submitAll(commands)
  const run = {
    ...{ seconds, commands: commands.length, events: state.lastSeq - skus },
    commits: feed.commitCount - commitsBefore,
    longestTurnMs: feed.turns.longestMs,
    stateBytes: stateBytes(state) - bytesBefore,
  }
  if (workload.held === 0) await feed.settle(state.lastAt + holdMs)
  await journal.close()
  check(state, workload)
  return run
}

function check(state: PartitionState, { skus, sold, held, events }: Workload): void {
  checkState(state)
  invariant(state.lastSeq === skus + events, 'every command came to its event')
  const sum = { sold: 0, held: 0 }
  for (const actor of state.actors) {
    sum.sold += actor.sold
    sum.held += actor.held
    invariant(actor.available + actor.held + actor.sold === STOCK, 'no unit is lost or made')
  }
  invariant(sum.sold === sold, 'units sold = units paid for')
  invariant(sum.held === held, 'units held = units reserved and not ended')
}

function stateBytes({ reservations, accounts }: PartitionState): number {
  return reservations.bytes + accounts.bytes
}
