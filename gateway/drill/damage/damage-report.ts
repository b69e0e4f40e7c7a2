// What the cases of a damage drill came to, counted.
import { DAMAGE_KINDS, type Damage } from './damage.ts'
import type { Observation } from './examiner.ts'
import { FINDING_OUTCOMES, type Outcome, type Verdict } from './judge.ts'

const FINDINGS_MAX = 10

/** A case that must not be. */
export interface Finding extends Verdict, Damage {
  readonly number: number
  readonly shape: string
  /** The damaged directory, as it was before anything read it. */
  readonly data: string
}

interface KindCount extends Readonly<Record<Outcome, number>> {
  readonly kind: string
  readonly cases: number
}

/** What the drill found; `different`, `late`, `unnamed` and `hung` must be 0. */
export interface DamageReport extends Readonly<Record<Outcome, number>> {
  readonly seed: number
  readonly cases: number
  /** Deaths of the process that a server would be: one that only questions the journal may die. */
  readonly diedAtStart: number
  readonly kinds: readonly KindCount[]
  /** The first ones. */
  readonly findings: readonly Finding[]
}

/** One case as it went. */
export interface CaseResult {
  readonly number: number
  readonly shape: string
  readonly damage: Damage
  readonly seen: readonly Observation[]
  readonly verdict: Verdict
}

/** Counts cases by outcome and kind. */
export class Tally {
  readonly #seed: number
  readonly #outcomes = noCounts()
  readonly #kinds = new Map<string, Record<Outcome, number>>()
  readonly #findings: Finding[] = []
  #cases = 0
  #diedAtStart = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Counts a case. True when it is a finding to be kept. */
  add(result: CaseResult): boolean {
    const { damage, seen, verdict } = result
    this.#cases++
    this.#outcomes[verdict.outcome]++
    this.#countsOf(damage.kind)[verdict.outcome]++
    if (verdict.outcome === 'died' && seen.some(isDeathAtStart)) this.#diedAtStart++
    return isFinding(verdict) && this.#findings.length < FINDINGS_MAX
  }

  /** Takes a finding to the report; its damaged directory is `data`. */
  addFinding({ number, shape, damage, verdict }: CaseResult, data: string): void {
    this.#findings.push({ number, shape, data, ...damage, ...verdict })
  }

  report(): DamageReport {
    return {
      ...{ seed: this.#seed, cases: this.#cases, ...this.#outcomes },
      diedAtStart: this.#diedAtStart,
      kinds: DAMAGE_KINDS.flatMap(({ name }) => {
        const counts = this.#kinds.get(name)
        return counts === undefined ? [] : [{ kind: name, cases: sumOf(counts), ...counts }]
      }),
      findings: this.#findings,
    }
  }

  #countsOf(kind: string): Record<Outcome, number> {
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    const counts = noCounts()
    this.#kinds.set(kind, counts)
    return counts
  }
}

function isDeathAtStart({ kind, step }: Observation): boolean {
  return kind === 'died' && step !== 'verify' && step !== 'replay'
}

function isFinding({ outcome }: Verdict): boolean {
  return (FINDING_OUTCOMES as readonly Outcome[]).includes(outcome)
}

function noCounts(): Record<Outcome, number> {
  return { same: 0, refused: 0, died: 0, different: 0, late: 0, unnamed: 0, hung: 0 }
}

function sumOf(counts: Readonly<Record<Outcome, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
