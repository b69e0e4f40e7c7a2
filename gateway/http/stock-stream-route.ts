// GET /v1/stock/stream: live stock as server-sent events, one connection per reader, written to without Fastify.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problemBody } from '../api/problem-body.ts'
import { type StreamQuery, streamQuery } from '../api/schemas.ts'
import type { StockBatch } from '../stock/stock-batch.ts'
import type { StockBoard } from '../stock/stock-board.ts'
import type { StockReader } from '../stock/stock-reader.ts'
import type { StockSubscription } from '../stock/stock-subscription.ts'
import { PUBLIC_STREAMS, STREAMS } from './route-config.ts'
import { withProblems } from './route-docs.ts'
import { sendNo } from './send-answer.ts'
import { sendProblem } from './send-problem.ts'

/** A comment, which readers pass over. */
const BEAT = Buffer.from(':\n\n')
/** Readers that were cut off together come back apart, after a time between these, in ms. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 4_000

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // The body has no end that could be told before: the connection's is its own, which spares every write a frame.
  connection: 'close',
  // For nginx, which would hold events back until a buffer is full.
  'x-accel-buffering': 'no',
}

const ALONE = 'A stream takes the whole connection: ask for it behind no other request.'

const summary = 'Live stock as server-sent events'
const description =
  'Events `stock`, first the state of every SKU, then changes; `gap` where resuming by Last-Event-ID failed.'

/** Registers the stream of live stock; `isPublic` where it is there for everybody. */
export function stockStreamRoute(app: FastifyInstance, board: StockBoard, isPublic: boolean): void {
  const content = { 'text/event-stream': { schema: { type: 'string' } } }
  const response = withProblems({ 200: { description: 'A stream of events.', content } })
  const schema = { summary, description, tags: ['skus'], querystring: streamQuery, response }
  const config = isPublic ? PUBLIC_STREAMS : STREAMS
  app.get<{ Querystring: StreamQuery }>(
    '/v1/stock/stream',
    { schema, config, exposeHeadRoute: false },
    async (request, reply) => {
      const subscription = await subscribe(board, request, reply)
      if (subscription === undefined) return reply
      const isGone = request.raw.socket.destroyed
      if (isGone || reply.raw.socket === null) {
        subscription.end()
        return sendProblem(request, reply, problemBody('bad_request', ALONE))
      }
      reply.hijack()
      stream(subscription, request, reply)
      return reply
    },
  )
}

/** The subscription that a request asks for; undefined when it was answered why there is none. */
export async function subscribe(
  board: StockBoard,
  request: FastifyRequest<{ Querystring: StreamQuery }>,
  reply: FastifyReply,
): Promise<StockSubscription | undefined> {
  const { sku } = request.query
  const opened = await board.open([...new Set([sku].flat())])
  if (opened.kind === 'subscription') return opened
  if (opened.kind === 'fault' && opened.code === 'busy') {
    sendProblem(request, reply, problemBody('busy', 'Too many streams are open.'))
  } else sendNo(request, reply, opened)
  return undefined
}

function stream(
  subscription: StockSubscription,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const response = reply.raw
  const lastId = request.headers['last-event-id']
  response.once('close', () => subscription.end())
  // Headers that hooks have set, CORS' among them, would come with Fastify's own answer.
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.removeHeader('transfer-encoding')
  response.writeHead(200)
  const waitMs = RETRY_MS_MIN + Math.floor(Math.random() * (RETRY_MS_MAX - RETRY_MS_MIN))
  response.write(`retry: ${waitMs}\n\n`)
  subscription.begin(new EventStream(response, request.raw.socket, subscription), textOf(lastId))
}

// What is sent twice counts as what a client of another kind than ours says: as nothing that can be read.
function textOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header)
}

/** One reader. Everything after the head goes to the socket as it is: the same bytes for all. */
class EventStream implements StockReader {
  readonly #response: ServerResponse
  readonly #socket: Socket
  readonly #subscription: StockSubscription

  constructor(response: ServerResponse, socket: Socket, subscription: StockSubscription) {
    this.#response = response
    this.#socket = socket
    this.#subscription = subscription
  }

  get unreadBytes(): number {
    return this.#socket.writableLength
  }

  tell(batch: StockBatch): number {
    const { events } = batch
    this.#socket.write(events)
    return events.length
  }

  beat(): void {
    this.#socket.write(BEAT)
  }

  end(): void {
    this.#response.end()
    this.#subscription.end()
  }

  drop(): void {
    this.#socket.destroy()
    this.#subscription.end()
  }
}
