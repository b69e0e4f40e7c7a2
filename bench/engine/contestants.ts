// The engine and its limits as contestants: every run is one of so many reservations, in a child with a heap of its own.
import { askOnce } from '../child.ts'
import type { Contestant, Sample } from '../contestant.ts'
import { inPrivateFolder } from '../private-folder.ts'
import type { EngineQuestion, EngineReply, RunnerName } from './engine-child.ts'
import type { EngineRun } from './engine-run.ts'

const CHILD = new URL('./engine-child.js', import.meta.url)

/** A contestant that remembers what else its runs came to, the warm-up's first. */
export interface EngineContestant extends Contestant {
  readonly runs: readonly EngineRun[]
}

/** Each run of it makes `reservations` and ignores the seconds; it is checked in its own process. */
export function engineContestant(
  about: Pick<Contestant, 'name' | 'role' | 'durability'>,
  runner: RunnerName,
  reservations: number,
): EngineContestant {
  const runs: EngineRun[] = []
  return {
    ...about,
    runs,
    open: async () => undefined,
    async run(): Promise<Sample> {
      const { perSecond, engine } = await inPrivateFolder((path) => {
        const question: EngineQuestion = { runner, reservations, path }
        return askOnce<EngineReply>(CHILD, question)
      })
      if (engine !== undefined) runs.push(engine)
      const commands = engine?.commands ?? reservations
      return { perSecond, requestsPerSecond: (perSecond * commands) / reservations }
    },
    check: async () => undefined,
    close: async () => undefined,
  }
}
