// Messages and their size: what nats-server must take for frames to fit, and sending what it might not take after all.
import { NatsFault } from './errors.ts'
import type { NatsLink } from './link.ts'

/** The largest frame of commands, with room to spare, and the answers to it: NATS takes as much unless told otherwise. */
const PAYLOAD_BYTES_MIN: number = 2 ** 20

/**
 * Frames of commands and of answers need room: without it some would never arrive, and only under load.
 * @throws NatsFault `nats_failed` when nats-server takes smaller messages than 1 MiB, its own default.
 */
export function requirePayload(link: NatsLink): void {
  const { maxPayload } = link
  if (maxPayload >= PAYLOAD_BYTES_MIN) return
  throw new NatsFault(
    'nats_failed',
    `nats-server takes messages of at most ${maxPayload} bytes, and Holdfast needs ${PAYLOAD_BYTES_MIN}. ` +
      'Raise max_payload in its configuration to 1MB, its default, or leave it out.',
  )
}

/**
 * Sends `payload`; false when the link takes nothing now. Then, and for what can never be sent (a server that came
 * back with a smaller max_payload, a subject it does not like), nothing has left; `onTrouble` hears of the latter.
 */
export function send(
  link: NatsLink,
  subject: string,
  payload: Uint8Array,
  onTrouble: (reason: string) => void,
  reply?: string,
): boolean {
  try {
    return link.publish(subject, payload, reply)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    onTrouble(`a message could not be sent: ${words}`)
    return false
  }
}
