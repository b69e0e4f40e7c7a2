// What the headers of a request ask for besides the call: a deadline, a trace, the times of its stages.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readTimeoutMs } from '../api/request-timeout.ts'
import { readTraceparent } from '../api/trace-context.ts'
import type { CallTerms } from '../call-terms.ts'
import { CallTiming } from '../call-timing.ts'

/** The terms of a request; undefined for most. @throws RequestProblem `bad_request` for a bad Request-Timeout-Ms. */
export type TermsReader = (request: FastifyRequest, reply: FastifyReply) => CallTerms | undefined

/** Reads terms. Calls that belong to a trace are timed, and with `isAlwaysTimed` all are. */
export function termsReader(isAlwaysTimed: boolean): TermsReader {
  return ({ headers }, reply) => {
    const { 'request-timeout-ms': timeout, traceparent: traceHeader } = headers
    if (timeout === undefined && traceHeader === undefined && !isAlwaysTimed) return undefined
    // From the arrival of the head: what was done before the call counts, too.
    const startedAt = performance.now() - reply.elapsedTime
    const dueAt = timeout === undefined ? undefined : startedAt + readTimeoutMs(timeout)
    const traceparent = readTraceparent(traceHeader)
    const isTimed = isAlwaysTimed || traceparent !== undefined
    return { dueAt, traceparent, timing: isTimed ? new CallTiming() : undefined }
  }
}

/** Says in the answer how long each stage took, when that is asked for. Call it before the answer is sent. */
export function tellTiming(reply: FastifyReply, terms: CallTerms | undefined): void {
  if (terms?.timing !== undefined) reply.header('server-timing', terms.timing.header())
}
