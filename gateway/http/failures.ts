// Everything that goes wrong on the way to a handler, as problems: Fastify's errors, Node's, and bugs.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InvariantError } from '../../core/invariant.ts'
import { withoutSecrets } from '../access/key-text.ts'
import { type ProblemBody, problemBody, RequestProblem } from '../api/problem-body.ts'
import type { ProblemCode } from '../api/problems.ts'
import { sendProblem } from './send-problem.ts'
import { awaitsAnswer } from './socket-limit.ts'

/** How long a refused client may take to read why. */
const LINGER_MS = 1_000

const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_json',
  FST_ERR_NOT_FOUND: 'not_found',
}

/** Sets the handlers for errors and unknown paths. A bug is answered 500 and then given to `onBug`. */
export function handleFailures(app: FastifyInstance, onBug: (bug: unknown) => void): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      problemBody('not_found', `${request.method} ${withoutSecrets(request.url)}`),
    ),
  )
  // Node would answer any other expectation than 100-continue by itself. HTTP lets a server pass over those.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  )
  app.setErrorHandler<FastifyError | RequestProblem>((error, request, reply) => {
    const code = codeOf(error)
    if (code === 'internal_error') {
      request.log.error({ err: error }, 'request failed by a bug')
      if (error instanceof InvariantError) onBug(error)
      return sendProblem(request, reply, problemBody(code))
    }
    return sendProblem(request, reply, problemBody(code, error.message))
  })
}

/** Answers paths that lead to no route because they cannot be read. No hook runs for these. */
export function answerBadPath(_: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  reply.header('x-content-type-options', 'nosniff')
  const detail = 'The path has a bad percent sequence, or a name that is too long.'
  sendProblem(request, reply, problemBody('bad_request', detail))
}

/**
 * Answers what Node's HTTP parser refuses, then closes the connection. Behind a request that is still being handled
 * it says nothing: the client would take the 400 for the answer to that one, which may have taken effect.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || awaitsAnswer(socket)) {
    socket.destroy()
    return
  }
  endWithProblem(socket, problemBody(parserCode(error.code), error.message))
}

/** Answers a connection that is out of Fastify's hands, and closes it. */
export function endWithProblem(socket: Duplex, body: ProblemBody): void {
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${body.status} ${body.title}\r\nconnection: close\r\n` +
      `content-type: application/problem+json; charset=utf-8\r\nx-content-type-options: nosniff\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
  // A client that never closes its side would keep the descriptor for ever; one that does needs a moment to read.
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

function codeOf(error: FastifyError | RequestProblem): ProblemCode {
  if (error instanceof RequestProblem) return error.code
  const known = FASTIFY_CODES[error.code]
  if (known !== undefined) return known
  const status = error.statusCode ?? 500
  return error.validation !== undefined || (status >= 400 && status < 500)
    ? 'bad_request'
    : 'internal_error'
}

function parserCode(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request'
}
