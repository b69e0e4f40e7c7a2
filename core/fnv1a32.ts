// FNV-1a, 32 bits: where a SKU lives. Part of the wire contract: it never changes.

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/**
 * The FNV-1a hash of ASCII `text` as a signed 32-bit integer.
 * @see Fowler, Noll, Vo: "The FNV Non-Cryptographic Hash Algorithm" (RFC 9923).
 */
export function fnv1a32(text: string): number {
  let hash = OFFSET_BASIS
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), PRIME)
  }
  return hash | 0
}
