// What machines and operators ask of the server itself: time, health, readiness, partitions.
import type { FastifyInstance } from 'fastify'
import { Type } from '#typebox'
import type { OwnerStatus, PartitionStatus } from '../owner-status.ts'
import type { Partitions } from '../partitions.ts'
import { OPEN, PROBES, WATCHES } from './route-config.ts'
import { withProblems } from './route-docs.ts'
import { sendNo } from './send-answer.ts'

const partitionsQuery = Type.Object(
  {
    hash: Type.Optional(
      Type.Literal('true', { description: 'Also hash the state; walks all of it.' }),
    ),
  },
  { additionalProperties: false },
)

/** Registers the calls on the server. `now` is the clock that decides sales. */
export function operationRoutes(
  app: FastifyInstance,
  partitions: Partitions,
  now: () => number,
): void {
  app.get(
    '/v1/time',
    { schema: { summary: 'The clock that decides', tags: ['server'] }, config: OPEN },
    async () => ({
      now: now(),
    }),
  )
  healthRoutes(app, () => partitions.unreadyReasons())
  partitionsRoute(app, partitions)
}

/** Registers the two calls that supervisors and load balancers make. */
export function healthRoutes(app: FastifyInstance, unreadyReasons: () => readonly string[]): void {
  const healthz = { summary: 'Is the process alive?', tags: ['server'] }
  app.get('/healthz', { schema: healthz, config: PROBES }, async () => ({ status: 'ok' }))
  const readyz = { summary: 'Does it sell? 503 with the reasons when not', tags: ['server'] }
  app.get('/readyz', { schema: readyz, config: PROBES }, async (_, reply) => {
    const reasons = unreadyReasons()
    const isReady = reasons.length === 0
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not ready', reasons })
  })
}

function partitionBody(view: PartitionStatus, partition: number): object {
  const { kind: _, lastSeq, owner, ...more } = view
  return { partition, lastSeq: String(lastSeq), ...more, owner: owner && ownerBody(owner) }
}

function ownerBody({ durableSeq, snapshotSeq, ...more }: OwnerStatus): object {
  return { ...more, durableSeq: String(durableSeq), snapshotSeq: String(snapshotSeq) }
}

function partitionsRoute(app: FastifyInstance, partitions: Partitions): void {
  const summary = 'What each partition says of itself'
  const schema = {
    summary,
    tags: ['server'],
    querystring: partitionsQuery,
    response: withProblems({}),
  }
  app.get<{ Querystring: { hash?: string } }>(
    '/v1/partitions',
    { schema, config: WATCHES },
    async (request, reply) => {
      const withHash = request.query.hash === 'true'
      const answers = await partitions.describe(withHash)
      const silent = answers.find(({ kind }) => kind !== 'partition')
      if (silent !== undefined) return sendNo(request, reply, silent)
      const views = answers.filter((answer) => answer.kind === 'partition')
      return reply.send({ partitions: views.map(partitionBody) })
    },
  )
}
