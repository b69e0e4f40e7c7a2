// `holdfast replay …`: the commands, and the child process that they run in.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command } from 'commander'
import { JournalError } from '../../journal/errors.ts'
import { planCommand, verifyCommand } from './inspect-commands.ts'
import { diffCommand, snapshotCommand } from './keep-commands.ts'
import { EXIT } from './output.ts'
import { dumpCommand, historyCommand, stateCommand } from './question-commands.ts'

const CHILD_MARK = 'HOLDFAST_REPLAY_CHILD'

/** The command and its sub-commands, for the CLI's main. */
export function replayCommand(): Command {
  const replay = new Command('replay').description(
    'Question a journal: read-only, and safe beside a running server.',
  )
  const looks = [planCommand(), verifyCommand(), diffCommand()]
  const questions = [stateCommand(), historyCommand(), dumpCommand()]
  for (const command of [...looks, ...questions, snapshotCommand()]) replay.addCommand(command)
  return replay
}

/** Whether `argv` asks for a replay that is not yet in a child process. */
export function wantsReplayChild(argv: readonly string[]): boolean {
  return argv[2] === 'replay' && process.env[CHILD_MARK] === undefined
}

/**
 * Runs the same command line again in a child: LMDB may kill the process that reads a damaged file, and somebody
 * must live to say so. Gives the exit code.
 */
export async function runReplayChild(argv: readonly string[]): Promise<number> {
  const env = { ...process.env, [CHILD_MARK]: '1' }
  const child = spawn(process.execPath, argv.slice(1), { stdio: 'inherit', env })
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (status !== null) return status
  process.stderr.write(
    `replay: reading the journal killed the process with ${signal}: its files are damaged beyond what can be read.\n`,
  )
  return EXIT.fault
}

/** Says what a JournalError says and sets the exit code; anything else is thrown on. */
export function reportFault(error: unknown): void {
  if (!(error instanceof JournalError)) throw error
  process.stderr.write(`replay: ${error.message} [${error.code}]\n`)
  process.exitCode = EXIT.fault
}
