// Pages of other origins: none may call unless a setting names it.
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
 * their requests here.
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
  if (asksNobody(access)) turnStrangersAway(app, new Set(corsOrigins))
}

function turnStrangersAway(app: FastifyInstance, known: ReadonlySet<string>): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin === undefined || known.has(origin) || isOfThisMachine(origin)) return done()
    const detail = 'A page from elsewhere may not call a server that asks for no keys.'
    return sendProblem(request, reply, problemBody('forbidden', detail))
  })
}

function isOfThisMachine(origin: string): boolean {
  if (!URL.canParse(origin)) return false
  return isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''))
}
