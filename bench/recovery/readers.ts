// Ways to read one journal as contestants, each in a process of its own: a run reads it once, whatever the seconds.
import { invariant } from '../../core/invariant.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { Child } from '../child.ts'
import type { Contestant, Entry } from '../contestant.ts'
import type { ReaderName, ReaderQuestion, Reading } from './reader-child.ts'

const CHILD = new URL('./reader-child.js', import.meta.url)

export const RAW_READ = 'raw LMDB read + msgpackr decode'
/** What a replay could reach at most. */
export const READ_CHECKED = 'read with all checks, no state'
export const REBUILD = 'rebuild'
export const VERIFY = 'verify'

/** All readers of the journal of `events` events, the limit first. */
export function readers(paths: PartitionPaths, events: number): Entry[] {
  const hashes = new Set<string>()
  const check = (reading: Reading): void => {
    invariant(reading.events === events, 'every event is read')
    if (reading.stateHash !== undefined) hashes.add(reading.stateHash)
    invariant(hashes.size <= 1, 'verify and rebuild come to the same state')
  }
  const reader = (name: string, role: Contestant['role'], question: ReaderName): Entry => ({
    contestant: contestant(name, role, { reader: question, paths }, check),
  })
  return [
    reader(RAW_READ, 'limit', 'raw'),
    reader(READ_CHECKED, 'ours', 'checked'),
    reader(REBUILD, 'ours', 'rebuild'),
    reader(VERIFY, 'ours', 'verify'),
  ]
}

function contestant(
  name: string,
  role: Contestant['role'],
  question: ReaderQuestion,
  check: (reading: Reading) => void,
): Contestant {
  let child: Child | undefined
  return {
    ...{ name, role, durability: 'reads only' },
    async open() {
      child = new Child(CHILD)
    },
    async run() {
      invariant(child !== undefined, 'it is opened first')
      const reading = await child.ask<Reading>(question)
      check(reading)
      const perSecond = reading.events / reading.seconds
      return { perSecond, requestsPerSecond: perSecond }
    },
    check: async () => undefined,
    close: async () => child?.end(),
  }
}
