// Requests of the native API, from headers and payload to what a partition can be asked. Strangers write them.
import { Match, type Msg, type MsgHdrs } from '@nats-io/transport-node'
import { Compile, type Validator } from '#typebox/compile'
import type { RoutedCommand } from '../../core/command.ts'
import { isJsonType, parseJsonBody } from '../api/json-body.ts'
import { firstError, isCommand, readOperation } from '../api/operations.ts'
import { type ProblemBody, problemBody, RequestProblem } from '../api/problem-body.ts'
import { readTimeoutMs } from '../api/request-timeout.ts'
import {
  BATCH_BYTES_MAX,
  BODY_BYTES_MAX,
  batchBody,
  type operationSchemas,
  skuParams,
} from '../api/schemas.ts'
import { readTraceparent } from '../api/trace-context.ts'
import type { CallTerms } from '../call-terms.ts'
import { readMessagePack } from './native-message-pack.ts'

/** The last token of the subjects, one per call. */
export const NATIVE_VERBS = [
  'reserve',
  'confirm',
  'cancel',
  'extend',
  'return',
  'get',
  'batch',
  'sku',
] as const

export type NativeVerb = (typeof NATIVE_VERBS)[number]

export type NativeEncoding = 'application/json' | 'application/msgpack'

/** What the headers of a request say. */
export interface NativeHead {
  /** Of the payload, and of the answer. */
  readonly encoding: NativeEncoding
  /** As it was sent: nobody has checked it. */
  readonly requestId: string | undefined
  /** What the caller asks for besides the call; undefined for most. */
  readonly terms: CallTerms | undefined
  /** Why the request cannot be taken; the payload then has no meaning. */
  readonly problem: ProblemBody | undefined
}

/** What reading the headers of a stranger may cost: the client library's reader takes quadratic time. */
const HEAD_BYTES_MAX = 4 * 1024
const BARE: NativeHead = {
  encoding: 'application/json',
  requestId: undefined,
  terms: undefined,
  problem: undefined,
}
const MESSAGE_PACK = /^application\/msgpack$/i

const batchForm: Validator = Compile(batchBody)
const skuForm: Validator = Compile(skuParams)

/** Reads the headers of a request; never throws. */
export function readHead(message: Msg): NativeHead {
  if (headBytes(message) > HEAD_BYTES_MAX) {
    return badHead('headers_too_large', `The headers exceed ${HEAD_BYTES_MAX} bytes.`)
  }
  let headers: MsgHdrs | undefined
  try {
    headers = message.headers
  } catch {
    return badHead('bad_request', 'The headers are malformed.')
  }
  return headers === undefined ? BARE : headOf(headers)
}

/**
 * The value of a payload, whose size is held against the verb's limit first.
 * @throws RequestProblem `too_large`, `bad_json`, or `bad_request` for bad MessagePack.
 */
export function readPayload(
  verb: NativeVerb,
  encoding: NativeEncoding,
  bytes: Uint8Array,
): unknown {
  const bytesMax = verb === 'batch' ? BATCH_BYTES_MAX : BODY_BYTES_MAX
  if (bytes.length > bytesMax) {
    throw new RequestProblem('too_large', `The payload exceeds ${bytesMax} bytes.`)
  }
  if (encoding === 'application/msgpack') return readMessagePack(bytes)
  return parseJsonBody(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}

/** The operations of a batch, each still to be read by itself. @throws RequestProblem `bad_request`. */
export function readBatch(value: unknown): readonly unknown[] {
  if (batchForm.Check(value)) return (value as { operations: readonly unknown[] }).operations
  throw new RequestProblem('bad_request', firstError(batchForm, value))
}

/** The command of a single call. @throws RequestProblem `bad_request`. */
export function readSingle(verb: Exclude<NativeVerb, 'batch'>, value: unknown): RoutedCommand {
  if (verb === 'sku') {
    if (!skuForm.Check(value)) throw new RequestProblem('bad_request', firstError(skuForm, value))
    return { kind: 'read-sku', sku: (value as { sku: string }).sku }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RequestProblem('bad_request', 'must be object')
  }
  if (Object.hasOwn(value, 'op')) {
    throw new RequestProblem('bad_request', 'op must not be given: the subject says it')
  }
  const op: keyof typeof operationSchemas = verb
  const command = readOperation({ ...value, op })
  if (isCommand(command)) return command
  throw new RequestProblem(command.code, command.detail)
}

function headOf(headers: MsgHdrs): NativeHead {
  const [requestId, ...moreIds] = valuesOf(headers, 'X-Request-Id')
  const [type = 'application/json', ...moreTypes] = valuesOf(headers, 'Content-Type')
  const sent = moreIds.length === 0 ? requestId : undefined
  const encoding = moreTypes.length === 0 ? encodingOf(type) : undefined
  if (encoding === undefined) {
    const words = 'Send application/json in UTF-8, or application/msgpack.'
    return { ...badHead('unsupported_media_type', words), requestId: sent }
  }
  try {
    return { encoding, requestId: sent, terms: termsOf(headers), problem: undefined }
  } catch (problem) {
    if (!(problem instanceof RequestProblem)) throw problem
    return { ...badHead(problem.code, problem.message), encoding, requestId: sent }
  }
}

function encodingOf(type: string): NativeEncoding | undefined {
  if (isJsonType(type)) return 'application/json'
  return MESSAGE_PACK.test(type) ? 'application/msgpack' : undefined
}

// Counted from here: how long a message took to come, no header can say.
function termsOf(headers: MsgHdrs): CallTerms | undefined {
  const timeouts = valuesOf(headers, 'Request-Timeout-Ms')
  const traceparents = valuesOf(headers, 'traceparent')
  const traceparent = traceparents.length === 1 ? readTraceparent(traceparents[0]) : undefined
  if (timeouts.length === 0 && traceparent === undefined) return undefined
  const timeoutMs = timeouts.length === 0 ? undefined : readTimeoutMs(timeouts.join())
  const dueAt = timeoutMs === undefined ? undefined : performance.now() + timeoutMs
  return { dueAt, traceparent, timing: undefined }
}

function valuesOf(headers: MsgHdrs, name: string): readonly string[] {
  return headers.values(name, Match.IgnoreCase)
}

function badHead(code: ProblemBody['code'], detail: string): NativeHead {
  return { ...BARE, problem: problemBody(code, detail) }
}

// The size with subject and reply, which the library knows but does not declare, without that of the payload.
function headBytes(message: Msg): number {
  if (!('size' in message) || typeof message.size !== 'function') return 0
  return Number(message.size()) - message.data.length
}
