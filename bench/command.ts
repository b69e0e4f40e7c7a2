// The words of `npm run bench`: scenarios, options, and what is a mistake. What they do is said elsewhere.
import { Argument, Command } from 'commander'
import { numberOption } from '../gateway/cli/drive-arguments.ts'

export interface CommonFlags {
  readonly quick?: boolean
  readonly rounds?: number
  readonly seconds?: number
  readonly json?: boolean
}

export interface BenchFlags extends CommonFlags {
  readonly out?: string
  readonly ours?: boolean
  readonly list?: boolean
}

export interface CompareFlags extends CommonFlags {
  readonly failBelow?: number
}

export interface NamedScenario {
  readonly name: string
  readonly summary: string
}

export interface BenchActions {
  run(names: readonly string[], flags: BenchFlags): Promise<void>
  compare(revision: string, names: readonly string[], flags: CompareFlags): Promise<void>
}

const ROUNDS_MAX = 1_000
const SECONDS_MAX = 3_600

/** The program, with everything that it can be asked for. */
export function benchCommand(scenarios: readonly NamedScenario[], actions: BenchActions): Command {
  const names = scenarios.map(({ name }) => name)
  const program = addOptions(new Command('bench'))
    // Both take the same options, and each has to get its own.
    .enablePositionalOptions()
    .description(
      'Measures compiled code side by side: Holdfast, limits that cannot be passed, and peers, in turn in one run.',
    )
    .addArgument(new Argument('[scenario...]', 'which; without a name all of them').choices(names))
    .option('--out <folder>', 'write results.html, results.json and RESULTS.md there')
    .option('--ours', "only Holdfast's own contestants: no limits, no peers, no ratios")
    .option('--list', 'name the scenarios, as JSON with --json, and measure nothing')
    .addHelpText('after', helpAfter(scenarios))
    .action((wanted: string[], flags: BenchFlags) => actions.run(wanted, flags))
  return program.addCommand(compareCommand(names, actions))
}

function compareCommand(names: readonly string[], { compare }: BenchActions): Command {
  return addOptions(new Command('compare'))
    .description('measure another revision and this checkout in turn, and name what moved')
    .argument('<revision>', 'what git knows it by: a commit, a branch, a tag, HEAD~3')
    .addArgument(
      new Argument('[scenario...]', 'which; without a name http, batch and engine').choices(names),
    )
    .option(
      '--fail-below <share>',
      'exit 1 when something became slower and fell below this share of what it was',
      numberOption({ min: 0, max: 1, isWhole: false }),
    )
    .addHelpText('after', COMPARE_HELP)
    .action(compare)
}

const COMPARE_HELP = `
The revision is checked out below the temporary folder and built there. HTTP servers of both are loaded by this bench;
of the other scenarios each revision's own bench is asked for one round in turn, Holdfast's own contestants only.

faster or slower: all rounds on one side of 1 and the median beyond 5 %. Everything else is called the same.
Exit codes: 0 compared, 1 a fault or --fail-below, 2 usage.

Examples:
  $ npm run bench -- compare HEAD~1 http
  $ npm run bench -- compare main engine --rounds 9
  $ npm run --silent bench -- compare v0.1.0 --json --fail-below 0.9`

function addOptions(command: Command): Command {
  const whole = (max: number) => numberOption({ min: 1, max, isWhole: true })
  return command
    .exitOverride()
    .showHelpAfterError('(add --help for more)')
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
  $ npm run bench -- --quick --out ../figures
  $ npm run bench -- http engine --rounds 9 --seconds 5
  $ npm run --silent bench -- http --json > http.json
  $ npm run bench -- compare HEAD~1 http`
}
