// /v1/reservations: reserve, look up, confirm, cancel, extend, return.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invariant } from '../../core/invariant.ts'
import { parseReservationId, type ReservationId } from '../../core/reservation-id.ts'
import { buyerOf } from '../access/principal.ts'
import { idOfKey, randomId } from '../api/new-reservation-id.ts'
import { requireOwnBuyer, requireShortMeta } from '../api/operations.ts'
import {
  type ConfirmBody,
  cancelBody,
  confirmBody,
  type ExtendBody,
  extendBody,
  idParams,
  keyHeaders,
  type ReserveBody,
  type ReturnBody,
  reservationAnswer,
  reserveBody,
  returnBody,
} from '../api/schemas.ts'
import type { Partitions } from '../partitions.ts'
import { idempotencyKey } from './idempotency-key.ts'
import type { TermsReader } from './request-terms.ts'
import { type AskReservation, reservationCalls } from './reservation-call.ts'
import { HOLDS, LOOKS_UP, RESERVES, SETTLES } from './route-config.ts'
import { withProblems } from './route-docs.ts'

interface IdRoute {
  Params: { id: string }
}

/** Registers the calls on single reservations. */
export function reservationRoutes(
  app: FastifyInstance,
  partitions: Partitions,
  termsOf: TermsReader,
): void {
  const ask = reservationCalls(partitions, termsOf)
  reserveRoute(app, ask)
  lookUpRoute(app, ask)
  confirmRoute(app, ask)
  cancelRoute(app, ask)
  extendRoute(app, ask)
  returnRoute(app, ask)
}

function reserveRoute(app: FastifyInstance, ask: AskReservation): void {
  const response = withProblems({ 200: reservationAnswer, 201: reservationAnswer })
  const summary = 'Hold units for a buyer'
  const tags = ['reservations']
  const schema = { summary, tags, headers: keyHeaders, body: reserveBody, response }
  app.post<{ Body: ReserveBody }>(
    '/v1/reservations',
    { schema, config: RESERVES },
    (request, reply) => {
      const { sku, buyer, quantity, holdMs, meta } = request.body
      const own = buyerOf(request.principal)
      if (own !== undefined) requireOwnBuyer(buyer, own)
      requireShortMeta(meta)
      const key = idempotencyKey(request)
      const id = key === undefined ? randomId(sku) : idOfKey(buyer, sku, key)
      const isFreshId = key === undefined
      const command = {
        kind: 'reserve',
        id,
        sku,
        buyer,
        quantity,
        holdMs,
        meta,
        isFreshId,
      } as const
      ask(command, request, reply)
    },
  )
}

function lookUpRoute(app: FastifyInstance, ask: AskReservation): void {
  const response = withProblems({ 200: reservationAnswer })
  const schema = { summary: 'Look one up', tags: ['reservations'], params: idParams, response }
  app.get<IdRoute>('/v1/reservations/:id', { schema, config: LOOKS_UP }, (request, reply) => {
    const buyer = buyerOf(request.principal)
    const command = { kind: 'read-reservation', id: idOf(request), buyer } as const
    // What a buyer holds is nobody else's, and changes by itself.
    reply.header('cache-control', 'no-store')
    ask(command, request, reply)
  })
}

function confirmRoute(app: FastifyInstance, ask: AskReservation): void {
  const schema = changeSchema('Sell what is held', confirmBody)
  app.post<IdRoute & { Body: ConfirmBody }>(
    '/v1/reservations/:id/confirm',
    { schema, config: SETTLES, preValidation: emptyBodyAsObject },
    (request, reply) => {
      const { quantity, paymentId } = request.body
      const command = { kind: 'confirm', id: idOf(request), quantity, paymentId } as const
      ask(command, request, reply)
    },
  )
}

function cancelRoute(app: FastifyInstance, ask: AskReservation): void {
  const schema = changeSchema('Give a hold back', cancelBody)
  app.post<IdRoute>(
    '/v1/reservations/:id/cancel',
    { schema, config: HOLDS, preValidation: emptyBodyAsObject },
    (request, reply) => {
      const buyer = buyerOf(request.principal)
      const command = { kind: 'cancel', id: idOf(request), buyer } as const
      ask(command, request, reply)
    },
  )
}

function extendRoute(app: FastifyInstance, ask: AskReservation): void {
  const schema = changeSchema('Hold longer', extendBody)
  app.post<IdRoute & { Body: ExtendBody }>(
    '/v1/reservations/:id/extend',
    { schema, config: HOLDS },
    (request, reply) => {
      const { holdMs } = request.body
      const buyer = buyerOf(request.principal)
      const command = { kind: 'extend', id: idOf(request), holdMs, buyer } as const
      ask(command, request, reply)
    },
  )
}

function returnRoute(app: FastifyInstance, ask: AskReservation): void {
  const schema = changeSchema('Take sold units back', returnBody)
  app.post<IdRoute & { Body: ReturnBody }>(
    '/v1/reservations/:id/return',
    { schema, config: SETTLES, preValidation: emptyBodyAsObject },
    (request, reply) => {
      const { returnedTotal } = request.body
      const command = { kind: 'return', id: idOf(request), returnedTotal } as const
      ask(command, request, reply)
    },
  )
}

function changeSchema<Body>(summary: string, body: Body) {
  const response = withProblems({ 200: reservationAnswer })
  return { summary, tags: ['reservations'], params: idParams, body, response }
}

// Where every field is optional, no body at all is fine.
function emptyBodyAsObject(request: FastifyRequest, _: FastifyReply, done: () => void): void {
  request.body ??= {}
  done()
}

function idOf(request: FastifyRequest<IdRoute>): ReservationId {
  const id = parseReservationId(request.params.id)
  invariant(id !== undefined, 'the schema lets well-formed ids through only')
  return id
}
