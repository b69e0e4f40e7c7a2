// Why NATS cannot be reached or refuses something, in sentences for an operator, told at a bounded rate.
import {
  AuthorizationError,
  PermissionViolationError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node'

const REPEAT_MS = 10_000
/** Subjects make reasons distinct, so their number is bounded as well. */
const MAX_REASONS = 100

const CUT = 'The connection was cut: does the server want TLS first, or is it no nats-server?'

const NO_DIAL: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: is nats-server running?',
  ENOTFOUND: 'The name is not known: check --nats.',
  EAI_AGAIN: 'The name cannot be looked up at the moment.',
  ECONNRESET: CUT,
}

const TLS_CODE = /^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO)/

/** Passes reasons on to `tell`: the same one at most once in 10 s. */
export function boundedTrouble(tell: (reason: string) => void): (reason: string) => void {
  const told = new Map<string, number>()
  return (reason) => {
    const now = performance.now()
    for (const [old, at] of told) if (now - at >= REPEAT_MS) told.delete(old)
    if (told.has(reason) || told.size >= MAX_REASONS) return
    told.set(reason, now)
    tell(reason)
  }
}

/** What an error of the client library means, and what to do. `servers` are `host:port`. */
export function describeTrouble(error: unknown, servers: readonly string[]): string {
  const where = servers.join(', ')
  if (error instanceof PermissionViolationError) return describeViolation(error)
  if (error instanceof UserAuthenticationExpiredError) {
    return 'nats-server says that the log-in has expired. Renew the creds file.'
  }
  if (error instanceof AuthorizationError) {
    return `nats-server at ${where} refuses the log-in (${error.message}). Check the user, password, token, key or creds file.`
  }
  if (error instanceof TimeoutError) {
    return (
      `The server at ${where} took the connection but said no word in time. ` +
      'It may hang, be no nats-server, or want a client certificate (--nats-tls-cert-file).'
    )
  }
  return describeFailure(error, where)
}

function describeViolation({ operation, subject, message }: PermissionViolationError): string {
  if (subject === '') return `nats-server denies something: ${message}`
  const verb = operation === 'publish' ? 'publish to' : 'subscribe to'
  return `nats-server does not permit our user to ${verb} "${subject}". Extend its permissions.`
}

function describeFailure(error: unknown, where: string): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const hint = NO_DIAL[code]
  if (hint !== undefined) return `No connection to nats-server at ${where} (${code}). ${hint}`
  if (TLS_CODE.test(code)) {
    return `No TLS with nats-server at ${where} (${message}). Check --nats-tls-ca-file and the server's certificate.`
  }
  // What the library says when the server hung up without an error.
  if (message.includes('undefined error')) return `No nats-server at ${where}. ${CUT}`
  if (message.includes("does not support 'tls'")) {
    return `nats-server at ${where} offers no TLS, but the settings ask for it. Configure it there, or leave it out.`
  }
  return `No connection to nats-server at ${where} (${message}).`
}

// The library wraps what the operating system said.
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}
