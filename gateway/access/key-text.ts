// The text of an API key, `hf_<id>_<secret>`: made, read, and turned into the digest that is kept of it.
import { hash, randomBytes } from 'node:crypto'

const PREFIX = 'hf_'
const ID_BYTES = 6
const SECRET_BYTES = 32
const ID_LENGTH = 2 * ID_BYTES
const SECRET_AT: number = PREFIX.length + ID_LENGTH + 1
/** Cut or with more behind it, too: what is no key may be most of one. */
const KEY_WITHIN = new RegExp(`(${PREFIX}[0-9a-f]{${ID_LENGTH}}_)[A-Za-z0-9_-]+`, 'g')
const KEY_LENGTH: number = SECRET_AT + Math.ceil((SECRET_BYTES * 4) / 3)

/** Ids of keys, which are no secret. */
export const KEY_ID_PATTERN: string = `^[0-9a-f]{${ID_LENGTH}}$`

/** A new key: its text is shown once; only the id and the digest are kept. */
export function newKey(): { readonly id: string; readonly text: string; readonly digest: Buffer } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  return { id, text: `${PREFIX}${id}_${secret}`, digest: digestOf(secret) }
}

/** Whether a bearer's word claims to be one of our keys, rather than a buyer's token. */
export function looksLikeKey(word: string): boolean {
  return word.startsWith(PREFIX)
}

/** The id within a key; undefined for a text that cannot be a key. */
export function idWithin(text: string): string | undefined {
  const isWhole = text.length === KEY_LENGTH && text[SECRET_AT - 1] === '_'
  return isWhole ? text.slice(PREFIX.length, SECRET_AT - 1) : undefined
}

/** `text` with the secrets of all keys within taken out, for what is kept or shown: some send keys where none belong. */
export function withoutSecrets(text: string): string {
  return text.replace(KEY_WITHIN, '$1…')
}

/** The digest of the secret within a key. */
export function digestWithin(text: string): Buffer {
  return digestOf(text.slice(SECRET_AT))
}

// One SHA-256, no slow hash and no salt: those make guessing dear, and nobody guesses 256 random bits.
function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}
