// The HTTP face: Fastify with every default that matters stated, and the routes of /v1.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerFactory,
} from 'fastify'
import { ACCESS_FOR_ANYONE, type Access } from '../access/access.ts'
import { parseJsonBody, requireJson } from '../api/json-body.ts'
import { newRequestIds } from '../api/request-id.ts'
import { BODY_BYTES_MAX } from '../api/schemas.ts'
import { registerConsole } from '../console/console.ts'
import type { ProcessGauges } from '../console/sampler.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { MetricsSources, ProcessLoad } from '../metrics/sources.ts'
import type { Partitions } from '../partitions.ts'
import type { StockBoard } from '../stock/stock-board.ts'
import { batchRoute } from './batch-route.ts'
import { withCallHeaders } from './call-headers.ts'
import { ConnectionCount } from './connection-count.ts'
import { answerBadPath, answerClientError, handleFailures } from './failures.ts'
import { guardRoutes } from './guards.ts'
import { holdRoutes } from './hold-routes.ts'
import { metricsRoute } from './metrics-route.ts'
import { operationRoutes } from './operation-routes.ts'
import { heedOrigins } from './other-origins.ts'
import { servePages } from './pages.ts'
import { requireSaneHeads } from './request-head.ts'
import { RequestLog } from './request-log.ts'
import { RequestRecorder } from './request-recorder.ts'
import { termsReader } from './request-terms.ts'
import { reservationRoutes } from './reservation-routes.ts'
import { OPEN } from './route-config.ts'
import { SECURITY_SCHEMES, withSecurity } from './route-docs.ts'
import { requireLanes, type SheddingOptions, shedFirst } from './shedding.ts'
import { skuRoutes } from './sku-routes.ts'
import { limitSockets } from './socket-limit.ts'
import { stockSocketRoute } from './stock-socket-route.ts'
import { stockStreamRoute } from './stock-stream-route.ts'
import { endRefusedUpgrades, UpgradableRequest } from './upgradable-request.ts'

/** Nothing is coerced, dropped or made up on the way in. */
const STRICT = { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false }

export interface AppOptions {
  readonly access: Access
  readonly partitions: Partitions
  /** What to refuse when too much comes, and how many connections to take; without it nothing is refused. */
  readonly shedding?: SheddingOptions
  /** Live stock; it is closed with the app. */
  readonly board: StockBoard
  readonly logger: FastifyBaseLogger | undefined
  /** Wall clock in ms since 1970. */
  readonly now: () => number
  /** A bug was met: the process must stop. */
  readonly onBug: (bug: unknown) => void
  readonly version: string
  /** Every answer says how long its stages took; otherwise those that belong to a trace do. */
  readonly serverTiming?: boolean
  /** What counts the calls; whoever wants to read it brings it. */
  readonly recorder?: RequestRecorder
  /** What /metrics tells beyond the calls; without it there is no such call. */
  readonly metrics?: MetricsSources
}

/** Builds the app, ready to listen or to be injected into. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { shedding, access, metrics, recorder = new RequestRecorder() } = options
  const connections = new ConnectionCount()
  const factory = shedding && shedFirst(shedding, access, connections)
  const app = createApp(options.logger, access, factory)
  const load = loadOf(app, shedding)
  recorder.watch(app)
  requireLanes(app)
  handleFailures(app, options.onBug)
  await heedOrigins(app, access)
  await guardRoutes(app, access)
  await describe(app, options.version)
  const { board } = options
  const { isStockPublic } = access
  const termsOf = termsReader(options.serverTiming ?? false)
  // A single SKU is answered with exact numbers, which a banded stream is meant to hide.
  skuRoutes(app, options.partitions, termsOf, isStockPublic && board.form.isExact)
  stockStreamRoute(app, board, isStockPublic)
  await stockSocketRoute(app, board, isStockPublic)
  reservationRoutes(app, options.partitions, termsOf)
  holdRoutes(app, options.partitions)
  batchRoute(app, options.partitions, termsOf, recorder, shedding?.gauge)
  operationRoutes(app, options.partitions, options.now)
  app.addHook('preClose', async () => board.close())
  // Streams have no end to wait for, and who listens to one sends nothing.
  shedding?.gauge.heed({
    unanswered: () => load.inFlight - board.subscribers,
    connections: () => connections.open - board.subscribers,
  })
  const gauges: ProcessGauges = {
    inFlight: () => load.inFlight,
    shed: () => load.shed.reserve + load.shed.read,
    subscribers: () => board.subscribers,
  }
  await registerConsole(app, { ...options, recorder, gauges })
  if (metrics !== undefined) {
    metricsRoute(app, new Metrics({ ...metrics, recorder, load, stream: board }))
  }
  await app.ready()
  return app
}

function loadOf(app: FastifyInstance, shedding: SheddingOptions | undefined): ProcessLoad {
  return {
    get inFlight() {
      return app.inFlight.total
    },
    shed: shedding?.gauge.shed ?? { reserve: 0, read: 0 },
  }
}

/** Fastify as Holdfast runs it, without routes: parser, limits, logs. The bench's constant route runs on the same. */
export function createApp(
  logger: FastifyBaseLogger | undefined,
  { trustedProxies }: Access = ACCESS_FOR_ANYONE,
  serverFactory?: FastifyServerFactory,
): FastifyInstance {
  const requestId = newRequestIds()
  const app = Fastify({
    ...(serverFactory && { serverFactory }),
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new RequestLog(),
    genReqId: (request) => requestId(request.headers['x-request-id']),
    requestIdHeader: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 5_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 0,
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerBadPath,
    routerOptions: { maxParamLength: 100 },
    http: {
      headersTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
      IncomingMessage: UpgradableRequest,
      // Node would answer without a body; we answer with a problem.
      requireHostHeader: false,
    },
    ajv: { customOptions: STRICT },
  })
  readJsonOnly(app)
  app.decorate('inFlight', limitSockets(app))
  app.decorateRequest('principal')
  app.decorateReply('problemCode', undefined)
  requireSaneHeads(app)
  endRefusedUpgrades(app)
  return app
}

function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addHook('preParsing', (request, _, payload, done) => {
    const hasBody = request.headers['content-length'] !== '0'
    if (
      hasBody &&
      (request.headers['content-type'] !== undefined || carriesBody(request.headers))
    ) {
      const { 'content-type': type, 'content-encoding': encoding } = request.headers
      requireJson(type, encoding, request.method === 'PATCH')
    }
    done(null, payload)
  })
  const types = ['application/json', 'application/merge-patch+json']
  app.addContentTypeParser(types, { parseAs: 'buffer' }, (_, body, done) => {
    try {
      done(null, (body as Buffer).length === 0 ? undefined : parseJsonBody(body as Buffer))
    } catch (problem) {
      done(problem as Error)
    }
  })
}

function carriesBody(headers: NodeJS.Dict<string | string[]>): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

async function describeToPeople(pages: FastifyInstance): Promise<void> {
  await pages.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // A page that came by http, from another machine, could not load its own parts any more.
    transformStaticCSP: (policy) =>
      policy
        .replace('upgrade-insecure-requests;', '')
        .replace("frame-ancestors 'self'", "frame-ancestors 'none'"),
  })
}

async function describe(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holdfast',
        description: 'Holds scarce stock for a crowd. Problems are listed in docs/errors.md.',
        version,
      },
      tags: [{ name: 'skus' }, { name: 'reservations' }, { name: 'server' }],
      components: { securitySchemes: SECURITY_SCHEMES },
      security: [{ apiKey: [] }, { buyerToken: [] }],
    },
    transform: ({ schema, url, route }) => ({
      schema: withSecurity(withCallHeaders(schema, url), route.config),
      url,
    }),
  })
  await servePages(app, describeToPeople)
  app.get('/openapi.json', { schema: { hide: true }, config: OPEN }, async () => app.swagger())
}
