// The only JSON parser of requests: strict, in UTF-8. Duplicate keys, which JSON.parse would silently drop, are refused.
import { isUtf8 } from 'node:buffer'
import { RequestProblem } from './problem-body.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const MERGE_PATCH_TYPE = /^application\/merge-patch\+json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?\s*$/i
const JSON_TYPE = /^application\/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?\s*$/i
/** Far beyond any request of ours; deeper ones are an attack on the stack. */
export const DEPTH_MAX = 32

/** Refuses anything but plain JSON, or where `takesPatch` a JSON merge patch, before its body is read. */
export function requireJson(
  contentType: string | undefined,
  encoding: string | undefined,
  takesPatch: boolean,
): void {
  const type = contentType ?? ''
  const isTaken = isJsonType(type) || (takesPatch && MERGE_PATCH_TYPE.test(type))
  if (isTaken && (encoding === undefined || encoding === 'identity')) return
  throw new RequestProblem(
    'unsupported_media_type',
    'Send application/json in UTF-8, not compressed.',
  )
}

/** Whether a content type is JSON in UTF-8. */
export function isJsonType(contentType: string): boolean {
  return contentType === 'application/json' || JSON_TYPE.test(contentType)
}

/** The value of a body. @throws RequestProblem `bad_json`. */
export function parseJsonBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw new RequestProblem('bad_json', 'The body is not valid UTF-8.')
  const value = parse(body.toString('utf8'))
  // In JSON text a colon outside strings stands behind every key, so keys that went missing were doubled.
  if (countColons(body) !== countKeys(value, 0)) {
    throw new RequestProblem('bad_json', 'A key stands twice in one object.')
  }
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RequestProblem('bad_json', `The body is not JSON: ${reason}`)
  }
}

function countColons(body: Buffer): number {
  let colons = 0
  let isInString = false
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]
    if (isInString && byte === BACKSLASH) index++
    else if (byte === QUOTE) isInString = !isInString
    else if (byte === COLON && !isInString) colons++
  }
  return colons
}

function countKeys(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === DEPTH_MAX) throw new RequestProblem('bad_json', 'The body nests too deeply.')
  let keys = 0
  if (!Array.isArray(value)) keys = Object.keys(value).length
  for (const item of Object.values(value)) keys += countKeys(item, depth + 1)
  return keys
}
