// Connections that were told to come back later are not read until then: what nobody reads costs nothing.
import type { Socket } from 'node:net'

const TICK_MS = 25
/** The shortest and the longest time; the shortest is what `Retry-After` says. */
const HOLD_MS: readonly [number, number] = [1_000, 5_000]
/** Who comes back is mostly refused again, which costs two thirds of being served: no more than that, while it can be. */
const RELEASES_PER_SECOND = 1_000

/**
 * Holds sockets back so that a crowd which repeats at once waits in the kernel's buffers instead of being parsed: for a
 * second, or longer, up to five, where so many are held that their return alone would keep the process busy. They come
 * back one after the other, in the order in which they were held. Bounded by the number of connections.
 */
export class HeldSockets {
  readonly #holdMs: readonly [number, number]
  readonly #held = new Set<Socket>()
  /** In slots by the tick of their release. */
  readonly #slots = new Map<number, Socket[]>()
  #ticker: NodeJS.Timeout | undefined
  /** When the next one may come back, if all before him are to come first. */
  #nextReleaseMs = 0

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
    const slot = Math.ceil(this.#releaseMs(performance.now()) / TICK_MS)
    const held = this.#slots.get(slot)
    if (held === undefined) this.#slots.set(slot, [socket])
    else held.push(socket)
    this.#ticker ??= setInterval(() => this.#release(performance.now()), TICK_MS).unref()
  }

  /** Reads all of them again: the server is closing. */
  releaseAll(): void {
    this.#release(Number.POSITIVE_INFINITY)
  }

  #releaseMs(nowMs: number): number {
    const [shortestMs, longestMs] = this.#holdMs
    const releaseMs = Math.min(Math.max(this.#nextReleaseMs, nowMs + shortestMs), nowMs + longestMs)
    this.#nextReleaseMs = releaseMs + 1_000 / RELEASES_PER_SECOND
    return releaseMs
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
