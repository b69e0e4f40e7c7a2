// What an answer's status means for the call: final, worth another attempt, or a fault. Pure.
import type { HoldfastErrorCode } from './errors.ts'
import { isRefusal } from './refusals.ts'
import type { AttemptError, TransportAnswer } from './transport.ts'

/** Why an attempt settled nothing, so that another one is due. */
export interface Setback {
  /** Whether the attempt may have taken effect all the same. */
  readonly isOpen: boolean
  /** For a person, such as `503 busy`. */
  readonly reason: string
  /** The server's own wish, in ms. */
  readonly retryAfterMs: number
  readonly requestId: string | undefined
  readonly cause?: unknown
}

/** The setback of an attempt that brought no answer; undefined when what came makes no sense. */
export function setbackOfError(error: AttemptError): Setback | undefined {
  if (error.kind === 'bad_answer') return undefined
  const isOpen = error.kind === 'no_answer'
  return { isOpen, reason: error.message, retryAfterMs: 0, requestId: undefined, cause: error }
}

/** The setback that an answer is; undefined when it decides something. */
export function setbackOf(answer: TransportAnswer): Setback | undefined {
  const { retryAfterMs, requestId } = answer
  const setback = (isOpen: boolean): Setback => {
    return { isOpen, reason: describeAnswer(answer), retryAfterMs, requestId }
  }
  switch (answer.status) {
    case 429:
      return setback(false)
    case 408:
    case 503:
      // Holdfast says so of what it did not execute; a proxy also when it lost the connection behind it.
      return setback(!isHoldfastProblem(answer))
    case 502:
    case 504:
      return setback(true)
    default:
      return undefined
  }
}

/** The fault that a decisive answer is; undefined when it is a success, a refusal, or makes no sense. */
export function faultCodeOf(answer: TransportAnswer): HoldfastErrorCode | undefined {
  const { status } = answer
  if (status === 401) return 'unauthorized'
  if (status === 403 && !isRefusal(answer)) return 'forbidden'
  if (status >= 500 && status < 600) return 'server_error'
  if (status < 400 || status >= 500 || isRefusal(answer)) return undefined
  return 'bad_request'
}

/** Status, code and detail of an answer, as far as it has them. */
export function describeAnswer({ status, body }: TransportAnswer): string {
  const { code, detail } = body
  const words = [code, detail].filter((word) => typeof word === 'string').join(': ')
  return `${status} ${words}`.trimEnd()
}

function isHoldfastProblem({ body }: TransportAnswer): boolean {
  const { type, code } = body
  return typeof code === 'string' && type === `urn:holdfast:problem:${code}`
}
