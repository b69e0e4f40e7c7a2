// Bounds what one connection may have in flight: HTTP/1.1 pipelining would start thousands of handlers at once.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { problemBody } from '../api/problem-body.ts'
import { sendProblem } from './send-problem.ts'

/** Requests of one connection that may wait for their answers. */
export const IN_FLIGHT_PER_SOCKET_MAX = 64

declare module 'fastify' {
  interface FastifyInstance {
    /** Requests of this app that wait for their answers. */
    inFlight: RequestsInFlight
  }
}

/** Counts requests from their first hook to their answer, or to the end of their connection. */
export interface RequestsInFlight {
  readonly total: number
}

interface InFlight {
  count: number
  last: IncomingMessage
}

const inFlight = new WeakMap<Socket, InFlight>()

/**
 * Answers 429 to what exceeds the bound, without executing it, and closes the connection. Gives the count of all
 * connections together.
 */
export function limitSockets(app: FastifyInstance): RequestsInFlight {
  const all = { total: 0 }
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    // All that the API's answers need of a browser's guards: none is ever taken for a page or a script.
    reply.header('x-content-type-options', 'nosniff')
    if (countIn(request.raw, all) <= IN_FLIGHT_PER_SOCKET_MAX) return done()
    reply.header('connection', 'close')
    return sendProblem(request, reply, problemBody('too_many_requests'))
  })
  app.addHook('onResponse', (request, _, done) => {
    const requests = inFlight.get(request.raw.socket)
    // What a closed connection still waited for was counted off when it closed.
    if (requests !== undefined && requests.count > 0) {
      requests.count--
      all.total--
    }
    done()
  })
  return all
}

/** True while a request that has arrived whole waits for its answer: what is written now would pass for it. */
export function awaitsAnswer(socket: Socket): boolean {
  const requests = inFlight.get(socket)
  if (requests === undefined || requests.count === 0) return false
  return requests.count > 1 || requests.last.complete
}

function countIn(request: IncomingMessage, all: { total: number }): number {
  all.total++
  const requests = inFlight.get(request.socket)
  if (requests === undefined) {
    const first = { count: 1, last: request }
    inFlight.set(request.socket, first)
    request.socket.once('close', () => {
      all.total -= first.count
      first.count = 0
    })
    return 1
  }
  requests.last = request
  return ++requests.count
}
