// From a partition's answer to an HTTP reply.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { reservationBody, skuAnswerBody, skuETag } from '../api/answer-bodies.ts'
import { viewStatus } from '../api/operations.ts'
import { problemOf } from '../api/problem-body.ts'
import type { Answer } from '../partition-port.ts'
import { sendProblem, sendRefusal } from './send-problem.ts'

/** Sends what a call on one reservation came to. */
export function sendReservation(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
): FastifyReply {
  if (answer.kind !== 'reservation') return sendNo(request, reply, answer)
  const body = reservationBody(answer)
  if (answer.isReplay) reply.header('idempotent-replayed', 'true')
  if (answer.isNew) reply.header('location', `/v1/reservations/${body.id}`)
  return reply.code(viewStatus(answer)).send(body)
}

/** Sends what a call on one SKU came to. */
export function sendSku(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
): FastifyReply {
  if (answer.kind !== 'sku') return sendNo(request, reply, answer)
  if (answer.isReplay) reply.header('idempotent-replayed', 'true')
  if (answer.isNew) reply.header('location', `/v1/skus/${answer.sku}`)
  reply.header('etag', skuETag(answer))
  return reply.code(viewStatus(answer)).send(skuAnswerBody(answer))
}

/** Sends a refusal or a fault. */
export function sendNo(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.kind === 'refusal') return sendRefusal(request, reply, answer)
  return sendProblem(request, reply, problemOf(answer))
}
