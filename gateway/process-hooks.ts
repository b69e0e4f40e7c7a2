// Why a server cannot go on by itself: the entry point turns it into the process' end.

export interface ProcessHooks {
  /** The journal failed or the partition was lost: every waiting answer has left. */
  readonly onFault: (fault: unknown) => void
  /** An invariant broke. */
  readonly onBug: (bug: unknown) => void
}
