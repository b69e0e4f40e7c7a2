// Connections that speak for many buyers: a confirm must not wait there behind somebody else's refused reservation.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { looksLikeKey } from '../access/key-text.ts'
import { bearerOf } from './bearer.ts'

/** Tells connections of shops and proxies from those of a single buyer, who has nothing to say while he is held. */
export class ManyCallers {
  readonly #proxies: BlockList
  /** Connections of proxies, and those by which a hold was settled. */
  readonly #known = new WeakSet<Socket>()

  /** `trustedProxies` are addresses and networks. */
  constructor(trustedProxies: readonly string[] = []) {
    this.#proxies = listOf(trustedProxies)
  }

  /** Heeds a connection that is new: asking for its address later would cost as much as refusing what comes by it. */
  heedConnection(socket: Socket): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined) return
    const isProxy = this.#proxies.check(remoteAddress, isIP(remoteAddress) === 6 ? 'ipv6' : 'ipv4')
    if (isProxy) this.#known.add(socket)
  }

  /** Heeds a call that settles a hold: whoever has been let in with one is no mere buyer in a crowd. */
  heedSettling({ socket }: IncomingMessage, response: ServerResponse): void {
    if (this.#known.has(socket)) return
    response.once('finish', () => {
      if (response.statusCode < 300) this.#known.add(socket)
    })
  }

  /** Whether others may want to be heard over the connection of `request`. */
  speakThrough(request: IncomingMessage): boolean {
    return this.#known.has(request.socket) || carriesKey(request)
  }
}

// The key is not checked here: who makes one up is spared no refusal, only the wait for the next.
function carriesKey(request: IncomingMessage): boolean {
  const word = bearerOf(request)
  return word !== undefined && looksLikeKey(word)
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
