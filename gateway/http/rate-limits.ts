// How often one key, one buyer and one address may call. RateLimit headers as in draft-ietf-httpapi-ratelimit-headers-06.
import rateLimit from '@fastify/rate-limit'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  preHandlerHookHandler,
} from 'fastify'
import type { Access } from '../access/access.ts'
import { problemBody } from '../api/problem-body.ts'
import { sendProblem } from './send-problem.ts'

const WINDOW_MS = 1_000
/** Callers that are counted at once; the one that called longest ago is forgotten first. */
const CALLERS_MAX = 100_000

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** The limits that are on. */
export interface RateLimits {
  /** Of addresses: before anything else is looked at. */
  readonly ofAddress: onRequestHookHandler | undefined
  /** Of keys and buyers: once it is known who calls. */
  readonly ofPrincipal: onRequestHookHandler | undefined
  /** Of the operations in a buyer's batch but the first, which the request itself counts for. */
  readonly ofBatch: preHandlerHookHandler | undefined
  /** Counts a failed authentication; true when the address has had its share. */
  readonly hasFailedTooOften: (request: FastifyRequest) => Promise<boolean>
}

/** Sets the limits of `access` up, without any hook yet. */
export async function rateLimits(app: FastifyInstance, access: Access): Promise<RateLimits> {
  await app.register(rateLimit, { global: false })
  const { perKey, perBuyer, perAddress, failuresPerAddress } = access.rates
  const limiter = (max: number, keyGenerator?: (request: FastifyRequest) => string) => {
    const by = keyGenerator === undefined ? {} : { keyGenerator }
    const options = { max, timeWindow: WINDOW_MS, cache: CALLERS_MAX, ...by }
    return app.createRateLimit(options)
  }
  const ofKey = perKey > 0 && access.keys !== undefined ? limiter(perKey, nameOf) : undefined
  const ofBuyer =
    perBuyer > 0 && access.tokens !== undefined ? limiter(perBuyer, nameOf) : undefined
  const failures = limiter(failuresPerAddress)
  return {
    ofAddress: perAddress > 0 ? hookOf(limiter(perAddress)) : undefined,
    ofPrincipal: (ofKey ?? ofBuyer) ? principalHook(ofKey, ofBuyer) : undefined,
    ofBatch: ofBuyer && batchHook(ofBuyer),
    hasFailedTooOften: async (request) => isExceeded(await failures(request)),
  }
}

/** The id of a key, or a buyer's name: each is counted among its own. */
function nameOf({ principal }: FastifyRequest): string {
  if (principal.kind === 'key') return principal.id
  return principal.kind === 'buyer' ? principal.buyer : ''
}

function hookOf(limiter: Limiter): onRequestHookHandler {
  return (request, reply, done) => {
    heed(limiter, request, reply).then((isRefused) => isRefused || done(), done)
  }
}

function principalHook(
  ofKey: Limiter | undefined,
  ofBuyer: Limiter | undefined,
): onRequestHookHandler {
  return (request, reply, done) => {
    const { kind } = request.principal
    const limiter = kind === 'key' ? ofKey : kind === 'buyer' ? ofBuyer : undefined
    if (limiter === undefined) return done()
    heed(limiter, request, reply).then((isRefused) => isRefused || done(), done)
  }
}

function batchHook(limiter: Limiter): preHandlerHookHandler {
  return (request, reply, done) => {
    if (request.principal.kind !== 'buyer') return done()
    const { operations } = request.body as { readonly operations: readonly unknown[] }
    heedAll(limiter, request, reply, operations.length - 1).then(
      (isRefused) => isRefused || done(),
      done,
    )
  }
}

async function heedAll(
  limiter: Limiter,
  request: FastifyRequest,
  reply: FastifyReply,
  count: number,
): Promise<boolean> {
  for (let done = 0; done < count; done++) if (await heed(limiter, request, reply)) return true
  return false
}

/** Counts a request; true when it was one too many, and was answered so. */
async function heed(
  limiter: Limiter,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const verdict = await limiter(request)
  if (verdict.isAllowed) return false
  reply.header('ratelimit-limit', verdict.max)
  reply.header('ratelimit-remaining', verdict.remaining)
  reply.header('ratelimit-reset', verdict.ttlInSeconds)
  if (!verdict.isExceeded) return false
  sendProblem(request, reply, problemBody('rate_limited'))
  return true
}

function isExceeded(verdict: Awaited<ReturnType<Limiter>>): boolean {
  return !verdict.isAllowed && verdict.isExceeded
}
