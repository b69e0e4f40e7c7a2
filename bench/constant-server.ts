// The limit of HTTP: the same Fastify, parser, hooks and schemas, and an answer that never changes.
import { pino } from 'pino'
import {
  BATCH_BYTES_MAX,
  batchAnswer,
  batchBody,
  keyHeaders,
  reservationAnswer,
  reserveBody,
} from '../gateway/api/schemas.ts'
import { createApp } from '../gateway/http/app.ts'
import { withProblems } from '../gateway/http/route-docs.ts'

const app = createApp(pino())
const answer = {
  id: '3BY3QKQKZKJMAPMFEBGTY449JH',
  sku: 'sku-0',
  buyer: 'buyer-0',
  quantity: 1,
  state: 'held',
  remaining: 999_999_999,
  seq: '1000000',
  expiresAt: 1_795_317_103_709,
}
const schema = {
  headers: keyHeaders,
  body: reserveBody,
  response: withProblems({ 201: reservationAnswer }),
}

app.post('/v1/reservations', { schema }, async (_, reply) =>
  reply.code(201).header('location', `/v1/reservations/${answer.id}`).send(answer),
)

const batchSchema = { body: batchBody, response: withProblems({ 200: batchAnswer }) }
const result = { status: 201, ...answer }

// As the batch call does it: the texts of a batch's results are made by JSON.stringify.
app.post<{ Body: { operations: readonly unknown[] } }>(
  '/v1/batch',
  { schema: batchSchema, bodyLimit: BATCH_BYTES_MAX },
  async ({ body }, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8')
    return reply.serializer(JSON.stringify).send({ results: body.operations.map(() => result) })
  },
)

process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))
// A bench that is broken off must leave nothing behind.
process.once('disconnect', () => process.exit())
