// The command line: one command, one file. Exit codes: 0 ok, 1 fault, 2 usage, 3 a discrepancy found.
import { Command, CommanderError } from 'commander'
import { reportFault } from '../../replay/cli/report-fault.ts'
import { VERSION } from '../version.ts'

/** Loaded when they are asked for: each brings half of the program with it. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve-command.ts')).serveCommand(),
  gateway: async () => (await import('./gateway-command.ts')).gatewayCommand(),
  cluster: async () => (await import('./cluster-command.ts')).clusterCommand(),
  core: async () => (await import('./core-command.ts')).coreCommand(),
  keys: async () => (await import('./keys-command.ts')).keysCommand(),
  drive: async () => (await import('./drive-command.ts')).driveCommand(),
  drill: async () => (await import('./drill-command.ts')).drillCommand(),
  replay: async () => (await import('../../replay/cli/replay-command.ts')).replayCommand(),
}

const EXIT_FAULT = 1
const EXIT_USAGE = 2

/** Runs the CLI with `argv` as in process.argv. Ends the process on usage errors. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('holdfast')
    .description('Holds scarce stock for a crowd: never oversells, never loses a promise.')
    .version(VERSION)
  for (const command of await commandsFor(argv)) program.addCommand(command)
  overrideExits(program)
  endWithReader()
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFault(error, argv[2] === 'replay')
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  }
}

// The one that is named; all of them for help, and for a name that is none.
async function commandsFor(argv: readonly string[]): Promise<Command[]> {
  const named = Object.keys(COMMANDS).filter((name) => name === argv[2])
  const names = named.length > 0 ? named : Object.keys(COMMANDS)
  return Promise.all(names.map((name) => (COMMANDS[name] as () => Promise<Command>)()))
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
