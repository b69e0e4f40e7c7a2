// How many connections are open, told without asking the handle of each.
import type { Server } from 'node:http'

/** Counts the connections of servers: a name that stands for two addresses has one for each. */
export class ConnectionCount {
  #open = 0

  get open(): number {
    return this.#open
  }

  /** Counts those of `server` from now on. */
  watch(server: Server): void {
    server.on('connection', (socket) => {
      this.#open++
      socket.once('close', () => {
        this.#open--
      })
    })
  }
}
