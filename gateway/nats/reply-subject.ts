// Which reply subjects we answer to: a stranger chooses them, and our own rights carry the answer there.

const MAX_CHARACTERS = 256
/** Tokens with dots between: no wildcard, no space, no control character, no empty token. */
const SUBJECT = /^[^\s\p{Cc}.*>]+(?:\.[^\s\p{Cc}.*>]+)*$/u

/**
 * Whether an answer may go to `reply`: a plain subject of 1 to 256 characters outside `$…` (JetStream, the system,
 * other services' discovery) and outside `holdfast.…`. Nobody may have us speak to our own partitions in our name.
 */
export function isSaneReply(reply: string | undefined): reply is string {
  if (reply === undefined || reply.length > MAX_CHARACTERS) return false
  if (reply.startsWith('$') || reply.startsWith('holdfast.')) return false
  return SUBJECT.test(reply)
}
