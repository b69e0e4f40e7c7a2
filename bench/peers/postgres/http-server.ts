// POST /v1/reservations on plain Fastify and PostgreSQL, in a process of its own: told where, it answers its URL.
import { createHash, randomUUID } from 'node:crypto'
import { setInterval } from 'node:timers'
import { type FastifyInstance, fastify } from 'fastify'
import type { Pool } from 'pg'
import { answerParent } from '../../answer-parent.ts'
import { openPool } from './pool.ts'
import { reserve } from './reserve-call.ts'

const EXPIRE_EVERY_MS = 1_000
const EXPIRE_MOST = 1_000
const STATUS = { made: 201, repeated: 200, sold_out: 409, limit: 409, unknown_sku: 404 } as const

export interface HttpQuestion {
  readonly socketFolder: string
}

interface Body {
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
}

const name = (maxLength: number) => ({
  type: 'string',
  pattern: `^[A-Za-z0-9_-]{1,${maxLength}}$`,
})
const units = { type: 'integer', minimum: 0 }
const body = {
  type: 'object',
  required: ['sku', 'buyer', 'quantity'],
  additionalProperties: false,
  properties: {
    sku: name(64),
    buyer: name(64),
    quantity: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  },
}
const made = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    sku: { type: 'string' },
    buyer: { type: 'string' },
    quantity: units,
    state: { type: 'string' },
    remaining: units,
    expiresAt: units,
  },
}
const refused = { type: 'object', properties: { code: { type: 'string' } } }
const schema = { body, response: { 200: made, 201: made, '4xx': refused } }

answerParent(async ({ socketFolder }: HttpQuestion): Promise<string> => {
  const pool = await openPool(socketFolder)
  setInterval(() => void pool.query('SELECT expire_due($1)', [EXPIRE_MOST]), EXPIRE_EVERY_MS)
  return appOf(pool).listen({ host: '127.0.0.1', port: 0 })
})

function appOf(pool: Pool): FastifyInstance {
  const app = fastify({ logger: false })
  app.post<{ Body: Body }>('/v1/reservations', { schema }, async ({ body, headers }, reply) => {
    const id = idOf(body, headers['idempotency-key'])
    const { outcome, remaining, expires_ms } = await reserve(pool, { id, ...body })
    reply.code(STATUS[outcome])
    if (outcome !== 'made' && outcome !== 'repeated') return { code: outcome }
    return { id, ...body, state: 'held', remaining, expiresAt: expires_ms }
  })
  return app
}

/** A retry with the same key gets the same id, whichever process it reaches. */
function idOf({ sku, buyer }: Body, key: string | string[] | undefined): string {
  if (key === undefined) return randomUUID()
  const hash = createHash('sha256').update(JSON.stringify([buyer, sku, key]))
  return hash.digest('hex').slice(0, 32)
}
