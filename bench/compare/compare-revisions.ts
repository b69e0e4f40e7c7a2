// `npm run bench -- compare REV`: both revisions have their turns in one run, A B, B A …, so that drift favours neither.
import { join } from 'node:path'
import { CHECKOUT, revision } from '../checkout.ts'
import { contest, isMirrored } from '../contest.ts'
import type { Contestant } from '../contestant.ts'
import { holdfastHttp, startHoldfast } from '../http-contestants.ts'
import { loadBatches } from '../http-load.ts'
import { machineLine } from '../machine.ts'
import type { BenchOptions } from '../options.ts'
import { runScenarios } from '../run-scenarios.ts'
import { say, sayFailure } from '../say.ts'
import type { Line } from '../scenario-report.ts'
import { type Comparison, comparedLines, type Sides } from './comparison.ts'
import { oneRound, scenariosOf } from './forked-bench.ts'
import { checkOutRevision } from './other-checkout.ts'

const BATCH_CONNECTIONS = 32
const STANDARD: readonly string[] = ['http', 'batch', 'engine']

/** Servers of either revision, loaded by this one's bench; all that the other must have is the command. */
const BY_SERVER: Readonly<Record<string, (bin: string) => Contestant>> = {
  http: (bin) => holdfastHttp({ start: () => startHoldfast([], bin) }),
  batch: (bin) =>
    holdfastHttp({
      start: () => startHoldfast([], bin),
      load: (url, seconds) => loadBatches(url, seconds, BATCH_CONNECTIONS),
    }),
}

/** Measures `names`, or what most changes show in, in `revisionBefore` and here. */
export async function compareRevisions(
  revisionBefore: string,
  names: readonly string[],
  options: BenchOptions,
): Promise<Comparison> {
  const { folder, commit } = checkOutRevision(revisionBefore)
  const theirs = await scenariosOf(folder)
  const wanted = names.length > 0 ? names : STANDARD
  const comparable = wanted.filter((name) => name in BY_SERVER || theirs.includes(name))
  const scenarios = comparable.map((name) => ({
    name,
    run: async () => comparedLines(name, await measure(name, folder, options)),
  }))
  const { reports, failures } = await runScenarios(scenarios, options, {
    ...{ onProgress: say, onReport: () => undefined, onFailure: sayFailure },
  })
  const missing = wanted.filter((name) => !comparable.includes(name))
  const reason = `${commit} has no such scenario that reports as data`
  return {
    ...{ machine: machineLine(), before: commit, after: revision() },
    ...{ rounds: options.rounds, seconds: options.seconds, failures },
    figures: reports.flatMap(({ figures }) => figures),
    notCompared: [
      ...missing.map((what) => ({ what, reason })),
      ...reports.flatMap(({ notCompared }) => notCompared),
    ],
  }
}

async function measure(name: string, folder: string, options: BenchOptions): Promise<Sides> {
  const contestant = BY_SERVER[name]
  if (contestant === undefined) return forked(name, folder, options)
  const [before, after] = [folder, CHECKOUT].map((one) =>
    contestant(join(one, 'bin', 'holdfast.js')),
  ) as [Contestant, Contestant]
  const { lines } = await contest(
    name,
    [{ contestant: before }, { contestant: after }],
    options,
    'mirrored',
  )
  return { before: lines.slice(0, 1), after: lines.slice(1) }
}

// Each revision's own bench, one round at a time.
async function forked(name: string, folder: string, options: BenchOptions): Promise<Sides> {
  const before: (readonly Line[])[] = []
  const after: (readonly Line[])[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const turns = [
      async () => before.push(await oneRound(folder, name, options)),
      async () => after.push(await oneRound(CHECKOUT, name, options)),
    ]
    if (isMirrored('mirrored', round)) turns.reverse()
    for (const turn of turns) await turn()
    say(`${name}: round ${round} of ${options.rounds}`)
  }
  return { before: joinRounds(before), after: joinRounds(after) }
}

/** Lines of one round each become lines of all rounds. */
export function joinRounds(rounds: readonly (readonly Line[])[]): Line[] {
  return (rounds[0] ?? []).map((line) => ({
    ...line,
    samples: rounds.flatMap(
      (lines) => lines.find(({ name }) => name === line.name)?.samples.slice(0, 1) ?? [],
    ),
  }))
}
