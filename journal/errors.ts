// Every way in which the durable side of the world can fail, by stable code. Messages name file, seq and what to do.

const JOURNAL_FAULT_TITLES = {
  not_a_journal: 'The path holds no journal.',
  journal_foreign: 'The journal belongs to another cluster.',
  journal_newer: 'The journal was written by a newer version.',
  journal_mispartitioned: 'The journal belongs to another partition or partition count.',
  journal_damaged: 'A block does not read back as it was written.',
  journal_gap: 'Blocks are missing between two that are there.',
  journal_owned: 'Another live process owns the data directory.',
  journal_taken: 'The data directory is no longer that of the process which sells from it.',
  journal_archived: 'What is asked for is kept elsewhere: segments were archived or trimmed.',
  journal_unreadable: 'The operating system refused to open or read the journal.',
  snapshot_damaged: 'A snapshot does not read back as it was written.',
  snapshot_ahead: 'A snapshot covers events that the journal no longer has.',
  snapshot_mismatch: 'Replaying the journal gives another state than the snapshot says.',
  commit_failed: 'A commit failed.',
  commit_refused: 'A commit was not taken: another owner wrote to the journal.',
  commit_timeout: 'A commit did not return in time.',
  disk_full: 'There is too little free disk to open or go on.',
} as const

export type JournalFaultCode = keyof typeof JOURNAL_FAULT_TITLES

/** What each code means; `docs/errors.md` lists the same. */
export const JOURNAL_FAULTS: Readonly<Record<JournalFaultCode, string>> = JOURNAL_FAULT_TITLES

/** A fault of the durable side. `code` is stable; `message` says where, and what an operator can do. */
export class JournalError extends Error {
  readonly code: JournalFaultCode

  constructor(code: JournalFaultCode, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'JournalError'
    this.code = code
  }
}
