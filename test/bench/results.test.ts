// Terminal, RESULTS.md and page on results that never were: medians, verdicts, who is missing, and nothing that breaks out.
import { describe, expect, test } from 'vitest'
import { parseExplanations } from '../../bench/explanations.ts'
import { spread } from '../../bench/machine.ts'
import { targetRows } from '../../bench/results.ts'
import { resultsPage } from '../../bench/results-page.ts'
import { resultsText } from '../../bench/results-text.ts'
import type { Figure, ScenarioReport } from '../../bench/scenario-report.ts'
import { terminalReport } from '../../bench/terminal-report.ts'
import { resultsWith, sampleLine, sampleResults } from '../fixtures/sample-results.ts'

const EXPLANATIONS = parseExplanations(
  'For those who write.\n\n## http\n\nIt **waits** for `fdatasync` & more.\n\n- one\n- two\n\n## engine\n\nTurns.\n',
)
const NONE = parseExplanations('')
const [report] = sampleResults().reports as [ScenarioReport]

const figure = (values: number[], target?: Figure['target']): Figure => ({
  ...{ what: 'some share', values, unit: 'x', digits: 2 },
  ...(target && { target }),
})

describe('a target', () => {
  test.each([
    [[0.84, 0.85, 0.1], { min: 0.85 }, false],
    [[0.85, 0.9, 0.1], { min: 0.85 }, true],
    [[3, 5, 9], { max: 5 }, true],
    [[3, 5.1, 9], { max: 5 }, false],
    [[7], { min: 5, max: 6 }, false],
    [[], { min: 0 }, false],
  ])('of the median of %j with %j: %s', (values, bounds, isMet) => {
    const { reports } = resultsWith({ figures: [figure(values, { words: 'so', ...bounds })] })
    expect(targetRows(reports).map((row) => row.isMet)).toEqual([isMet])
  })

  test('is no matter of figures without one', () => {
    expect(targetRows(resultsWith({ figures: [figure([1])] }).reports)).toEqual([])
  })
})

describe('for a terminal', () => {
  const text = terminalReport(report, (_, words) => words)

  test('every contestant has a row with medians, spreads and durability', () => {
    expect(text).toMatch(
      /^ {2}Holdfast \(ours\) +35,762 \(32,186 – 41,126\) +35,762 \(.*5 \(5 – 5\) +14 \(12 – 16\) +one fdatasync per commit, before the answer$/m,
    )
    expect(text).toMatch(/^ {2}constant Fastify route \(limit\) .*none: nothing is kept$/m)
  })

  test('figures say what they miss, and who was skipped is named', () => {
    expect(text).toContain('0.76 (0.71 – 0.83)  missed: ≥ 0.85 of the constant Fastify route')
    expect(text).toMatch(/8\.7 \(8\.1 – 9\.0\) +met: ≥ 5/)
    expect(text).toMatch(/42\.6 \(41\.2 – 44\.0\) µs$/m)
    expect(text).toContain('skipped Redis behind Fastify: redis-server is not installed')
  })

  test('colours are what the caller makes of them', () => {
    const marked = terminalReport(report, (format, words) => `<${format}>${words}</>`)
    expect(marked).toContain('<red>missed</>: ≥ 0.85')
    expect(marked).toContain('<green>met</>: ≥ 5')
    expect(marked).toMatch(/<bold>Holdfast \(ours\)/)
    expect(text).not.toContain('<')
  })

  test('latencies are a column only where somebody has them, and rates are called what they are', () => {
    const line = sampleLine('Holdfast', 'ours', 1_000)
    const samples = line.samples.map(({ perSecond, requestsPerSecond }) => ({
      ...{ perSecond, requestsPerSecond },
    }))
    const plain = { ...report, counted: 'events', lines: [{ ...line, samples }] }
    const words = terminalReport(plain, (_, it) => it)
    expect(words).toContain('events/s')
    expect(words).not.toMatch(/p50|p99|reservations\/s/)
  })
})

describe('RESULTS.md', () => {
  const text = resultsText(sampleResults(), EXPLANATIONS)

  test('says on what, when, which revision and how long', () => {
    expect(text).toContain(
      '**2026-11-22, Node v20.20.2, 2 × AMD EPYC, 24 GiB, Linux 6.18, ext4, revision 43cfed3; 5 rounds of 8 s, load average before it 0.1.**',
    )
    expect(resultsText(sampleResults({ isQuick: true }), NONE)).toContain(
      'of 8 s, a quick look, load',
    )
  })

  test('has the table of targets, met and missed', () => {
    expect(text).toContain(
      '| [http](#http) | Holdfast to constant Fastify route | ≥ 0.85 of the constant Fastify route | 0.76 (0.71 – 0.83) | **missed** |',
    )
    expect(text).toMatch(/≥ 5 times PostgreSQL \| 8\.7 \(8\.1 – 9\.0\) \| met \|/)
  })

  test('puts explanations under their scenario', () => {
    expect(text.indexOf('It **waits**')).toBeGreaterThan(text.indexOf('\n## http\n'))
    expect(text).not.toContain('For those who write')
    const other = resultsText(resultsWith({ name: 'engine' }), EXPLANATIONS)
    expect(other).not.toContain('It **waits**')
    expect(other).toContain('Turns.')
    expect(text).not.toContain('Turns.')
  })

  test('names who was skipped and what failed', () => {
    expect(text).toContain('Skipped: **Redis behind Fastify**, redis-server is not installed')
    const failures = [{ name: 'nats', reason: 'bug: lost' }]
    expect(resultsText(sampleResults({ failures }), NONE)).toContain(
      '**nats failed and has no figures:** bug: lost',
    )
  })

  test('no name breaks a table, and no column stands empty', () => {
    const line = {
      ...sampleLine('a|b', 'peer', 10),
      samples: [{ perSecond: 1, requestsPerSecond: 2 }],
    }
    const words = resultsText(resultsWith({ lines: [line] }), NONE)
    expect(words).toContain('| a\\|b | peer | 1 | 2 | synchronous_commit')
    expect(words).not.toContain('p50')
  })

  test('curves are tables', () => {
    expect(text).toMatch(/^\| 10 \| 11\.49 \| 3\.83 \| 6\.128 \|$/m)
  })
})

describe('the page', () => {
  const page = resultsPage(sampleResults(), EXPLANATIONS)

  test('loads nothing and runs nothing', () => {
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).toContain('content="default-src &#39;none&#39;;')
    expect(page).not.toMatch(/https?:|<script|@import|src=/)
  })

  test('escapes whatever a report says', () => {
    const evil = `<img src=x onerror="a">&'`
    const words = resultsPage(
      {
        ...resultsWith({
          title: evil,
          method: [evil],
          checks: [evil],
          lines: [{ ...sampleLine(evil, 'ours', 5), durability: evil }],
          figures: [{ ...figure([1], { words: evil }), what: evil, unit: evil }],
          curves: report.curves.map((curve) => ({
            ...{ ...curve, title: evil, xLabel: evil, yLabel: evil },
            series: curve.series.map((series) => ({ ...series, name: evil })),
          })),
          skipped: [{ name: evil, reason: evil }],
        }),
        machine: evil,
        revision: evil,
        failures: [{ name: evil, reason: evil }],
      },
      parseExplanations(`## http\n\n${evil} \`${evil}\` **${evil}**\n\n- ${evil}\n`),
    )
    expect(words).not.toMatch(/<img|onerror="/)
    expect(words).toContain('&lt;img src=x onerror=&quot;a&quot;&gt;&amp;&#39;')
  })

  test('has a bar for each contestant, with role, spread, durability and both rates', () => {
    expect(page.match(/<rect class="bar (ours|limit|peer)"/g)).toHaveLength(3)
    expect(page).toContain('<title>Holdfast: 35,762 (32,186 – 41,126) reservations/s</title>')
    const [, item = ''] = /<li class="ours">([\s\S]*?)<\/li>/.exec(page) ?? []
    expect(item).toContain('<b>35,762</b> (32,186 – 41,126) reservations/s')
    expect(item).toContain('35,762 requests/s')
    expect(item).toContain('one fdatasync per commit')
    expect(item).toContain('<span class="role">ours</span>')
  })

  test('draws bars to one scale, and whiskers from the slowest to the fastest round', () => {
    const width = (role: string) =>
      Number(new RegExp(`class="bar ${role}"[^>]* width="([\\d.]+)%"`).exec(page)?.[1])
    expect(width('limit') / width('ours')).toBeCloseTo(47_238 / 35_762, 2)
    const [, item = ''] = /<li class="limit">([\s\S]*?)<\/li>/.exec(page) ?? []
    const [, least, most] = /whisker"><line x1="([\d.]+)%" x2="([\d.]+)%"/.exec(item) ?? []
    expect([Number(least) / width('limit'), Number(most)]).toEqual([expect.closeTo(0.9, 2), 99])
  })

  test('says when the scale of the bars is logarithmic', () => {
    expect(page).not.toContain('The scale is logarithmic')
    const lines = [sampleLine('a', 'ours', 1_000_000), sampleLine('b', 'peer', 90)]
    expect(resultsPage(resultsWith({ lines }), NONE)).toContain('The scale is logarithmic')
  })

  test('counts the targets that are met', () => {
    expect(page).toContain('1 of 2 targets met')
    expect(page).toContain('✗ missed')
  })

  test('every curve has a title, a description, a legend and its numbers as a table', () => {
    expect(
      page.match(/<svg class="plot"[^>]*role="img"><title>[^<]+<\/title><desc>/g),
    ).toHaveLength(2)
    expect(page.match(/The numbers behind this chart/g)).toHaveLength(2)
    expect(page).toContain(
      '<tr><th scope="row">10</th><td>11.49</td><td>3.83</td><td>6.128</td></tr>',
    )
  })

  test('what is ours looks the same in every curve, wherever it stands', () => {
    const figures = page.split('<figure class="curve">').slice(1)
    const keys = figures.map(
      (one) =>
        /<svg class="key series a"(?:(?!<\/li>)[\s\S])*<\/svg>(Holdfast[^<]*)<\/li>/.exec(one)?.[1],
    )
    expect(keys).toEqual(['Holdfast, embedded', 'Holdfast'])
  })

  test('names who was skipped and what failed, and renders explanations', () => {
    expect(page).toContain('Skipped: <b>Redis behind Fastify</b>, redis-server is not installed')
    expect(page).toContain(
      '<p>It <strong>waits</strong> for <code>fdatasync</code> &amp; more.</p><ul><li>one</li><li>two</li></ul>',
    )
    const failures = [{ name: 'nats', reason: 'bug: lost' }]
    expect(resultsPage(sampleResults({ failures }), NONE)).toContain(
      'nats failed and has no figures: bug: lost',
    )
  })
})

test('a spread is one number where there is but one', () => {
  expect(spread([1_234.5])).toBe('1,235')
  expect(spread([2, 1], 1)).toBe('1.5 (1.0 – 2.0)')
})
