// What can go wrong with a drill itself, as opposed to what it finds.

export type DrillFaultCode =
  | 'server_ended'
  | 'server_answer'
  | 'no_compiler'
  | 'recorder_blind'
  | 'recording_unreadable'
  | 'recording_failed'
  | 'image_failed'

/** The drill could not be carried out; it says nothing about the server's promises. */
export class DrillError extends Error {
  readonly code: DrillFaultCode

  constructor(code: DrillFaultCode, message: string) {
    super(message)
    this.name = 'DrillError'
    this.code = code
  }
}
