// The fault of settings for NATS, apart from what reads them: a server that needs no NATS loads no client of it.

/** The settings for NATS cannot be used; the message names the setting, says what to do, and holds no secret. */
export class LinkError extends Error {
  readonly code = 'link_settings'

  constructor(message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'LinkError'
  }
}
