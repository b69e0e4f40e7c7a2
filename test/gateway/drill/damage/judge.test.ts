// What the drill calls same, refused and died, and what it calls a finding.
import { describe, expect, test } from 'vitest'
import type { Damage } from '../../../../gateway/drill/damage/damage.ts'
import type { Step } from '../../../../gateway/drill/damage/examine.ts'
import type { Observation } from '../../../../gateway/drill/damage/examiner.ts'
import { judge } from '../../../../gateway/drill/damage/judge.ts'

const DATA = '/somewhere/case-1'
const FILE = `${DATA}/partition-0/journal/segment-0000000000000001/data.mdb`
const DAMAGE: Damage = { kind: 'flip-page', file: 'data.mdb', what: 'a bit' }

const state = (step: Step, stateHash = 'healthy'): Observation => ({
  step,
  kind: 'state',
  stateHash,
})
const fault = (step: Step, code?: string, message = `${FILE} is damaged`): Observation => {
  return { step, kind: 'fault', code, message }
}
const died = (step: Step): Observation => ({ step, kind: 'died', signal: 'SIGSEGV', words: '' })

const READ = [state('verify'), state('replay'), state('rebuild')]
const STARTED = [...READ, state('start'), state('append', 'with block')]
const AGAIN = [state('replay-again', 'with block'), state('rebuild-again', 'with block')]

function verdictOf(seen: readonly Observation[], damage = DAMAGE): string {
  const { outcome, step } = judge({ data: DATA, damage, stateHash: 'healthy', seen })
  return step === undefined ? outcome : `${outcome} at ${step}`
}

describe('a case', () => {
  const cases: [string, readonly Observation[], string][] = [
    ['in which nothing shows', [...STARTED, ...AGAIN], 'same'],
    [
      'in which a broken snapshot is told, and replay takes its place',
      [fault('verify', 'snapshot_damaged'), ...STARTED.slice(1), ...AGAIN],
      'same',
    ],
    [
      'in which an old segment is gone that a snapshot covers',
      [
        ...[fault('verify', 'journal_gap'), fault('replay', 'journal_gap'), ...STARTED.slice(2)],
        ...[fault('replay-again', 'journal_gap'), state('rebuild-again', 'with block')],
      ],
      'same',
    ],
    [
      'that a start refuses',
      [
        fault('verify', 'journal_damaged'),
        fault('replay', 'x'),
        fault('rebuild', 'journal_damaged'),
      ],
      'refused at rebuild',
    ],
    [
      'that only the writer refuses',
      [...READ, fault('start', 'journal_damaged')],
      'refused at start',
    ],
    [
      'whose commit fails',
      [...READ, state('start'), fault('append', 'commit_failed')],
      'refused at append',
    ],
    [
      'that is refused after the append, though it was whole before',
      [...STARTED, fault('replay-again', 'journal_damaged'), AGAIN[1] as Observation],
      'late at replay-again',
    ],
    ['that kills who reads', [died('verify'), ...STARTED.slice(2)], 'died at verify'],
    ['that kills who writes', [...READ, state('start'), died('append')], 'died at append'],
    ['that verifies as another state', [state('verify', 'older')], 'different at verify'],
    [
      'that lost events without a word',
      [fault('verify', 'x'), fault('replay', 'x'), state('rebuild', 'older')],
      'different at rebuild',
    ],
    [
      'that forgets the new block',
      [...STARTED, state('replay-again', 'with block'), state('rebuild-again')],
      'different at rebuild-again',
    ],
    [
      'that is different and is refused later',
      [...READ, state('start', 'older'), fault('append', 'commit_failed')],
      'different at start',
    ],
    ['whose error has no code', [...READ, fault('start')], 'unnamed at start'],
    [
      'whose error names no file',
      [...READ, fault('start', 'snapshot_ahead', 'Events were lost.')],
      'unnamed at start',
    ],
    [
      'whose error names the directory only',
      [...READ, fault('start', 'journal_damaged', `${DATA} is damaged`)],
      'unnamed at start',
    ],
    ['that does not come back', [...READ, { step: 'start', kind: 'hung' }], 'hung at start'],
    [
      'that kills who reads, and gives whoever starts another state',
      [died('verify'), state('rebuild', 'older')],
      'different at rebuild',
    ],
  ]

  test.each(cases)('%s', (_, seen, expected) => {
    expect(verdictOf(seen)).toBe(expected)
  })

  test('whose damage has one right name must be called by it', () => {
    const removed: Damage = { ...DAMAGE, code: 'journal_gap' }
    const refusedAs = (code: string) => [
      ...[fault('verify', code), fault('replay', code), fault('rebuild', code)],
    ]
    expect(verdictOf(refusedAs('journal_gap'), removed)).toBe('refused at rebuild')
    expect(verdictOf(refusedAs('journal_damaged'), removed)).toBe('unnamed at replay')
  })
})
