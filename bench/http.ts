// POST /v1/reservations, one unit a request, durable: against a constant route, and against peers behind Fastify.
import { contest, ratioOf } from './contest.ts'
import { constantHttp, holdfastHttp } from './http-contestants.ts'
import { CONNECTIONS } from './http-load.ts'
import type { BenchOptions } from './options.ts'
import { POSTGRES_FAIRNESS, postgresHttp } from './peers/postgres/contestants.ts'
import { FAIRNESS as REDIS_FAIRNESS, redisHttp } from './peers/redis/contestants.ts'
import { RESTATE_FAIRNESS, restateHttp } from './peers/restate/contestants.ts'
import type { ScenarioReport } from './scenario-report.ts'

const OURS = 'Holdfast'
const RESTATE = 'Restate virtual object per SKU'

/** All in turn, round by round. */
export async function benchHttp(options: BenchOptions): Promise<ScenarioReport> {
  const entries = [
    { contestant: constantHttp() },
    { contestant: holdfastHttp() },
    redisHttp('everysec'),
    redisHttp('always'),
    postgresHttp(),
    await restateHttp(),
  ]
  const { lines, skipped } = await contest('http', entries, options)
  const toConstant = ratioOf(lines, OURS, 'constant Fastify route', {
    words: '≥ 0.85 of the constant Fastify route',
    min: 0.85,
  })
  const toRedis = ratioOf(lines, OURS, 'Fastify + Redis Lua, AOF everysec', {
    words: '≥ 2 × Fastify + Redis (everysec)',
    min: 2,
  })
  const others = ['Fastify + Redis Lua, AOF always', 'Fastify + PostgreSQL', RESTATE].map((peer) =>
    ratioOf(lines, OURS, peer),
  )
  return {
    name: 'http',
    title: 'HTTP, one reservation a request',
    method: [
      `POST /v1/reservations by autocannon over ${CONNECTIONS} connections, closed loop, in the bench's own process; every request is a new reservation.`,
      'The constant route runs on the same Fastify: same parser, hooks, schemas and Node flags.',
      REDIS_FAIRNESS.http,
      POSTGRES_FAIRNESS,
      RESTATE_FAIRNESS,
      'All processes and autocannon share the cores.',
    ],
    lines,
    figures: [toConstant, toRedis, ...others].filter((figure) => figure !== undefined),
    curves: [],
    checks: [
      'Every acknowledged reservation is held; available + held + sold = stock for each SKU.',
    ],
    skipped,
  }
}
