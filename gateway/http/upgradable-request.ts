// Which requests may leave HTTP for another protocol: those for the WebSocket, and no others.
import { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** Where live stock is told by WebSocket. */
export const STOCK_SOCKET = '/v1/stock/socket'

/**
 * Node takes every request that offers an upgrade out of HTTP as soon as anybody listens for upgrades. But some clients
 * offer one with each request, such as Java's, which would like HTTP/2; they must go on being answered. So a request
 * asks for an upgrade only if it names the WebSocket and its path.
 */
export class UpgradableRequest extends IncomingMessage {
  #isOffered: boolean | null | undefined

  get upgrade(): boolean {
    // Node's own constructor comes first, when there is no field yet.
    if (!(#isOffered in this) || this.#isOffered !== true) return false
    return this.method === 'CONNECT' || isForSocket(this)
  }

  set upgrade(isOffered: boolean | null) {
    if (#isOffered in this) this.#isOffered = isOffered
  }
}

/**
 * Ends the connections of refused upgrades. Node has let go of them: its timeouts and its closing know nothing of them any
 * more, and the plugin ends only those that have come as far as its own route.
 */
export function endRefusedUpgrades(app: FastifyInstance): void {
  app.addHook('onResponse', (request, _, done) => {
    const { raw } = request
    if (raw instanceof UpgradableRequest && raw.upgrade) raw.socket.destroySoon()
    done()
  })
}

function isForSocket({ method, url = '', headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  return path === STOCK_SOCKET && headers.upgrade?.toLowerCase() === 'websocket'
}
