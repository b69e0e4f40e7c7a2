// One HTTP request, tried once: an answer that decides something, or a setback. Never a retry.
import { DriveError, reasonOf } from './errors.ts'
import { isUndecidedStatus } from './operations.ts'
import type { Setback } from './patience.ts'

/** A hung connection counts as broken after so long; a commit has 10 s to return, so this is generous. */
const ATTEMPT_MS_MAX = 30_000

export interface ApiCall {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly body?: unknown
}

/** An answer that decides something: never a 429, 502, 503 or 504. */
export interface ApiAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Whether an attempt failed in a way that a repeat may mend. */
export function isSetback(outcome: ApiAnswer | Setback): outcome is Setback {
  return 'reason' in outcome
}

/**
 * Tries one request against a server.
 * @throws DriveError `server_answer_unreadable` when a whole answer came that is no JSON object.
 */
export async function attemptHttp(
  baseUrl: string,
  call: ApiCall,
  apiKey?: string,
): Promise<ApiAnswer | Setback> {
  let response: Response
  let text: string
  try {
    response = await fetch(baseUrl + call.path, {
      method: call.method,
      signal: AbortSignal.timeout(ATTEMPT_MS_MAX),
      headers: headersOf(call, apiKey),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    })
    text = await response.text()
  } catch (error) {
    const reason = `no answer from ${baseUrl} (${reasonOf(error)})`
    return { code: 'server_unreachable', reason, retryAfter: null }
  }
  const body = parseObject(text)
  if (isUndecidedStatus(response.status)) {
    const reason = `${baseUrl} answers ${response.status} ${describeProblem(body ?? {})}`
    const retryAfter = response.headers.get('retry-after')
    return { code: 'server_unavailable', reason, retryAfter }
  }
  if (body === undefined) throw unreadable(call, `status ${response.status}, no JSON object`)
  return { status: response.status, body }
}

/** `code: detail` of a problem+json body, as far as it has them. */
export function describeProblem(body: Readonly<Record<string, unknown>>): string {
  const { code, detail } = body
  return [code, detail].filter((word) => typeof word === 'string').join(': ')
}

/** The fault of an answer that is not as the API promises. */
export function unreadable(call: ApiCall, problem: string): DriveError {
  return new DriveError('server_answer_unreadable', `${call.method} ${call.path}: ${problem}`)
}

function headersOf({ body }: ApiCall, apiKey: string | undefined): Record<string, string> {
  return {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether a JSON value is an object, so that its fields may be read. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
