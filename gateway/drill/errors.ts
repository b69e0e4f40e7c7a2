// What can go wrong with a drill itself, as opposed to what it finds.

export type DrillFaultCode = 'server_ended' | 'server_answer'

/** The drill could not be carried out; it says nothing about the server's promises. */
export class DrillError extends Error {
  readonly code: DrillFaultCode

  constructor(code: DrillFaultCode, message: string) {
    super(message)
    this.name = 'DrillError'
    this.code = code
  }
}
