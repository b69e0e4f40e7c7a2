// Problems as bodies (RFC 9457) with a stable code, whichever way they travel.
import { invariant } from '../../core/invariant.ts'
import { isRetryable, type Refusal } from '../../core/refusal.ts'
import type { Answer } from '../partition-port.ts'
import { PROBLEMS, type ProblemCode } from './problems.ts'

/** The request cannot be handled; becomes a problem answer. `detail` tells the client what to change. */
export class RequestProblem extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.name = 'RequestProblem'
    this.code = code
  }
}

/** A problem as an object, ready to be encoded. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
  readonly retryable: boolean
  readonly [more: string]: unknown
}

/** The problem `code` in words of its own, or in those of `detail`. */
export function problemBody(code: ProblemCode, detail?: string): ProblemBody {
  const { status, title, isRetryable: retryable, meaning } = PROBLEMS[code]
  return {
    type: `urn:holdfast:problem:${code}`,
    title,
    status,
    detail: detail ?? meaning,
    code,
    retryable,
  }
}

/** The problem that an answer which is no view comes to. */
export function problemOf(answer: Answer): ProblemBody {
  if (answer.kind === 'refusal') return refusalBody(answer)
  invariant(answer.kind === 'fault', 'a partition answers with what was asked for')
  return problemBody(answer.code)
}

// With the members that the refusal's code carries.
function refusalBody(refusal: Refusal): ProblemBody {
  const { kind: _, code, ...members } = refusal
  return { ...problemBody(code), ...members, retryable: isRetryable(refusal) }
}
