// From a partition's answer to an HTTP reply.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invariant } from '../../core/invariant.ts'
import type { ReservationView, SkuView } from '../../core/outcome.ts'
import type { Answer } from '../partition-port.ts'
import { reservationBody, skuAnswerBody, skuETag } from './answer-bodies.ts'
import { problemBody, refusalBody, sendProblem } from './problem-answer.ts'

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
  return reply.code(reservationStatus(answer)).send(body)
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
  return reply.code(answer.isNew ? 201 : 200).send(skuAnswerBody(answer))
}

/** Sends a refusal or a fault. */
export function sendNo(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  return sendProblem(request, reply, noBody(answer))
}

/** The problem that an answer which is no view comes to. */
export function noBody(answer: Answer): ReturnType<typeof problemBody> {
  if (answer.kind === 'refusal') return refusalBody(answer)
  invariant(answer.kind === 'fault', 'a partition answers with what was asked for')
  return problemBody(answer.code)
}

/** 201 for the answer that made the reservation, 200 for any other. */
export function reservationStatus(view: ReservationView | SkuView): number {
  return view.isNew ? 201 : 200
}
