// What every route's schema says of problems, and of who may call.
import type { FastifySchema } from 'fastify'
import type { TSchema } from '#typebox'
import { problemAnswer } from '../api/schemas.ts'
import type { RouteConfig } from './route-config.ts'

type Responses = Readonly<Record<string, TSchema>>

/** The answers of a route, and the problems that any route may answer. */
export function withProblems(answers: Responses): Record<string, unknown> {
  const problem = {
    description: 'A refusal or a fault; see docs/errors.md.',
    content: { 'application/problem+json': { schema: problemAnswer } },
  }
  return { ...answers, '4xx': problem, '5xx': problem }
}

/** The two ways to say who calls, for the OpenAPI document. */
export const SECURITY_SCHEMES = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key that `holdfast keys add` made: hf_…, with the scopes sell, read, operate.',
  },
  buyerToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "A token whose `sub` is the buyer: for calls on the buyer's own reservations.",
  },
} as const

/** A route's schema with whom it is for: nobody in particular, keys of a scope, buyers. */
export function withSecurity(
  schema: FastifySchema | undefined,
  config: Partial<RouteConfig> | undefined,
): FastifySchema {
  const { scope = 'open', isForBuyers = false } = config ?? {}
  if (scope === 'open') return { ...schema, security: [] }
  const ofBuyers = isForBuyers ? [{ buyerToken: [] }] : []
  return { ...schema, security: [{ apiKey: [] }, ...ofBuyers], ...scopeWords(schema, scope) }
}

function scopeWords(schema: FastifySchema | undefined, scope: string): FastifySchema {
  const { description } = (schema ?? {}) as { description?: string }
  const words = `Needs a key with the scope \`${scope}\`, where keys are asked for.`
  return { description: description === undefined ? words : `${description} ${words}` }
}
