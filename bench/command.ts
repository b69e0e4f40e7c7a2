// The words of `npm run bench`: scenarios, options, and what is a mistake. What they do is said elsewhere.
import { Argument, Command } from 'commander'
import { numberOption } from '../gateway/cli/drive-arguments.ts'

export interface BenchFlags {
  readonly quick?: boolean
  readonly rounds?: number
  readonly seconds?: number
  readonly json?: boolean
  readonly out?: string
  readonly ours?: boolean
  readonly list?: boolean
}

export interface NamedScenario {
  readonly name: string
  readonly summary: string
}

export type RunBench = (names: readonly string[], flags: BenchFlags) => Promise<void>

const ROUNDS_MAX = 1_000
const SECONDS_MAX = 3_600

/** The program, with everything that it can be asked for. */
export function benchCommand(scenarios: readonly NamedScenario[], run: RunBench): Command {
  const names = scenarios.map(({ name }) => name)
  return addOptions(new Command('bench'))
    .description(
      'Measures compiled code side by side: Holdfast, limits that cannot be passed, and peers, in turn in one run.',
    )
    .addArgument(new Argument('[scenario...]', 'which; without a name all of them').choices(names))
    .option('--out <folder>', 'write results.html, results.json and RESULTS.md there')
    .option('--ours', "only Holdfast's own contestants: no limits, no peers, no ratios")
    .option('--list', 'name the scenarios, as JSON with --json, and measure nothing')
    .addHelpText('after', helpAfter(scenarios))
    .action(run)
}

function addOptions(command: Command): Command {
  const whole = (max: number) => numberOption({ min: 1, max, isWhole: true })
  return command
    .option('--quick', 'a short look: few and short rounds, smaller journals')
    .option('--rounds <number>', 'rounds in which each contestant has its turn', whole(ROUNDS_MAX))
    .option('--seconds <number>', 'length of one turn', whole(SECONDS_MAX))
    .option('--json', 'print one JSON object and nothing else')
}

function helpAfter(scenarios: readonly NamedScenario[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length))
  const list = scenarios.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `
Scenarios:
${list.join('\n')}

A full run (all scenarios, neither shortened nor --quick) writes bench/RESULTS.md, bench/results.html and
bench/results.json; any other run writes only what --out says. Run it on an idle machine: figures of one run compare,
figures of two do not.

Exit codes: 0 measured, 1 a scenario failed, 2 usage. A target that is missed fails nothing.

Examples:
  $ npm run bench
  $ npm run bench -- --quick --out here
  $ npm run bench -- http engine --rounds 9 --seconds 5
  $ npm run --silent bench -- http --json > http.json`
}
