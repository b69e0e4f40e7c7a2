// How many connections are open, told without asking the handle of each.
import type { Server } from 'node:http'

/** Counts the connections of `server` from now on; call it before it listens. Gives what tells how many are open. */
export function connectionCount(server: Server): () => number {
  let open = 0
  server.on('connection', (socket) => {
    open++
    socket.once('close', () => {
      open--
    })
  })
  return () => open
}
