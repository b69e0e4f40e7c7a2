// Problems as HTTP answers: application/problem+json (RFC 9457).
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isRetryable, type Refusal } from '../../core/refusal.ts'
import { type ProblemBody, problemBody } from '../api/problem-body.ts'
import type { ProblemCode } from '../api/problems.ts'

const CONTENT_TYPE = 'application/problem+json; charset=utf-8'

/** What all refusals of one code have in common: the beginning of their JSON, encoded once. */
const beginnings = new Map<ProblemCode, { readonly status: number; readonly text: string }>()

/** Sends a problem; 429 and 503 say when to come back. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  body: ProblemBody,
): FastifyReply {
  if (body.status === 503 || body.status === 429) reply.header('retry-after', '1')
  reply.problemCode = body.code
  const text = JSON.stringify({ ...body, requestId: request.id })
  return reply.code(body.status).header('content-type', CONTENT_TYPE).send(text)
}

/** Sends a refusal with the members that its code carries. A sold-out storm is made of these, so it costs little. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply {
  const { status, text: beginning } = beginningOf(refusal.code)
  reply.problemCode = refusal.code
  let text = beginning
  for (const [name, value] of Object.entries(refusal)) {
    if (name === 'kind' || name === 'code') continue
    // Numbers and booleans need no escaping.
    text += `,"${name}":${typeof value === 'string' ? JSON.stringify(value) : value}`
  }
  text += `,"retryable":${isRetryable(refusal)},"requestId":${JSON.stringify(request.id)}}`
  return reply.code(status).header('content-type', CONTENT_TYPE).send(text)
}

function beginningOf(code: ProblemCode): { readonly status: number; readonly text: string } {
  const known = beginnings.get(code)
  if (known !== undefined) return known
  const { retryable: _, ...rest } = problemBody(code)
  const made = { status: rest.status, text: JSON.stringify(rest).slice(0, -1) }
  beginnings.set(code, made)
  return made
}
