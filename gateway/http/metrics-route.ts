// GET /metrics: what Prometheus scrapes.
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics/metrics.ts'
import { WATCHES } from './route-config.ts'

/** Registers the call. */
export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  const summary = 'Metrics in the text format of Prometheus'
  const schema = { summary, tags: ['server'] }
  app.get('/metrics', { schema, config: WATCHES }, async (_, reply) => {
    const text = await metrics.scrape()
    return reply.header('content-type', metrics.contentType).send(text)
  })
}
