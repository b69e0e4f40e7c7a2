// When a comparison may say that something moved, what it holds against what, and what it leaves out.
import { describe, expect, test } from 'vitest'
import { joinRounds } from '../../bench/compare/compare-revisions.ts'
import {
  type Comparison,
  comparedLines,
  fellBelow,
  verdictOn,
} from '../../bench/compare/comparison.ts'
import { comparisonText } from '../../bench/compare/comparison-text.ts'
import { checkOutRevision } from '../../bench/compare/other-checkout.ts'
import { BenchError } from '../../bench/errors.ts'
import type { Line } from '../../bench/scenario-report.ts'

const line = (name: string, perSecond: number[], p99Ms?: number[]): Line => ({
  ...{ name, role: 'ours', durability: 'fdatasync' },
  samples: perSecond.map((rate, round) => ({
    ...{ perSecond: rate, requestsPerSecond: rate },
    ...(p99Ms !== undefined && { p99Ms: p99Ms[round] as number }),
  })),
})

describe('a verdict', () => {
  test.each([
    [[1.06, 1.1, 1.01], 'faster'],
    [[1.06, 1.1, 0.99], 'same'],
    [[1.04, 1.05, 1.3], 'same'],
    [[1.06, 1.1, 1], 'same'],
    [[0.94, 0.9, 0.99], 'slower'],
    [[0.94, 0.5, 1.01], 'same'],
    [[0.96, 0.95, 0.2], 'same'],
    [[1, 1, 1], 'same'],
    [[], 'same'],
    [[Number.NaN, 2, 2], 'same'],
  ])('on %j: %s', (ratios, verdict) => {
    expect(verdictOn(ratios)).toBe(verdict)
  })
})

describe('two revisions', () => {
  const before = [line('Holdfast', [100, 200, 100], [10, 10, 20]), line('old', [1])]
  const after = [line('Holdfast', [120, 220, 110], [20, 30, 40]), line('new', [1])]
  const { figures, notCompared } = comparedLines('http', { before, after })

  test('are held against each other round by round; a ratio above 1 is better', () => {
    expect(figures.map(({ what, ratios, verdict }) => [what, ratios, verdict])).toEqual([
      ['Holdfast, per second', [1.2, 1.1, 1.1].map((ratio) => expect.closeTo(ratio)), 'faster'],
      ['Holdfast, p99 ms', [0.5, 1 / 3, 0.5].map((ratio) => expect.closeTo(ratio)), 'slower'],
    ])
  })

  test('are not where only one has something', () => {
    expect(notCompared).toEqual([
      { what: 'http: new', reason: 'only the revision after has it' },
      { what: 'http: old', reason: 'only the revision before has it' },
    ])
    const uneven = comparedLines('x', { before: [line('a', [1, 2])], after: [line('a', [1])] })
    expect(uneven.figures).toEqual([])
  })

  test('fall below a share only where something became slower', () => {
    expect(fellBelow(figures, 0.9).map(({ what }) => what)).toEqual(['Holdfast, p99 ms'])
    expect(fellBelow(figures, 0.4)).toEqual([])
    const noisy = figures.map((figure) => ({ ...figure, verdict: 'same' as const }))
    expect(fellBelow(noisy, 0.9)).toEqual([])
  })

  test('make a table with verdicts, and name what was left out and what failed', () => {
    const comparison: Comparison = {
      ...{ machine: 'm', before: 'aaaaaaa', after: 'bbbbbbb + changes', rounds: 3, seconds: 1 },
      ...{ figures, notCompared, failures: [{ name: 'nats', reason: 'bug: lost' }] },
    }
    const text = comparisonText(comparison, (_, words) => words)
    expect(text).toMatch(
      /^http {2}Holdfast, per second {2}100 \(100 – 200\) +120 \(110 – 220\) +1\.10 \(1\.10 – 1\.20\) +faster$/m,
    )
    expect(text).toMatch(/p99 ms .* 0\.50 \(0\.33 – 0\.50\) +slower$/m)
    expect(text).toContain('not compared http: old: only the revision before has it')
    expect(text).toContain('failed nats: bug: lost')
    expect(text).toContain('luck alone does to one figure in 4')
    const marked = comparisonText(comparison, (format, words) => `<${format}>${words}</>`)
    expect(marked).toContain('<green>faster</>')
    expect(marked).toContain('<red>slower</>')
  })
})

test('rounds of one become the rounds of all, by name', () => {
  const rounds = [
    [line('a', [1]), line('b', [2])],
    [line('b', [4]), line('a', [3])],
  ]
  const joined = joinRounds(rounds).map(({ name, samples }) => [
    name,
    samples.map(({ perSecond }) => perSecond),
  ])
  expect(joined).toEqual([
    ['a', [1, 3]],
    ['b', [2, 4]],
  ])
})

test.each(['no-such-revision', '--help', ''])('git knows no revision %j', (revision) => {
  const told = expect.objectContaining({ code: 'unknown_revision' })
  expect(() => checkOutRevision(revision)).toThrow(told)
  expect(() => checkOutRevision(revision)).toThrow(BenchError)
})
