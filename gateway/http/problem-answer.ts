// Problems as answers: application/problem+json (RFC 9457) with a stable code.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isRetryable, type Refusal } from '../../core/refusal.ts'
import { PROBLEMS, type ProblemCode } from './problems.ts'

/** The request cannot be handled; becomes a problem answer. `detail` tells the client what to change. */
export class RequestProblem extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.name = 'RequestProblem'
    this.code = code
  }
}

/** A problem as an object, ready for JSON. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
  readonly retryable: boolean
  readonly [more: string]: unknown
}

/** The problem `code` in words of its own, or in those of `detail`. */
export function problemBody(code: ProblemCode, detail?: string): ProblemBody {
  const { status, title, isRetryable: retryable, meaning } = PROBLEMS[code]
  return {
    type: `urn:holdfast:problem:${code}`,
    title,
    status,
    detail: detail ?? meaning,
    code,
    retryable,
  }
}

/** A refusal as a problem, with the members that its code carries. */
export function refusalBody(refusal: Refusal): ProblemBody {
  const { kind: _, code, ...members } = refusal
  return { ...problemBody(code), ...members, retryable: isRetryable(refusal) }
}

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
