// What the head of every request must be, beyond what Node's parser asks, and which trace it says it belongs to.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problemBody } from '../api/problem-body.ts'
import { readTraceparent, traceIds } from '../api/trace-context.ts'
import { sendProblem } from './send-problem.ts'

/** Node itself would drop the headers beyond a limit of its own without a word. */
const HEADERS_MAX = 100

/**
 * Refuses heads with too many headers or, as HTTP/1.1 asks, without a Host; closes the connection. Log lines of a
 * request that belongs to a trace carry its ids.
 */
export function requireSaneHeads(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { rawHeaders, httpVersion } = request.raw
    const { host, traceparent } = request.headers
    if (traceparent !== undefined) logTrace(request, traceparent)
    const hasTooMany = rawHeaders.length > 2 * HEADERS_MAX
    const lacksHost = host === undefined && httpVersion === '1.1'
    if (!hasTooMany && !lacksHost) return done()
    reply.header('connection', 'close')
    const problem = hasTooMany
      ? problemBody('headers_too_large')
      : problemBody('bad_request', 'The request has no Host header.')
    return sendProblem(request, reply, problem)
  })
}

function logTrace(request: FastifyRequest, header: unknown): void {
  const traceparent = readTraceparent(header)
  if (traceparent !== undefined) request.log = request.log.child({ ...traceIds(traceparent) })
}
