// Faults of the servers that the bench compares with.

export type PeerErrorCode = 'server_ended' | 'server_silent' | 'set_up_failed'

/** A peer that is there could not be brought to run. */
export class PeerError extends Error {
  readonly code: PeerErrorCode

  constructor(code: PeerErrorCode, message: string) {
    super(message)
    this.name = 'PeerError'
    this.code = code
  }
}
