// The order of turns, and what happens when a contestant or a whole scenario fails.
import { expect, test } from 'vitest'
import { contest, ratioOf } from '../../bench/contest.ts'
import type { Contestant } from '../../bench/contestant.ts'
import type { BenchOptions } from '../../bench/options.ts'
import { runScenarios } from '../../bench/run-scenarios.ts'
import type { ScenarioReport } from '../../bench/scenario-report.ts'
import { resultsWith, sampleLine } from '../fixtures/sample-results.ts'

const OPTIONS: BenchOptions = {
  ...{ rounds: 2, seconds: 8, isQuick: false },
}

/** A contestant that writes down what is asked of it. */
function noting(
  log: string[],
  name: string,
  role: Contestant['role'],
  fails?: 'open' | 'check',
): Contestant {
  const note = async (what: string) => {
    log.push(`${name} ${what}`)
    if (what === fails) throw new Error(`${name} cannot ${what}`)
  }
  return {
    ...{ name, role, durability: 'none' },
    open: () => note('open'),
    run: async (seconds) => {
      await note(`run ${seconds}`)
      return { perSecond: 10, requestsPerSecond: 20 }
    },
    check: () => note('check'),
    close: () => note('close'),
  }
}

test('contestants have their turns in each round, are checked, and are closed', async () => {
  const log: string[] = []
  const { lines, skipped } = await contest(
    'x',
    [
      { contestant: noting(log, 'a', 'limit') },
      { name: 'gone', skipped: 'not here' },
      { contestant: noting(log, 'b', 'ours') },
    ],
    OPTIONS,
  )
  expect(log.join(', ')).toBe(
    'a open, a run 3, b open, b run 3, a run 8, b run 8, a run 8, b run 8, a check, b check, a close, b close',
  )
  expect(lines.map(({ name, samples }) => [name, samples.length])).toEqual([
    ['a', 2],
    ['b', 2],
  ])
  expect(skipped).toEqual([{ name: 'gone', reason: 'not here' }])
})

test('mirrored, every second round runs backwards, and samples stay with their contestants', async () => {
  const log: string[] = []
  const entries = [
    { contestant: noting(log, 'a', 'ours') },
    { contestant: noting(log, 'b', 'ours') },
  ]
  const { lines } = await contest('x', entries, { ...OPTIONS, rounds: 3 }, 'mirrored')
  expect(log.filter((what) => what.endsWith('run 8')).map(([name]) => name)).toEqual([...'abbaab'])
  expect(lines.map(({ name, samples }) => [name, samples.length])).toEqual([
    ['a', 3],
    ['b', 3],
  ])
})

test('with oursOnly limits and peers stay away, and ratios with them', async () => {
  const log: string[] = []
  const roles = ['limit', 'ours', 'peer'] as const
  const entries = roles.map((role) => ({ contestant: noting(log, role, role) }))
  const { lines } = await contest('x', entries, { ...OPTIONS, oursOnly: true })
  expect(lines.map(({ name }) => name)).toEqual(['ours'])
  expect(ratioOf(lines, 'ours', 'limit')).toBeUndefined()
  expect(log).not.toContain('peer open')
})

test.each(['open', 'check'] as const)(
  'whoever fails to %s ends the contest, and all are closed',
  async (what) => {
    const log: string[] = []
    const entries = [
      { contestant: noting(log, 'a', 'limit') },
      { contestant: noting(log, 'b', 'ours', what) },
    ]
    await expect(contest('x', entries, OPTIONS)).rejects.toThrow(`b cannot ${what}`)
    expect(log.slice(-2)).toEqual(['a close', 'b close'])
  },
)

test('a ratio is taken within each round', () => {
  const ours = sampleLine('a', 'ours', 100)
  const samples = [10, 50, 23].map((perSecond) => ({ perSecond, requestsPerSecond: 1 }))
  expect(ratioOf([ours, { ...ours, name: 'b', samples }], 'a', 'b')?.values).toEqual([9, 2, 5])
})

test('a scenario that fails does not take the others with it', async () => {
  const [report] = resultsWith({}).reports as [ScenarioReport]
  const heard: string[] = []
  const { reports, failures } = await runScenarios(
    [
      { name: 'bad', run: () => Promise.reject(new Error('lost\nmore')) },
      { name: 'good', run: async () => report },
    ],
    OPTIONS,
    {
      onProgress: (text) => heard.push(text),
      onReport: ({ name }) => heard.push(`report of ${name}`),
      onFailure: (name) => heard.push(`failure of ${name}`),
    },
  )
  expect(reports).toEqual([report])
  expect(failures).toEqual([{ name: 'bad', reason: 'lost' }])
  expect(heard).toEqual([
    expect.stringContaining('[1/2] bad'),
    'failure of bad',
    expect.stringContaining('[2/2] good'),
    'report of http',
    expect.stringContaining('done in'),
  ])
})
