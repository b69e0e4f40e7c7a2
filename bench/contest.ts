// Contestants in turn, A B C A B C …, so that a machine whose speed drifts does so for all of them.
import { invariant } from '../core/invariant.ts'
import type { Contestant, Entry, Sample } from './contestant.ts'
import type { BenchOptions } from './options.ts'
import type { Figure, Line, Target } from './scenario-report.ts'

const WARM_UP_SECONDS = 3

export interface ContestResult {
  readonly lines: readonly Line[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

/** `mirrored` is A B, B A, A B …: a machine that only gets faster then favours nobody. */
export type TurnOrder = 'cyclic' | 'mirrored'

/** Opens all, warms them up, runs `rounds` rounds, checks what each has sold, and closes them whatever happens. */
export async function contest(
  name: string,
  entries: readonly Entry[],
  { rounds, seconds, oursOnly }: BenchOptions,
  order: TurnOrder = 'cyclic',
): Promise<ContestResult> {
  const contestants = entries
    .flatMap((entry) => ('contestant' in entry ? [entry.contestant] : []))
    .filter(({ role }) => role === 'ours' || oursOnly !== true)
  const opened: Contestant[] = []
  try {
    for (const contestant of contestants) {
      opened.push(contestant)
      await contestant.open()
      await contestant.run(Math.min(seconds, WARM_UP_SECONDS))
    }
    const lines = await runInTurn(name, contestants, { rounds, seconds, order })
    for (const contestant of contestants) await contestant.check()
    return { lines, skipped: skippedOf(entries) }
  } finally {
    for (const contestant of opened) await contestant.close()
  }
}

async function runInTurn(
  name: string,
  contestants: readonly Contestant[],
  { rounds, seconds, order }: { rounds: number; seconds: number; order: TurnOrder },
): Promise<Line[]> {
  const samples = contestants.map((): Sample[] => [])
  for (let round = 1; round <= rounds; round++) {
    const turns = [...contestants.entries()]
    if (isMirrored(order, round)) turns.reverse()
    for (const [index, contestant] of turns) samples[index]?.push(await contestant.run(seconds))
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`)
  }
  return contestants.map(({ name, role, durability }, index) => ({
    ...{ name, role, durability },
    samples: samples[index] ?? [],
  }))
}

/** Whether the turns of `round`, counted from 1, run backwards. */
export function isMirrored(order: TurnOrder, round: number): boolean {
  return order === 'mirrored' && round % 2 === 0
}

/** The ratio of two contestants, round by round; undefined when one of them was not there. */
export function ratioOf(
  lines: readonly Line[],
  name: string,
  to: string,
  target?: Target,
): Figure | undefined {
  const [ours, theirs] = [name, to].map((wanted) => lines.find((line) => line.name === wanted))
  if (ours === undefined || theirs === undefined) return undefined
  const values = ours.samples.map(({ perSecond }, round) => {
    const other = theirs.samples[round]
    invariant(other !== undefined, 'every contestant runs in every round')
    return perSecond / other.perSecond
  })
  return { what: `${name} to ${to}`, values, unit: 'x', digits: 2, ...(target && { target }) }
}

function skippedOf(entries: readonly Entry[]): { name: string; reason: string }[] {
  return entries.flatMap((entry) =>
    'skipped' in entry ? [{ name: entry.name, reason: entry.skipped }] : [],
  )
}
