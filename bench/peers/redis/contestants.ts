// Redis with a Lua script, behind Fastify and without HTTP, with either durability that its append-only file has.
import { invariant } from '../../../core/invariant.ts'
import { Child } from '../../child.ts'
import type { Contestant, Entry } from '../../contestant.ts'
import { type HttpServer, httpContestant } from '../../http-contestants.ts'
import { openSkus } from '../../http-load.ts'
import { compiledUrl } from '../compiled-url.ts'
import { checkRedis } from './check-redis.ts'
import type { DirectQuestion, DirectReply } from './direct.ts'
import type { HttpQuestion } from './http-server.ts'
import { type RedisServer, redisServerPath, type Sync, startRedis } from './redis-server.ts'

const SKIPPED = 'redis-server is not on PATH: apt-get install redis-server'
const DURABILITY: Readonly<Record<Sync, string>> = {
  everysec: 'fsync every second: a crash loses up to a second of answered reservations',
  always: 'one fsync per turn of its loop, before the answers',
}

const SCRIPT =
  'Redis 7 of its own, over TCP, append-only file, no RDB snapshots, no rewriting of the file in a run; one atomic Lua script by EVALSHA looks for a repeat, checks stock and limit per buyer, and writes hold, expiry and, where there is a limit, the units of the buyer; a sweep each second gives expired holds back.'

/** What was done for Redis and what was not, for the method of a scenario. */
export const FAIRNESS = {
  http: `${SCRIPT} Its Fastify is plain: schemas, no log, one pipelined connection of the vendor’s client without its time limit per command, the same settings of the garbage collector as Holdfast; no keys, metrics, limits or shedding, with all of which Holdfast runs.`,
  direct: `${SCRIPT} One client process keeps 1,024 calls in flight on 8 pipelined connections, by the same demand as the engine's; Redis and the client share the cores. Every run begins with an empty Redis.`,
} as const

/** POST /v1/reservations by Fastify and Redis. */
export function redisHttp(sync: Sync): Entry {
  const name = `Fastify + Redis Lua, AOF ${sync}`
  if (redisServerPath() === undefined) return { name, skipped: SKIPPED }
  let redis: RedisServer | undefined
  const contestant = httpContestant({
    ...{ name, role: 'peer', durability: DURABILITY[sync] },
    start: async () => {
      redis = await startRedis(sync)
      return startHttp(redis)
    },
    fill: (url) => openSkus(url),
    check: (_, made) => checkRedis(Number(redis?.port), made),
  })
  return { contestant }
}

async function startHttp(redis: RedisServer): Promise<HttpServer> {
  const child = new Child(compiledUrl('redis/http-server.js'))
  const stop = async () => {
    await child.end()
    await redis.stop()
  }
  try {
    const question: HttpQuestion = { port: redis.port }
    return { url: await child.ask<string>(question), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The same scripts without HTTP; every run has a new, empty Redis and is checked at its end. */
export function redisDirect(sync: Sync): Entry {
  const name = `Redis Lua without HTTP, AOF ${sync}`
  if (redisServerPath() === undefined) return { name, skipped: SKIPPED }
  let client: Child | undefined
  const contestant: Contestant = {
    ...{ name, role: 'peer', durability: DURABILITY[sync] },
    open: async () => {
      client = new Child(compiledUrl('redis/direct.js'))
    },
    run: async (seconds) => {
      invariant(client !== undefined, 'it is open')
      const perSecond = await reserveDirectly(client, sync, seconds)
      return { perSecond, requestsPerSecond: perSecond }
    },
    check: async () => undefined,
    close: async () => client?.end(),
  }
  return { contestant }
}

async function reserveDirectly(client: Child, sync: Sync, forSeconds: number): Promise<number> {
  const redis = await startRedis(sync)
  try {
    const question: DirectQuestion = { port: redis.port, seconds: forSeconds }
    const { made, seconds } = await client.ask<DirectReply>(question)
    return made / seconds
  } finally {
    await redis.stop()
  }
}
