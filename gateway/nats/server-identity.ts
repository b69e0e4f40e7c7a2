// Whether a certificate belongs to the server we dialled, also when that was dialled by its address.
import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

/** What Node's TLS takes as `checkServerIdentity`: an error when the certificate names somebody else. */
export type IdentityCheck = (host: string, certificate: PeerCertificate) => Error | undefined

/**
 * The check for `servers` (`host:port`). The client library tells TLS no name when it dials an address, and Node then
 * checks for "localhost": a right certificate would be refused, and one for localhost taken from anybody. So in that
 * case the certificate must name one of the addresses that were given, or localhost if that was given too.
 */
export function identityCheck(servers: readonly string[]): IdentityCheck {
  const hosts = servers.map((server) => new URL(`nats://${server}`).hostname.replace(/[[\]]/g, ''))
  const nameless = hosts.filter((host) => isIP(host) !== 0 || host === 'localhost')
  return (host, certificate) => {
    const expected = host === 'localhost' && nameless.length > 0 ? nameless : [host]
    const errors = expected.map((name) => checkServerIdentity(name, certificate))
    return errors.includes(undefined) ? undefined : errors[0]
  }
}
