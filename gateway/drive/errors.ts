// Faults of the outside world that end a drive: the file, the server. No discrepancy is one of them.

/** What can go wrong outside; stable, for scripts that read `--json`. */
export type DriveErrorCode =
  | 'file_unreadable'
  | 'file_malformed'
  | 'column_missing'
  | 'file_changed'
  | 'server_unreachable'
  | 'server_unavailable'
  | 'server_refused'
  | 'server_answer_unreadable'

/** A fault that ends the drive with exit 1. `message` is written for the person at the terminal. */
export class DriveError extends Error {
  readonly code: DriveErrorCode

  constructor(code: DriveErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'DriveError'
    this.code = code
  }
}

/** The most telling words of an unknown error: `fetch failed` hides the reason in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
