// Lets each route be called by those it is for. A route's guard is made once, when the route is: a request looks nothing up.
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteOptions,
} from 'fastify'
import { invariant } from '../../core/invariant.ts'
import { type Access, asksNobody } from '../access/access.ts'
import { looksLikeKey } from '../access/key-text.ts'
import { ANYONE, type Principal } from '../access/principal.ts'
import { problemBody } from '../api/problem-body.ts'
import { bearerOf, checkTokens, principalOfToken } from './bearer.ts'
import { type RateLimits, rateLimits } from './rate-limits.ts'
import { OPEN, type RouteConfig } from './route-config.ts'
import { sendProblem } from './send-problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What each route says of itself, by method and path. */
    routeConfigs: Map<string, RouteConfig>
  }
}

const REALM = 'Bearer realm="holdfast"'

/** Routes that libraries register, which know nothing of our config: pages without data, and CORS' preflight. */
const OPEN_LIBRARY_ROUTES = /^(\*|\/(docs|console)(\/.*)?)$/

/** Guards every route that is registered from now on. @throws InvariantError for one that does not say whom it is for. */
export async function guardRoutes(app: FastifyInstance, access: Access): Promise<void> {
  const limits = await rateLimits(app, access)
  if (access.tokens !== undefined) await checkTokens(app, access.tokens)
  app.decorate('routeConfigs', new Map())
  app.addHook('onRoute', (route) => {
    const config = configOf(route)
    app.routeConfigs.set(`${route.method} ${route.url}`, config)
    route.config = { ...route.config, ...config }
    const guards = guardsOf(config, access, limits)
    if (guards.length > 0) route.onRequest = [...listOf(route.onRequest), ...guards]
    if (route.url === '/v1/batch' && limits.ofBatch !== undefined) {
      route.preHandler = [...listOf(route.preHandler), limits.ofBatch]
    }
  })
}

function configOf(route: RouteOptions): RouteConfig {
  const { config, url } = route
  if (config?.scope !== undefined) return config as RouteConfig
  invariant(OPEN_LIBRARY_ROUTES.test(url), `the route ${url} says whom it is for`)
  return OPEN
}

function guardsOf(
  config: RouteConfig,
  access: Access,
  { ofAddress, ofPrincipal, hasFailedTooOften }: RateLimits,
): onRequestHookHandler[] {
  const isLimited = config.isProbe !== true
  const guards: onRequestHookHandler[] = []
  if (ofAddress !== undefined && isLimited) guards.push(ofAddress)
  if (asksNobody(access) || config.scope === 'open') return [...guards, letAnyone]
  guards.push(new Guard(config, access, hasFailedTooOften).hook())
  if (ofPrincipal !== undefined) guards.push(ofPrincipal)
  return guards
}

function letAnyone(request: FastifyRequest, _: FastifyReply, done: () => void): void {
  request.principal = ANYONE
  done()
}

class Guard {
  readonly #config: RouteConfig
  readonly #access: Access
  readonly #hasFailedTooOften: RateLimits['hasFailedTooOften']

  constructor(
    config: RouteConfig,
    access: Access,
    hasFailedTooOften: RateLimits['hasFailedTooOften'],
  ) {
    this.#config = config
    this.#access = access
    this.#hasFailedTooOften = hasFailedTooOften
  }

  hook(): onRequestHookHandler {
    return (request, reply, done) => {
      const word = bearerOf(request)
      if (word === undefined) return this.#turnAway(request, reply, WITHOUT)
      if (looksLikeKey(word)) {
        const principal = this.#access.keys?.find(word)
        return this.#admit(principal, request, reply, done)
      }
      if (this.#access.tokens === undefined) return this.#turnAway(request, reply, UNKNOWN)
      principalOfToken(request).then((buyer) => this.#admit(buyer, request, reply, done), done)
    }
  }

  #admit(
    principal: Principal | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
  ): void {
    if (principal === undefined) {
      this.#turnAway(request, reply, UNKNOWN)
      return
    }
    request.principal = principal
    if (!this.#opensFor(principal)) {
      this.#forbid(principal, request, reply)
      return
    }
    if (this.#config.isStream === true && principal.kind === 'key') {
      this.#access.keys?.cutWhenRevoked(principal.id, request.raw.socket)
    }
    done()
  }

  #forbid({ kind }: Principal, request: FastifyRequest, reply: FastifyReply): void {
    const { scope } = this.#config
    reply.header('www-authenticate', `${REALM}, error="insufficient_scope", scope="${scope}"`)
    const detail =
      kind === 'buyer'
        ? "This call is not for buyers' tokens."
        : `This call needs a key with the scope ${scope}.`
    sendProblem(request, reply, problemBody('forbidden', detail))
  }

  #opensFor(principal: Principal): boolean {
    if (principal.kind === 'buyer') return this.#config.isForBuyers
    const { scope } = this.#config
    return scope !== 'open' && principal.kind === 'key' && principal.scopes.has(scope)
  }

  // Only failures are counted: whoever shares an address with a guesser, as all behind one proxy do, still comes in.
  #turnAway(request: FastifyRequest, reply: FastifyReply, failure: Failure): void {
    const refuse = (isTooOften: boolean) => {
      if (isTooOften) return sendProblem(request, reply, problemBody('rate_limited'))
      reply.header('www-authenticate', failure.challenge)
      return sendProblem(request, reply, problemBody('unauthorized', failure.detail))
    }
    this.#hasFailedTooOften(request).then(refuse, () => refuse(false))
  }
}

interface Failure {
  readonly challenge: string
  readonly detail: string
}

const WITHOUT: Failure = {
  challenge: REALM,
  detail: 'This call needs Authorization: Bearer, with an API key or a token of the buyer.',
}
const UNKNOWN: Failure = {
  challenge: `${REALM}, error="invalid_token"`,
  detail: 'The key or token is unknown, revoked, expired or malformed.',
}

function listOf<Hook>(hooks: Hook | Hook[] | undefined): Hook[] {
  if (hooks === undefined) return []
  return Array.isArray(hooks) ? hooks : [hooks]
}
