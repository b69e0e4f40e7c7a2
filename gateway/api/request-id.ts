// Request ids: the client's own where it sends a sane one, else short and unique across restarts.
import { randomBytes } from 'node:crypto'
import { looksLikeKey } from '../access/key-text.ts'

const SANE = /^[A-Za-z0-9._-]{1,64}$/

/** A maker of request ids for one server: gives back what the client sent where that is sane. */
export function newRequestIds(): (sent: unknown) => string {
  const prefix = randomBytes(4).toString('hex')
  let count = 0
  return (sent) => {
    if (typeof sent === 'string' && SANE.test(sent) && !looksLikeKey(sent)) return sent
    return `${prefix}-${(++count).toString(36)}`
  }
}
