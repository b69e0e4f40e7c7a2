// Fastify in front of Redis as its users write it: schemas for bodies and answers, no log, one connection to Redis.
//
// A process of its own: told where Redis is, it answers its own URL. Ids are random; once a second expired holds give
// their units back.
import { randomUUID } from 'node:crypto'
import { setInterval } from 'node:timers'
import { type FastifyInstance, fastify } from 'fastify'
import { answerParent } from '../../answer-parent.ts'
import { RedisSale } from './redis-sale.ts'

const SWEEP_EVERY_MS = 1_000

export interface HttpQuestion {
  readonly port: number
}

interface Reservation {
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
}

const text = { type: 'string', minLength: 1, maxLength: 64 }
const reservation = {
  body: {
    type: 'object',
    required: ['sku', 'buyer', 'quantity'],
    properties: { sku: text, buyer: text, quantity: { type: 'integer', minimum: 1 } },
  },
  response: {
    201: {
      type: 'object',
      properties: {
        ...{ id: text, sku: text, buyer: text, state: text },
        ...{ quantity: { type: 'integer' }, remaining: { type: 'integer' } },
        expiresAt: { type: 'integer' },
      },
    },
    '4xx': { type: 'object', properties: { code: text, remaining: { type: 'integer' } } },
  },
}
const sku = {
  body: {
    type: 'object',
    required: ['stock', 'holdMs'],
    properties: { stock: { type: 'integer' }, holdMs: { type: 'integer' } },
  },
}

answerParent(async ({ port }: HttpQuestion): Promise<string> => {
  const sale = await RedisSale.connect(port)
  setInterval(() => void sale.sweep(Date.now()), SWEEP_EVERY_MS)
  return appOf(sale).listen({ host: '127.0.0.1', port: 0 })
})

function appOf(sale: RedisSale): FastifyInstance {
  const app = fastify()
  app.post<{ Body: Reservation }>(
    '/v1/reservations',
    { schema: reservation },
    async ({ body }, reply) => {
      const wish = { id: randomUUID(), sku: body.sku, buyer: body.buyer, quantity: body.quantity }
      const { state, remaining, expiresAt } = await sale.reserve(wish, Date.now())
      if (state === 'held') return reply.code(201).send({ ...wish, state, remaining, expiresAt })
      return reply.code(state === 'unknown_sku' ? 404 : 409).send({ code: state, remaining })
    },
  )
  app.put<{ Params: { sku: string }; Body: { stock: number; holdMs: number } }>(
    '/v1/skus/:sku',
    { schema: sku },
    async ({ params, body }, reply) =>
      reply.code((await sale.openSku(params.sku, body)) ? 201 : 409).send(),
  )
  return app
}
