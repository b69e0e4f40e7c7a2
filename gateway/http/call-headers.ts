// What the documents say of the headers that every call on SKUs and reservations takes. No request is checked by it.
import type { FastifySchema } from 'fastify'
import { TIMEOUT_MS_MAX } from '../api/request-timeout.ts'

const CALL_HEADERS = {
  'request-timeout-ms': {
    type: 'integer',
    minimum: 1,
    maximum: TIMEOUT_MS_MAX,
    description:
      'The caller waits so long, counted from the arrival of the request: what was not begun by then never is (503 `busy`), and what may have happened is 504 `outcome_unknown`.',
  },
  traceparent: {
    type: 'string',
    description:
      'W3C Trace Context, version 00: log lines carry it, and the answer says by Server-Timing how long each stage took.',
  },
} as const

/** The calls that ask partitions. */
const ASKING = /^\/v1\/(skus|reservations|batch)(\/|$)/

/** Adds the headers to what the documents say of the route at `url`, where it is one that asks partitions. */
export function withCallHeaders<Schema extends FastifySchema>(schema: Schema, url: string): Schema {
  if (!ASKING.test(url)) return schema
  const { properties } = (schema.headers ?? {}) as { readonly properties?: object }
  const headers = { type: 'object', properties: { ...properties, ...CALL_HEADERS } }
  return { ...schema, headers }
}
