// A process that reads a journal in one way, as often as it is asked, and says how long each time took.
import { invariant } from '../../core/invariant.ts'
import { stateHash } from '../../core/state-hash.ts'
import { Chain, EMPTY_HEAD } from '../../journal/chain.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { followBlocks } from '../../replay/follow-blocks.ts'
import { verify } from '../../replay/verify.ts'
import { answerParent } from '../answer-parent.ts'
import { rawRead } from './raw-read.ts'
import { rebuildAll } from './rebuild-all.ts'

export type ReaderName = 'raw' | 'checked' | 'rebuild' | 'verify'

export interface ReaderQuestion {
  readonly reader: ReaderName
  readonly paths: PartitionPaths
}

export interface Reading {
  readonly seconds: number
  readonly events: number
  /** Undefined where no state is made. */
  readonly stateHash: string | undefined
}

/** What was read, and how its hash is got after the time was taken. */
interface Read {
  readonly events: number
  readonly hash?: () => string
}

const READERS: Readonly<Record<ReaderName, (paths: PartitionPaths) => Promise<Read>>> = {
  raw: async ({ journal }) => ({ events: await rawRead(journal) }),
  checked: async ({ journal }) => ({ events: await readChecked(journal) }),
  rebuild: async (paths) => {
    const { replayed, state } = await rebuildAll(paths)
    return { events: replayed, hash: () => stateHash(state) }
  },
  verify: async (paths) => {
    const report = await verify(paths)
    invariant(report.discrepancies.length === 0, 'the journal is whole')
    return { events: report.lastSeq, hash: () => report.stateHash }
  },
}

answerParent(async ({ reader, paths }: ReaderQuestion): Promise<Reading> => {
  // What the time before has left is not collected in this one's.
  globalThis.gc?.()
  const startedAt = performance.now()
  const { events, hash } = await READERS[reader](paths)
  const seconds = (performance.now() - startedAt) / 1_000
  return { seconds, events, stateHash: hash?.() }
})

async function readChecked(journal: string): Promise<number> {
  let events = 0
  const chain = new Chain(undefined, EMPTY_HEAD)
  for await (const block of followBlocks(lmdbReader(journal), chain)) events += block.events.length
  return events
}
