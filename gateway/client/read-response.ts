// Reads HTTP responses with bounds: size, encoding, JSON. Nothing of their meaning.
import { type Fields, isFields } from './read-fields.ts'
import { AttemptError, type TransportAnswer } from './transport.ts'

/** Several times what a full batch comes to. */
const BODY_BYTES_MAX = 8 * 2 ** 20

/** An HTTP response, its body read to the end. */
export interface ReadResponse {
  readonly status: number
  readonly headers: Headers
  /** The JSON of the body; undefined when it is no JSON object. */
  readonly body: Fields | undefined
}

/** @throws AttemptError `bad_answer` when the body is too large; other errors when it breaks off. */
export async function readResponse(response: Response): Promise<ReadResponse> {
  const body = parse(await readBytes(response))
  return { status: response.status, headers: response.headers, body }
}

/** A response as the answer to one request. */
export function answerOf({ status, headers, body = {} }: ReadResponse): TransportAnswer {
  const { requestId: said } = body
  return {
    status,
    body,
    requestId: typeof said === 'string' ? said : (headers.get('x-request-id') ?? undefined),
    retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
  }
}

/** Retry-After in ms from now: it is said in seconds, or as a date. 0 when it says nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  // Date.parse takes nearly anything for a date: -1 is a month to it.
  const at = /^[A-Z][a-z]{2}, .* GMT$/.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs)
}

async function readBytes(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return joined(chunks, bytes)
    chunks.push(value)
    bytes += value.length
    if (bytes <= BODY_BYTES_MAX) continue
    // Nothing is left to do for a connection that does not even end well.
    reader.cancel().catch(() => undefined)
    throw new AttemptError('bad_answer', `the answer is longer than ${BODY_BYTES_MAX} bytes`)
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes)
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}

function parse(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}
