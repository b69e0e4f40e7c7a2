// A small HTTP face for a process that has no other: metrics, health, readiness.
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { type Access, startAccess } from './access/access.ts'
import { createApp } from './http/app.ts'
import { connectionLimit } from './http/connection-limit.ts'
import { handleFailures } from './http/failures.ts'
import { guardRoutes } from './http/guards.ts'
import { metricsRoute } from './http/metrics-route.ts'
import { healthRoutes } from './http/operation-routes.ts'
import { heedOrigins } from './http/other-origins.ts'
import type { Metrics } from './metrics/metrics.ts'

/** Monitors and probes are few, and a journal needs its files. */
const CONNECTIONS_MAX = 64

export interface StatusServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly logger: FastifyBaseLogger | undefined
  readonly access: Access
  readonly metrics: Metrics
  /** Why the process does not serve right now; empty when it does. */
  readonly unreadyReasons: () => readonly string[]
  /** A bug was met: the process must stop. */
  readonly onBug: (bug: unknown) => void
}

/** Listens; resolves with the app, which whoever started it closes. @throws when the address is taken. */
export async function startStatusServer(options: StatusServerOptions): Promise<FastifyInstance> {
  const { host, port, logger, access, metrics, unreadyReasons, onBug } = options
  const app = createApp(logger)
  app.server.maxConnections = connectionLimit(CONNECTIONS_MAX)
  handleFailures(app, onBug)
  await heedOrigins(app, access)
  await guardRoutes(app, access)
  metricsRoute(app, metrics)
  healthRoutes(app, unreadyReasons)
  if (logger !== undefined) startAccess(access, logger)
  app.addHook('onClose', async () => access.keys?.stop())
  const listenTextResolver = () => 'status port open'
  const url = await app.listen({ host, port, listenTextResolver })
  logger?.info({ url }, 'telling metrics and health')
  return app
}
