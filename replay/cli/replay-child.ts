// The child process that replay commands run in, and how its parent and its faults speak. Loads none of the commands.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { JournalError } from '../../journal/errors.ts'
import { ReplayError } from '../errors.ts'
import { EXIT } from './output.ts'

const CHILD_MARK = 'HOLDFAST_REPLAY_CHILD'

/** Whether `argv` asks for a replay that is not yet in a child process. */
export function wantsReplayChild(argv: readonly string[]): boolean {
  return argv[2] === 'replay' && process.env[CHILD_MARK] === undefined
}

/** Signals by which a process says that its own memory or code went wrong: here, a file that LMDB trusted. */
const CRASHES: readonly string[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']
/** What asks a process to end is meant for the child that does the work. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Runs the same command line again in a child: LMDB may kill the process that reads a damaged file, and somebody
 * must live to say so. Gives the exit code.
 */
export async function runReplayChild(argv: readonly string[]): Promise<number> {
  const env = { ...process.env, [CHILD_MARK]: '1' }
  const child = spawn(process.execPath, [...process.execArgv, ...argv.slice(1)], {
    stdio: 'inherit',
    env,
  })
  for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal))
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (status !== null) return status
  const words = CRASHES.includes(String(signal))
    ? `reading the journal killed the process with ${signal}: its files are damaged beyond what can be read`
    : `ended by ${signal} before it was done`
  process.stderr.write(`replay: ${words}.\n`)
  return EXIT.fault
}

/** Says what a coded fault or the operating system says and sets the exit code; anything else is thrown on. */
export function reportFault(error: unknown): void {
  const isCoded = error instanceof JournalError || error instanceof ReplayError
  if (!isCoded && !isSystemError(error)) throw error
  process.stderr.write(`replay: ${error.message} [${error.code}]\n`)
  process.exitCode = EXIT.fault
}

// Of other commands than ours it may be a bug.
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const isOurs = process.env[CHILD_MARK] !== undefined
  return isOurs && error instanceof Error && 'syscall' in error && 'code' in error
}
