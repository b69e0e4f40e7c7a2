// Problems as HTTP answers: application/problem+json (RFC 9457).
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ProblemBody } from '../api/problem-body.ts'

/** Sends a problem; 429 and 503 say when to come back. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  body: ProblemBody,
): FastifyReply {
  if (body.status === 503 || body.status === 429) reply.header('retry-after', '1')
  return reply
    .code(body.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ ...body, requestId: request.id })
}
