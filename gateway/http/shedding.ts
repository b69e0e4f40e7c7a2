// Before anything else looks at a request: what is shed is answered here, for a tenth of what routing it would cost.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyServerFactory } from 'fastify'
import { invariant } from '../../core/invariant.ts'
import { problemBody } from '../api/problem-body.ts'
import { newRequestIds } from '../api/request-id.ts'
import type { Lane } from '../lane.ts'
import type { LoadGauge } from '../load-gauge.ts'
import { connectionLimit } from './connection-limit.ts'
import { HeldSockets } from './held-sockets.ts'

const RESERVATIONS = '/v1/reservations'
const RESERVATION = '/v1/reservations/'
const BATCH = '/v1/batch'
const SKUS = '/v1/skus'
const STOCK = '/v1/stock/'

/** The problem without its end, which is the request's id. */
const BUSY = JSON.stringify(problemBody('busy')).slice(0, -1)

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
 * connection unread for a while. Connections that have settled a hold are never left unread: shops send many buyers'
 * calls through one connection, and a confirm must not wait behind a reservation that was refused.
 */
export function shedFirst(options: SheddingOptions): FastifyServerFactory {
  const { gauge, connectionsMax, held = new HeldSockets() } = options
  const requestId = newRequestIds()
  const maxConnections = connectionLimit(connectionsMax)
  const settlers = new WeakSet<Socket>()
  return (handle, fastify) => {
    const { http: limits, keepAliveTimeout, requestTimeout } = fastify as unknown as HttpOptions
    const server = http.createServer(limits, (request, response) => {
      const lane = laneOfRequest(request.method, request.url ?? '')
      if (lane === 'settle') markWhenSettled(request, response, settlers)
      if (!gauge.refuses(lane)) {
        handle(request, response)
        return
      }
      if (!settlers.has(request.socket)) holdAfter(request, held)
      refuse(response, requestId(request.headers['x-request-id']))
    })
    Object.assign(server, { keepAliveTimeout, requestTimeout, maxConnections })
    server.on('close', () => held.releaseAll())
    return server
  }
}

// When a request has been read to its end, Node goes on reading, some ticks later; a microtask comes after all of them. The
// end of the poll would be too late: libuv puts it off for tens of thousands of requests while a thousand sockets are ready.
function holdAfter(request: IncomingMessage, held: HeldSockets): void {
  const { socket } = request
  request.once('close', () => queueMicrotask(() => held.hold(socket)))
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

// Whoever has not been let in has settled nothing.
function markWhenSettled(
  { socket }: IncomingMessage,
  response: ServerResponse,
  settlers: WeakSet<Socket>,
): void {
  if (settlers.has(socket)) return
  response.once('finish', () => {
    if (response.statusCode < 300) settlers.add(socket)
  })
}

function refuse(response: ServerResponse, id: string): void {
  const text = `${BUSY},"requestId":"${id}"}`
  response.writeHead(503, {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': text.length,
    'retry-after': '1',
    'x-request-id': id,
  })
  response.end(text)
}
