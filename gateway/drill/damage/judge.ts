// What a damaged directory came to: the same state, a refusal that names the damage, a death, or a finding.
import { sep } from 'node:path'
import type { Damage } from './damage.ts'
import type { Step } from './examine.ts'
import type { Observation } from './examiner.ts'

/**
 * What must never come about: a state that is not the healthy one, a refusal that comes only after a new block was
 * taken, an error that does not name the damage, and a process that does not come back.
 */
export const FINDING_OUTCOMES = ['different', 'late', 'unnamed', 'hung'] as const

/** `died`: a signal ended the process, so nothing wrong was served. */
export type Outcome = 'same' | 'refused' | 'died' | (typeof FINDING_OUTCOMES)[number]

export interface Verdict {
  readonly outcome: Outcome
  /** The step that decided it, undefined for `same`. */
  readonly step: Step | undefined
  /** In words. */
  readonly reason: string
}

export interface Case {
  readonly data: string
  readonly damage: Damage
  /** Hash of the state before the damage. */
  readonly stateHash: string
  readonly seen: readonly Observation[]
}

/** Judges a case by its worst step. */
export function judge(one: Case): Verdict {
  const verdicts = one.seen.map((observation) => judgeStep(observation, one))
  for (const outcome of ['hung', 'different', 'late', 'unnamed', 'died', 'refused'] as const) {
    const found = verdicts.find((verdict) => verdict?.outcome === outcome)
    if (found !== undefined) return found
  }
  return { outcome: 'same', step: undefined, reason: 'the same state' }
}

function judgeStep(observation: Observation, one: Case): Verdict | undefined {
  const { step } = observation
  switch (observation.kind) {
    case 'hung':
      return { outcome: 'hung', step, reason: 'it did not come back in time' }
    case 'died':
      return { outcome: 'died', step, reason: `${observation.signal} ${observation.words}`.trim() }
    case 'state':
      return judgeState(step, observation.stateHash, expectedHash(step, one))
    default:
      return judgeFault(observation, one)
  }
}

// Once a block was appended, the state that the new owner had in memory is the one to find again.
function expectedHash(step: Step, one: Case): string | undefined {
  if (step === 'append') return undefined
  if (!isAfterAppend(step)) return one.stateHash
  const appended = readingOf('append', one)
  return appended?.kind === 'state' ? appended.stateHash : one.stateHash
}

function judgeState(step: Step, found: string, expected: string | undefined): Verdict | undefined {
  if (expected === undefined || found === expected) return undefined
  return { outcome: 'different', step, reason: `state ${found} instead of ${expected}` }
}

function judgeFault(fault: Observation & { kind: 'fault' }, one: Case): Verdict | undefined {
  const { step, code, message } = fault
  const said = `[${code ?? 'no code'}] ${message}`
  const isNamed = code !== undefined && message.includes(one.data + sep)
  if (!isNamed) return { outcome: 'unnamed', step, reason: said }
  const { code: expected } = one.damage
  if (step === 'replay' && expected !== undefined && code !== expected) {
    return { outcome: 'unnamed', step, reason: `not called ${expected}: ${said}` }
  }
  if (isHarmless(step, one)) return undefined
  return { outcome: isAfterAppend(step) ? 'late' : 'refused', step, reason: said }
}

// A start may do without an old segment or a broken snapshot. Whoever reads everything must be told, and is told the
// same after the append; but what could be read before it must be there after it.
function isHarmless(step: Step, one: Case): boolean {
  if (step === 'verify' || step === 'replay') return true
  return step === 'replay-again' && readingOf('replay', one)?.kind !== 'state'
}

function isAfterAppend(step: Step): boolean {
  return step === 'replay-again' || step === 'rebuild-again'
}

function readingOf(step: Step, one: Case): Observation | undefined {
  return one.seen.find((observation) => observation.step === step)
}
