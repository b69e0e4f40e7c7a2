// Why replay could not do what it was asked, by stable code. What is wrong with a journal itself is a JournalError.

const REPLAY_FAULT_TITLES = {
  seq_unreached: 'The journal ends before the seq that was asked for.',
  snapshot_needed: 'No valid snapshot covers the segments that would go.',
  backup_differs: 'What was restored is not what the backup says of itself.',
  not_repairable: 'The damage is not of the kind that was to be repaired.',
  not_reshardable: 'The journals do not make up one whole cluster.',
  target_exists: 'The place to write to is taken.',
  server_unreachable: 'The server could not be reached.',
  server_answer: 'The server answered what no Holdfast answers.',
  journal_behind: 'The journal ends before the seq that the server is at.',
} as const

export type ReplayFaultCode = keyof typeof REPLAY_FAULT_TITLES

/** What each code means; `docs/errors.md` lists the same. */
export const REPLAY_FAULTS: Readonly<Record<ReplayFaultCode, string>> = REPLAY_FAULT_TITLES

/** What was asked could not be done; it says nothing about the journal's health. `code` is stable. */
export class ReplayError extends Error {
  readonly code: ReplayFaultCode

  constructor(code: ReplayFaultCode, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'ReplayError'
    this.code = code
  }
}
