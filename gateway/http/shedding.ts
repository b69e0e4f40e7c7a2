// Before anything else looks at a request: what is shed is answered here, for a tenth of what routing it would cost.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyServerFactory } from 'fastify'
import { invariant } from '../../core/invariant.ts'
import type { Access } from '../access/access.ts'
import type { Lane } from '../lane.ts'
import type { LoadGauge } from '../load-gauge.ts'
import type { ConnectionCount } from './connection-count.ts'
import { connectionLimit } from './connection-limit.ts'
import { HeldSockets } from './held-sockets.ts'
import { ManyCallers } from './many-callers.ts'
import { Refusals } from './refusals.ts'

const RESERVATIONS = '/v1/reservations'
const RESERVATION = '/v1/reservations/'
const BATCH = '/v1/batch'
const SKUS = '/v1/skus'
const STOCK = '/v1/stock/'

export interface SheddingOptions {
  readonly gauge: LoadGauge
  /** Connections at a time; the files that the process may open bound them too. */
  readonly connectionsMax: number
  /** Where connections wait that were refused; one of its own unless given. */
  readonly held?: HeldSockets
}

/** What Fastify hands on of its own options, as it would apply them to a server of its own making. */
interface HttpOptions {
  readonly http: http.ServerOptions
  readonly keepAliveTimeout: number
  readonly requestTimeout: number
}

/**
 * A server that refuses what the gauge refuses with 503 `busy`, before Fastify hears of it, and then leaves the
 * connection unread for a while, if it speaks for one buyer only. `connections` is told of every such server.
 */
export function shedFirst(
  options: SheddingOptions,
  { trustedProxies, corsOrigins }: Pick<Access, 'trustedProxies' | 'corsOrigins'>,
  connections: ConnectionCount,
): FastifyServerFactory {
  const { gauge, connectionsMax, held = new HeldSockets() } = options
  const refusals = new Refusals(held, corsOrigins)
  const manyCallers = new ManyCallers(trustedProxies)
  const maxConnections = connectionLimit(connectionsMax)
  const refuse = (request: IncomingMessage, response: ServerResponse) => {
    if (manyCallers.speakThrough(request)) refusals.atOnce(request, response)
    else refusals.atLeisure(request, response)
  }
  return (handle, fastify) => {
    const { http: limits, keepAliveTimeout, requestTimeout } = fastify as unknown as HttpOptions
    const server = http.createServer(limits, (request, response) => {
      const lane = laneOfRequest(request.method, request.url ?? '')
      if (lane === 'settle') manyCallers.heedSettling(request, response)
      if (gauge.refuses(lane)) {
        refuse(request, response)
        return
      }
      if (lane === 'reserve' && gauge.isOverloaded) response.once('close', gauge.take())
      handle(request, response)
    })
    connections.watch(server)
    Object.assign(server, { keepAliveTimeout, requestTimeout, maxConnections })
    if (trustedProxies.length > 0) {
      server.on('connection', (socket) => manyCallers.heedConnection(socket))
    }
    server.on('close', () => held.releaseAll())
    return server
  }
}

/** Insists that every route is of the lane that its first line says, since nobody looks at routes that early. */
export function requireLanes(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const lane = config?.lane ?? 'server'
    const methods = typeof method === 'string' ? [method] : method
    const isSame = methods.every((name) => laneOfRequest(name, url) === lane)
    invariant(isSame, `${method} ${url} is of the lane that its first line says`)
  })
}

/** The lane of a call, by its first line alone. */
function laneOfRequest(method: string | undefined, url: string): Lane {
  if (method === 'POST') {
    // Other spellings lead to the same routes, and nobody who means well uses them.
    if (isOdd(url)) return 'reserve'
    if (url.startsWith(RESERVATION) || url.startsWith(BATCH)) return 'settle'
    return url.startsWith(RESERVATIONS) ? 'reserve' : 'server'
  }
  if (method !== 'GET' && method !== 'HEAD') return 'server'
  const isOfStock = url.startsWith(RESERVATION) || url.startsWith(SKUS) || url.startsWith(STOCK)
  return isOfStock || isOdd(url) ? 'read' : 'server'
}

function isOdd(url: string): boolean {
  if (url[0] !== '/') return true
  const percent = url.indexOf('%')
  return percent >= 0 && !url.slice(0, percent).includes('?')
}
