// How a shed call is told so: with 503 `busy`, at leisure where nobody is kept from anything by that.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { problemBody } from '../api/problem-body.ts'
import { newRequestIds } from '../api/request-id.ts'
import type { HeldSockets } from './held-sockets.ts'

/** Writing to a socket costs more than all else about a refusal: so many a turn, and what was taken goes first. */
const PER_TURN = 32
/** The problem without its end, which is the request's id. */
const BUSY = JSON.stringify(problemBody('busy')).slice(0, -1)

interface Refused {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Answers what is shed. `origins` are those whose pages may read the answer. */
export class Refusals {
  readonly #held: HeldSockets
  readonly #origins: ReadonlySet<string>
  readonly #requestId = newRequestIds()
  /** In the order in which they came; one a connection, so that their number is bounded by that of connections. */
  readonly #waiting = new Map<Socket, Refused>()
  #isTurnDue = false

  constructor(held: HeldSockets, origins: readonly string[] = []) {
    this.#held = held
    this.#origins = new Set(origins)
  }

  /** Refuses, and reads on. */
  atOnce(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers
    const id = this.#requestId(request.headers['x-request-id'])
    const text = `${BUSY},"requestId":"${id}"}`
    if (this.#origins.size > 0) response.setHeader('vary', 'Origin')
    if (origin !== undefined && this.#origins.has(origin)) {
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('access-control-expose-headers', 'retry-after, x-request-id')
    }
    response.writeHead(503, {
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': text.length,
      'x-content-type-options': 'nosniff',
      'retry-after': '1',
      'x-request-id': id,
    })
    response.end(text)
  }

  /** Refuses within some turns, and leaves the connection unread for a while then. Who sends on meanwhile is told at once. */
  atLeisure(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const before = this.#waiting.get(socket)
    if (before !== undefined) {
      this.#waiting.delete(socket)
      this.#refuseAndHold(before)
      this.#refuseAndHold({ request, response })
      return
    }
    this.#waiting.set(socket, { request, response })
    if (!this.#isTurnDue) this.#scheduleTurn()
  }

  #scheduleTurn(): void {
    this.#isTurnDue = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isTurnDue = false
    let told = 0
    for (const [socket, refused] of this.#waiting) {
      this.#waiting.delete(socket)
      this.#refuseAndHold(refused)
      if (++told === PER_TURN) break
    }
    if (this.#waiting.size > 0) this.#scheduleTurn()
  }

  // When a request has been read to its end, Node goes on reading, some ticks later; a microtask comes after all of them.
  #refuseAndHold({ request, response }: Refused): void {
    const { socket } = request
    request.once('close', () => queueMicrotask(() => this.#held.hold(socket)))
    this.atOnce(request, response)
  }
}
