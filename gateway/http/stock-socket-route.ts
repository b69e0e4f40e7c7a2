// GET /v1/stock/socket: live stock by WebSocket. Messages go one way; who sends one is shown the door.
import type { Socket } from 'node:net'
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { invariant } from '../../core/invariant.ts'
import { problemBody } from '../api/problem-body.ts'
import { type SocketQuery, socketQuery } from '../api/schemas.ts'
import type { StockBatch } from '../stock/stock-batch.ts'
import type { StockBoard } from '../stock/stock-board.ts'
import type { StockReader } from '../stock/stock-reader.ts'
import type { StockSubscription } from '../stock/stock-subscription.ts'
import { endWithProblem } from './failures.ts'
import { PUBLIC_STREAMS, STREAMS } from './route-config.ts'
import { withProblems } from './route-docs.ts'
import { sendProblem } from './send-problem.ts'
import { subscribe } from './stock-stream-route.ts'
import { STOCK_SOCKET } from './upgradable-request.ts'

/** Readers have nothing to say. */
const MESSAGE_BYTES_MAX = 128
/** How long readers may take to say goodbye when the process ends, in ms. */
const FAREWELL_MS = 500
/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

/** Registers the WebSocket of live stock in a scope of its own; `isPublic` where it is there for everybody. */
export async function stockSocketRoute(
  app: FastifyInstance,
  board: StockBoard,
  isPublic: boolean,
): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(websocket, {
      options: { maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false },
      errorHandler: (_, socket) => socket.terminate(),
      preClose: (done) => sayGoodbye(scope, done),
    })
    // The library would answer a handshake that is none in HTML.
    scope.websocketServer.on('wsClientError', (error, socket) =>
      endWithProblem(socket, problemBody('bad_request', error.message)),
    )
    register(scope, board, isPublic ? PUBLIC_STREAMS : STREAMS)
  })
}

function register(scope: FastifyInstance, board: StockBoard, config: typeof STREAMS): void {
  const subscriptions = new WeakMap<FastifyRequest['raw'], StockSubscription>()
  const summary = 'Live stock by WebSocket'
  const description = 'Messages as the events of /v1/stock/stream; `lastEventId` resumes.'
  const response = withProblems({ 101: { description: 'The WebSocket.', type: 'null' } })
  const schema = { summary, description, tags: ['skus'], querystring: socketQuery, response }
  scope.route<{ Querystring: SocketQuery }>({
    ...{ method: 'GET', url: STOCK_SOCKET, schema, config, exposeHeadRoute: false },
    // Before the upgrade, while an answer can still say no.
    preHandler: async (request, reply) => {
      if (!request.ws) return refuse(request, reply)
      const subscription = await subscribe(board, request, reply)
      if (subscription === undefined) return reply
      request.raw.socket.once('close', () => subscription.end())
      if (request.raw.socket.destroyed) subscription.end()
      else subscriptions.set(request.raw, subscription)
    },
    handler: refuse,
    wsHandler: (socket, request) => {
      const subscription = subscriptions.get(request.raw)
      invariant(subscription !== undefined, 'what is upgraded has a subscription')
      listen(socket, request.raw.socket, subscription, request.query.lastEventId)
    },
  })
}

function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const detail = 'This is a WebSocket: ask with Upgrade: websocket, or read /v1/stock/stream.'
  return sendProblem(request, reply, problemBody('bad_request', detail))
}

function listen(
  socket: WebSocket,
  connection: Socket,
  subscription: StockSubscription,
  lastId: string | undefined,
): void {
  const reader = new SocketReader(socket, connection, subscription)
  socket.on('message', () => socket.close(POLICY_VIOLATION, 'nothing is to be said here'))
  socket.on('pong', () => reader.noteLife())
  subscription.begin(reader, lastId)
}

// An upgraded connection is none of HTTP's: Node would wait for it for ever.
function sayGoodbye(scope: FastifyInstance, done: () => void): void {
  const { clients } = scope.websocketServer
  for (const client of clients) client.close(GOING_AWAY)
  const endsAtMs = performance.now() + FAREWELL_MS
  const look = () => {
    if (clients.size > 0 && performance.now() < endsAtMs) {
      setTimeout(look, 10)
      return
    }
    for (const client of clients) client.terminate()
    done()
  }
  look()
}

/** One reader by WebSocket. */
class SocketReader implements StockReader {
  readonly #socket: WebSocket
  readonly #connection: Socket
  readonly #subscription: StockSubscription
  #isAlive = true

  constructor(socket: WebSocket, connection: Socket, subscription: StockSubscription) {
    this.#socket = socket
    this.#connection = connection
    this.#subscription = subscription
  }

  get unreadBytes(): number {
    return this.#socket.bufferedAmount
  }

  tell(batch: StockBatch): number {
    let bytes = 0
    // One write for all of them.
    this.#connection.cork()
    for (const message of batch.messages) {
      bytes += message.length
      this.#socket.send(message, { binary: false, compress: false })
    }
    this.#connection.uncork()
    return bytes
  }

  beat(): void {
    if (this.#isAlive) this.#socket.ping()
    else this.drop()
    this.#isAlive = false
  }

  /** The reader has answered the last sign of life. */
  noteLife(): void {
    this.#isAlive = true
  }

  end(): void {
    this.#socket.close(GOING_AWAY)
    this.#subscription.end()
  }

  drop(): void {
    this.#socket.terminate()
    this.#subscription.end()
  }
}
