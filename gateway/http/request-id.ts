// Request ids: the client's own where it sends a sane one, else short and unique across restarts.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const SANE = /^[A-Za-z0-9._-]{1,64}$/

/** A generator of request ids for one server. */
export function newRequestIds(): (request: IncomingMessage) => string {
  const prefix = randomBytes(4).toString('hex')
  let count = 0
  return (request) => {
    const sent = request.headers['x-request-id']
    if (typeof sent === 'string' && SANE.test(sent)) return sent
    return `${prefix}-${(++count).toString(36)}`
  }
}
