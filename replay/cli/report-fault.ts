// How a command line says what went wrong, without loading the commands.
import { JournalError } from '../../journal/errors.ts'
import { ReplayError } from '../errors.ts'
import { EXIT } from './output.ts'

/**
 * Says a coded fault and sets the exit code; of a replay (`isReplay`) also what the operating system says, which of
 * other commands may be a bug. Anything else is thrown on.
 */
export function reportFault(error: unknown, isReplay: boolean): void {
  const isCoded = error instanceof JournalError || error instanceof ReplayError
  if (!isCoded && !(isReplay && isSystemError(error))) throw error
  process.stderr.write(`replay: ${error.message} [${error.code}]\n`)
  process.exitCode = EXIT.fault
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
