// Connections that were told to come back later are not read until then: what nobody reads costs nothing.
import type { Socket } from 'node:net'

const TICK_MS = 25
/** The shortest and the longest: those who were refused together do not come back together. */
const HOLD_MS: readonly [number, number] = [1_000, 2_000]

/**
 * Holds sockets back for one to two seconds, as long as `Retry-After` says and somewhat longer, so that a crowd which repeats at once waits in the
 * kernel's buffers instead of being parsed. Bounded by the number of connections: each is held once at most.
 */
export class HeldSockets {
  readonly #holdMs: readonly [number, number]
  readonly #held = new Set<Socket>()
  /** In slots by the tick of their release. */
  readonly #slots = new Map<number, Socket[]>()
  #ticker: NodeJS.Timeout | undefined

  /** `holdMs` are the shortest and the longest time for which a socket is held. */
  constructor(holdMs: readonly [number, number] = HOLD_MS) {
    this.#holdMs = holdMs
  }

  /** How many are held right now. */
  get count(): number {
    return this.#held.size
  }

  /** Reads nothing more of `socket` for a while; what it has sent already is still answered. */
  hold(socket: Socket): void {
    if (this.#held.has(socket) || socket.destroyed) return
    this.#held.add(socket)
    socket.pause()
    const [shortestMs, longestMs] = this.#holdMs
    const untilMs = performance.now() + shortestMs + Math.random() * (longestMs - shortestMs)
    const slot = Math.ceil(untilMs / TICK_MS)
    const held = this.#slots.get(slot)
    if (held === undefined) this.#slots.set(slot, [socket])
    else held.push(socket)
    this.#ticker ??= setInterval(() => this.#release(performance.now()), TICK_MS).unref()
  }

  /** Reads all of them again: the server is closing. */
  releaseAll(): void {
    this.#release(Number.POSITIVE_INFINITY)
  }

  #release(nowMs: number): void {
    for (const [slot, held] of this.#slots) {
      if (slot * TICK_MS > nowMs) continue
      this.#slots.delete(slot)
      for (const socket of held) {
        this.#held.delete(socket)
        if (!socket.destroyed) socket.resume()
      }
    }
    if (this.#held.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }
}
