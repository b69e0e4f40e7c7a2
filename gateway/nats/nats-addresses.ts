// The addresses of nats-servers as people write them: nats://host:port, tls://host:port or host:port, with or without a login.

const DEFAULT_PORT = '4222'
const SCHEMES = ['nats:', 'tls:']

/** Where to dial. The client library reads only host and port of an address, so the rest is taken out of it here. */
export interface NatsAddresses {
  /** `host:port` each, at least one. */
  readonly servers: readonly string[]
  /** At least one address asks for TLS; then every connection must have it. */
  readonly isTls: boolean
  /** A login that an address carried; `password` is empty where only a token stood. */
  readonly login: { readonly user: string; readonly password: string } | undefined
}

/**
 * Takes apart addresses separated by commas.
 * @throws Error that says which address is wrong by its place, never by its text: that may hold a password.
 */
export function parseAddresses(text: string): NatsAddresses {
  const parts = text.split(',').map((part) => part.trim())
  const urls = parts.map((part, index) =>
    parseAddress(part, `address ${index + 1} of ${parts.length}`),
  )
  const logins = urls.filter(({ username, password }) => username !== '' || password !== '')
  const distinct = new Set(logins.map(({ username, password }) => `${username}:${password}`))
  if (distinct.size > 1) {
    throw new Error('the addresses carry different logins. Use one for all of them.')
  }
  const [first] = logins
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`),
    isTls: urls.some(({ protocol }) => protocol === 'tls:'),
    login: first && { user: decode(first.username), password: decode(first.password) },
  }
}

function parseAddress(part: string, place: string): URL {
  const text = part.includes('://') ? part : `nats://${part}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && isAddress(url)) return url
  throw new Error(
    `${place} is not nats://host:port, tls://host:port or host:port. ` +
      'In a login inside an address, write , @ : / ? # as %2C %40 %3A %2F %3F %23.',
  )
}

function isAddress(url: URL): boolean {
  const isBare = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === ''
  const isNamed = url.username !== '' || url.password === ''
  return (
    SCHEMES.includes(url.protocol) && url.hostname !== '' && url.port !== '0' && isBare && isNamed
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('the login inside an address is not percent-encoded as it must be.')
  }
}
