// What NATS calls with every message of a subscription. It must not throw there: the client would end the connection.
import type { Msg } from '@nats-io/transport-node'

/**
 * A subscription's callback that hands messages to `take`; what the server denies, the link tells. A bug in `take` is
 * thrown a turn later instead: it must end the process by its own name, and not look like a lost connection.
 */
export function messageCallback(
  take: (message: Msg) => void,
): (error: Error | null, message: Msg) => void {
  return (error, message) => {
    if (error !== null) return
    try {
      take(message)
    } catch (bug) {
      setImmediate(() => {
        throw bug
      })
    }
  }
}
