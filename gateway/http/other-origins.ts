// Pages of other origins: none may call unless a setting names it.
import { isIP } from 'node:net'
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { type Access, asksNobody } from '../access/access.ts'
import { isLoopback } from '../access/loopback.ts'
import { problemBody } from '../api/problem-body.ts'
import { sendProblem } from './send-problem.ts'

const REMEMBERED_S = 600

/**
 * Lets the pages of `corsOrigins` call; they send keys themselves, so no cookie or login of the browser is let in.
 * Where no keys are asked for, pages from elsewhere are turned away altogether: a browser on this machine would carry
 * their requests here, also by a name that they turn to this machine after they were loaded (DNS rebinding).
 */
export async function heedOrigins(app: FastifyInstance, access: Access): Promise<void> {
  const { corsOrigins } = access
  if (corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...corsOrigins],
      methods: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
      credentials: false,
      maxAge: REMEMBERED_S,
      exposedHeaders: [
        ...['etag', 'idempotent-replayed', 'location', 'retry-after', 'x-request-id'],
        ...['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'server-timing'],
      ],
    })
  }
  if (asksNobody(access)) {
    turnStrangersAway(app, new Set(corsOrigins))
    turnStrangeNamesAway(app, new Set(corsOrigins.map((origin) => new URL(origin).hostname)))
  }
}

function turnStrangersAway(app: FastifyInstance, known: ReadonlySet<string>): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin === undefined || known.has(origin) || isOfThisMachine(origin)) return done()
    const detail = 'A page from elsewhere may not call a server that asks for no keys.'
    return sendProblem(request, reply, problemBody('forbidden', detail))
  })
}

// What a page reads from its own host carries no Origin, so its Host must tell. Callers say the same one every time.
function turnStrangeNamesAway(app: FastifyInstance, known: ReadonlySet<string>): void {
  let accepted: string | undefined
  app.addHook('onRequest', (request, reply, done) => {
    const { host } = request.headers
    if (host === accepted || host === undefined) return done()
    if (isNoRebinding(host, known)) {
      accepted = host
      return done()
    }
    const detail = 'A server that asks for no keys may not be called by this name.'
    return sendProblem(request, reply, problemBody('forbidden', detail))
  })
}

// An address cannot be turned elsewhere, and it is all that such a server listens on, but for localhost. Nor can a name
// without a dot: nobody can register one. Those are names of a hosts file, a compose network, or a test.
function isNoRebinding(host: string, known: ReadonlySet<string>): boolean {
  const name = hostname(`http://${host}`)
  if (name === undefined) return false
  return !name.includes('.') || isIP(name) !== 0 || known.has(name)
}

function isOfThisMachine(origin: string): boolean {
  const name = hostname(origin)
  return name !== undefined && isLoopback(name)
}

function hostname(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined
}
