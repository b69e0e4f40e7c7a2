// Which addresses only this machine can reach.
import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether `host`, an address or a name to listen on, is this machine's alone. Of names only `localhost` is. */
export function isLoopback(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return host.toLowerCase() === 'localhost'
  return version === 4 ? loopback.check(host) : loopback.check(host.replace(/%.*$/, ''), 'ipv6')
}
