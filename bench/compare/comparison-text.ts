// A comparison of two revisions as a table for a terminal.
import { spread } from '../machine.ts'
import { spreadWords } from '../report-words.ts'
import type { Mark } from '../terminal-report.ts'
import { aligned } from '../text-table.ts'
import type { Comparison, Verdict } from './comparison.ts'

const COLOURS = { faster: 'green', slower: 'red', same: undefined } as const

/** The whole table, a newline at the end of each line. */
export function comparisonText(comparison: Comparison, mark: Mark): string {
  const { before, after, figures, notCompared, failures, rounds, seconds } = comparison
  const rows = figures.map((figure) => [
    ...[figure.scenario, figure.what, spreadWords(figure.before), spreadWords(figure.after)],
    spread(figure.ratios, 2),
  ])
  const [head = '', ...lines] = aligned([['', '', before, after, 'ratio'], ...rows])
  const texts = lines.map((line, index) => `${line}  ${coloured(figures[index]?.verdict, mark)}`)
  return [
    ...(rows.length === 0 ? [] : [mark('bold', head), ...texts]),
    ...notCompared.map(
      ({ what, reason }) => `${mark('yellow', 'not compared')} ${what}: ${reason}`,
    ),
    ...failures.map(({ name, reason }) => `${mark('red', 'failed')} ${name}: ${reason}`),
    `median (min – max) of ${rounds} rounds of ${seconds} s; a ratio above 1 is better; faster or slower: all rounds`,
    `on one side and the median beyond 5 %, which luck alone does to one figure in ${2 ** (rounds - 1)}`,
    '',
  ].join('\n')
}

function coloured(verdict: Verdict = 'same', mark: Mark): string {
  const colour = COLOURS[verdict]
  return colour === undefined ? verdict : mark(colour, verdict)
}
