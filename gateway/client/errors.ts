// The faults of the client: what it throws, as opposed to refusals, which are results.

interface FaultKind {
  /** Whether the same call, with the same key, may succeed later. */
  readonly isRetryable: boolean
  readonly meaning: string
}

const fault = (isRetryable: boolean, meaning: string): FaultKind => ({ isRetryable, meaning })

export type HoldfastErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'unavailable'
  | 'outcome_unknown'
  | 'server_error'
  | 'bad_answer'
  | 'client_busy'
  | 'client_closed'

/** All faults by code; docs/client.md is compared with it. */
export const CLIENT_FAULTS: Readonly<Record<HoldfastErrorCode, FaultKind>> = {
  bad_request: fault(
    false,
    'The call makes no sense to the server: a field is wrong, or the base URL. `problemCode` and the message say more.',
  ),
  unauthorized: fault(false, 'The server, or what stands before it, asks for credentials (401).'),
  forbidden: fault(false, 'The credentials do not allow this (403).'),
  unavailable: fault(
    true,
    'No server took the call before its deadline. It certainly was not executed.',
  ),
  outcome_unknown: fault(
    true,
    'An attempt went out and no answer settled it before the deadline. Call again with the same key or id.',
  ),
  server_error: fault(false, 'The server met a bug (500). The call may have been executed.'),
  bad_answer: fault(
    false,
    'The answer is none that Holdfast gives. The call may have been executed.',
  ),
  client_busy: fault(
    true,
    'More calls wait for their answers than `pendingMax` allows. Nothing was sent.',
  ),
  client_closed: fault(false, 'The client was closed before this call. Nothing was sent.'),
}

/** What a fault can say beyond its code; each is undefined when it does not apply. */
export interface FaultDetails {
  /** Some attempt may have taken effect: only a call with the same key or id settles it. False for reads. */
  readonly mayHaveHappened?: boolean
  /** The key of the call: pass it again to resume. */
  readonly key?: string | undefined
  /** The reservation that the call was about. */
  readonly id?: string | undefined
  /** The server's own code, from its problem answer. */
  readonly problemCode?: string | undefined
  /** The server's id of the request that failed: it stands in its log. */
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/** A call that came to no result. Switch on `code`. */
export class HoldfastError extends Error {
  readonly code: HoldfastErrorCode
  /** Whether the same call, with the same key, may succeed later. */
  readonly retryable: boolean
  /** Some attempt may have taken effect: only a call with the same key or id settles it. False for reads. */
  readonly mayHaveHappened: boolean
  /** The key of a `reserve` or `adjustStock`, the caller's own or the one made for it: pass it to resume the call. */
  readonly key: string | undefined
  /** The reservation that the call was about. */
  readonly id: string | undefined
  /** The server's own code, from its problem answer. */
  readonly problemCode: string | undefined
  /** The server's id of the request that failed: it stands in its log. */
  readonly requestId: string | undefined

  constructor(code: HoldfastErrorCode, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'HoldfastError'
    this.code = code
    this.retryable = CLIENT_FAULTS[code].isRetryable
    this.mayHaveHappened = details.mayHaveHappened ?? false
    this.key = details.key
    this.id = details.id
    this.problemCode = details.problemCode
    this.requestId = details.requestId
  }
}
