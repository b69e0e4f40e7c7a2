// The Idempotency-Key header: a quoted string, as the IETF draft has it, or bare, as most clients send it.
import type { FastifyRequest } from 'fastify'
import { KEY_LENGTH_MAX } from '../../core/limits.ts'
import { RequestProblem } from '../api/problem-body.ts'

// Visible ASCII without quote, backslash and comma: a header sent twice arrives joined by a comma and a blank.
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/
const QUOTED = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/

/** The key of a request, undefined without one. @throws RequestProblem `bad_idempotency_key`. */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  const text = String(header)
  const key = BARE.test(text) ? text : QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, '$1')
  if (key !== undefined && key.length <= KEY_LENGTH_MAX) return key
  throw new RequestProblem(
    'bad_idempotency_key',
    'Idempotency-Key must be 1 to 255 visible ASCII characters, bare or in double quotes.',
  )
}

/** The key of a request that must have one. */
export function requiredIdempotencyKey(request: FastifyRequest): string {
  const key = idempotencyKey(request)
  if (key !== undefined) return key
  throw new RequestProblem('bad_idempotency_key', 'This call needs an Idempotency-Key header.')
}
