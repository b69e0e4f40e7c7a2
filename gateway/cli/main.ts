// The command line: one command, one file. Exit codes: 0 ok, 1 fault, 2 usage, 3 a discrepancy found.
import { Command, CommanderError } from 'commander'
import {
  replayCommand,
  reportFault,
  runReplayChild,
  wantsReplayChild,
} from '../../replay/cli/replay-command.ts'
import { VERSION } from '../version.ts'
import { drillCommand } from './drill-command.ts'
import { driveCommand } from './drive-command.ts'
import { serveCommand } from './serve-command.ts'

const EXIT_FAULT = 1
const EXIT_USAGE = 2

/** Runs the CLI with `argv` as in process.argv. Ends the process on usage errors. */
export async function main(argv: readonly string[]): Promise<void> {
  if (wantsReplayChild(argv)) {
    process.exitCode = await runReplayChild(argv)
    return
  }
  const program = new Command('holdfast')
    .description('Holds scarce stock for a crowd: never oversells, never loses a promise.')
    .version(VERSION)
    .addCommand(serveCommand())
    .addCommand(driveCommand())
    .addCommand(drillCommand())
    .addCommand(replayCommand())
  overrideExits(program)
  endWithReader()
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFault(error)
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  }
}

// `holdfast … | head` closes the pipe early: that is an end, not an error. A full disk is one, and no bug.
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`stdout: ${error.message}\n`)
    process.exit(EXIT_FAULT)
  })
}

function overrideExits(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help for more)')
  for (const sub of command.commands) overrideExits(sub)
}
