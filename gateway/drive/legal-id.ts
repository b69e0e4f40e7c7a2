// Any text to an id the server takes, and back. An id that is legal already stays as it is.
import { createHash } from 'node:crypto'

const LEGAL = /^[A-Za-z0-9_-]{1,64}$/
const ID_LENGTH_MAX = 64
/** Starts the reversible form: bytes other than A-Z, a-z, 0-9 and `-` follow as `_` and two hex digits. */
const ESCAPED = 'x--'
/** Starts the form of texts too long to escape: some readable bytes and 128 bits of SHA-256. */
const HASHED = 'h--'
const READABLE_LENGTH = 28
const HASH_HEX_LENGTH = 32

/**
 * The id of a text: itself when legal and not in one of the two forms, else its escaped form, else, beyond
 * 64 characters, a hashed form that only a table turns back. Different texts have different ids.
 * A text that starts with `reserved` is escaped too, so that the caller may hand out such ids itself.
 */
export function toLegalId(text: string, reserved: string = ESCAPED): string {
  const isForm = text.startsWith(ESCAPED) || text.startsWith(HASHED) || text.startsWith(reserved)
  if (!isForm && LEGAL.test(text)) return text
  const escaped = ESCAPED + escapeBytes(text)
  if (escaped.length <= ID_LENGTH_MAX) return escaped
  const readable = text.replace(/[^A-Za-z0-9]+/g, '-').slice(0, READABLE_LENGTH)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_HEX_LENGTH)
  return `${HASHED}${readable}-${hash}`
}

/** The text of an id; undefined for a hashed form, whose text is only in the drive's report. */
export function fromLegalId(id: string): string | undefined {
  if (id.startsWith(HASHED)) return undefined
  if (!id.startsWith(ESCAPED)) return id
  const percent = id.slice(ESCAPED.length).replaceAll('_', '%')
  return decodeURIComponent(percent)
}

function escapeBytes(text: string): string {
  let escaped = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte)
    escaped += /[A-Za-z0-9-]/.test(character) ? character : `_${hex(byte)}`
  }
  return escaped
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}
