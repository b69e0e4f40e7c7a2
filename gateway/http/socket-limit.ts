// Bounds what one connection may have in flight: HTTP/1.1 pipelining would start thousands of handlers at once.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { problemBody, sendProblem } from './problem-answer.ts'

/** Requests of one connection that may wait for their answers. */
export const IN_FLIGHT_PER_SOCKET_MAX = 64

const inFlight = new WeakMap<Socket, number>()

/** Answers 429 to what exceeds the bound, without executing it, and closes the connection. */
export function limitSockets(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const count = (inFlight.get(request.raw.socket) ?? 0) + 1
    inFlight.set(request.raw.socket, count)
    if (count <= IN_FLIGHT_PER_SOCKET_MAX) return done()
    reply.header('connection', 'close')
    return sendProblem(request, reply, problemBody('too_many_requests'))
  })
  app.addHook('onResponse', (request, _, done) => {
    inFlight.set(request.raw.socket, (inFlight.get(request.raw.socket) ?? 1) - 1)
    done()
  })
}
