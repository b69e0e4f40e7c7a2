// GET /v1/holds: the holds that expire next, for whoever watches the sale.
import type { FastifyInstance } from 'fastify'
import { holdBody } from '../api/answer-bodies.ts'
import { HOLDS_LISTED, type HoldsQuery, holdsAnswer, holdsQuery } from '../api/schemas.ts'
import type { Partitions } from '../partitions.ts'
import { OPERATES } from './route-config.ts'
import { withProblems } from './route-docs.ts'
import { sendNo } from './send-answer.ts'

/** Registers the list of holds. It names buyers, so it is for operators. */
export function holdRoutes(app: FastifyInstance, partitions: Partitions): void {
  const response = withProblems({ 200: holdsAnswer })
  const summary = 'The holds that expire next'
  const schema = { summary, tags: ['reservations'], querystring: holdsQuery, response }
  app.get<{ Querystring: HoldsQuery }>(
    '/v1/holds',
    { schema, config: OPERATES },
    async (request, reply) => {
      const answer = await partitions.listDue(Number(request.query.limit ?? HOLDS_LISTED))
      if (answer.kind !== 'holds') return sendNo(request, reply, answer)
      return reply.send({ holds: answer.holds.map(holdBody) })
    },
  )
}
