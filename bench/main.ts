// `npm run bench`: measures compiled code, side by side in one run, after checking the result.
import { CommanderError } from 'commander'
import { runBench } from './bench-run.ts'
import { benchCommand } from './command.ts'
import { SCENARIOS } from './scenarios.ts'

const EXIT_USAGE = 2

try {
  await benchCommand(SCENARIOS, runBench).exitOverride().parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
}
