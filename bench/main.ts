// `npm run bench`: measures compiled code, side by side in one run, after checking the result.
import { CommanderError } from 'commander'
import { runBench } from './bench-run.ts'
import { benchCommand } from './command.ts'
import { runCompare } from './compare/compare-run.ts'
import { BenchError } from './errors.ts'
import { say } from './say.ts'
import { SCENARIOS } from './scenarios.ts'

const EXIT_FAULT = 1
const EXIT_USAGE = 2

try {
  const actions = { run: runBench, compare: runCompare }
  await benchCommand(SCENARIOS, actions).parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  else if (error instanceof BenchError) {
    say(`bench: ${error.message}`)
    process.exitCode = EXIT_FAULT
  } else throw error
}
