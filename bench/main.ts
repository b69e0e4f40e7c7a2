// `npm run bench`: measures compiled code, side by side in one run, after checking the result.
import { CommanderError } from 'commander'
import { benchOptions, runBench } from './bench-run.ts'
import { type BenchFlags, benchCommand } from './command.ts'
import type { BenchOptions } from './options.ts'
import { runOverloadBench } from './overload.ts'
import { SCENARIOS } from './scenarios.ts'
import { runStreamBench } from './stream.ts'

const EXIT_USAGE = 2

/** Scenarios that print for themselves; each is run by its name alone. */
const PRINTING: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  overload: runOverloadBench,
  stream: runStreamBench,
}

async function run(names: readonly string[], flags: BenchFlags): Promise<void> {
  const [name = ''] = names
  const isReporting = SCENARIOS.some((one) => one.name === name)
  const print = isReporting ? undefined : PRINTING[name]
  await (print === undefined ? runBench(names, flags) : print(benchOptions(flags)))
}

const printing = Object.keys(PRINTING).map((name) => ({ name, summary: 'prints for itself' }))
const others = printing.filter(({ name }) => SCENARIOS.every((one) => one.name !== name))

try {
  await benchCommand([...SCENARIOS, ...others], run)
    .exitOverride()
    .parseAsync(process.argv)
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
}
