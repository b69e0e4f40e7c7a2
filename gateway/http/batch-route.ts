// POST /v1/batch: up to 1,000 operations in one request. Each is validated, decided and answered by itself.
import type { FastifyInstance } from 'fastify'
import { buyerOf } from '../access/principal.ts'
import { answerOperations } from '../api/operations.ts'
import { BATCH_BYTES_MAX, batchAnswer, batchBody } from '../api/schemas.ts'
import type { LoadGauge } from '../load-gauge.ts'
import type { Partitions } from '../partitions.ts'
import type { RequestRecorder } from './request-recorder.ts'
import { type TermsReader, tellTiming } from './request-terms.ts'
import { BATCHES } from './route-config.ts'
import { withProblems } from './route-docs.ts'

interface BatchRoute {
  Body: { operations: readonly unknown[] }
}

/** Registers the batch call. `recorder` is told what came of every operation; `gauge` sheds reservations, if given. */
export function batchRoute(
  app: FastifyInstance,
  partitions: Partitions,
  termsOf: TermsReader,
  recorder: RequestRecorder,
  gauge?: LoadGauge,
): void {
  const response = withProblems({ 200: batchAnswer })
  const summary = 'Many operations on reservations at once'
  const schema = { summary, tags: ['reservations'], body: batchBody, response }
  const options = { schema, config: BATCHES, bodyLimit: BATCH_BYTES_MAX }
  app.post<BatchRoute>('/v1/batch', options, async (request, reply) => {
    const { operations } = request.body
    const terms = termsOf(request, reply)
    const asking = { buyer: buyerOf(request.principal), terms, gauge }
    const results = await answerOperations(partitions, operations, asking)
    tellTiming(reply, terms)
    recorder.countOperations(operations, results)
    reply.header('content-type', 'application/json; charset=utf-8')
    return reply.serializer(JSON.stringify).send({ results })
  })
}
