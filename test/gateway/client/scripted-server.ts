// An HTTP server in the test's hand: each request is met by what the test says, however hostile.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'

/** What the tests look at of an operation. */
interface ScriptedOperation {
  readonly key?: string
  readonly sku?: string
  readonly buyer?: string
  readonly quantity?: number
}

/** A request that has arrived whole. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The operations of a batch; empty for anything else. */
  readonly operations: readonly ScriptedOperation[]
}

/** Meets one request; to hang, it does nothing. */
export type Reaction = (response: ServerResponse, received: Received) => unknown

export class ScriptedServer {
  /** All requests so far, in order. */
  readonly received: Received[] = []
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Starts one that meets its requests with `reactions` in turn; the last one goes on for ever. */
  static async start(reactions: readonly Reaction[]): Promise<ScriptedServer> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const scripted = new ScriptedServer(server)
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const received = receivedOf(request, Buffer.concat(chunks).toString())
      const count = scripted.received.push(received)
      await reactions[Math.min(count, reactions.length) - 1]?.(response, received)
    })
    started.push(scripted)
    return scripted
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const started: ScriptedServer[] = []

/** Ends, after each test of the file, every server that the test started. */
export function endScriptedServersAfterEach(): void {
  afterEach(async () => {
    for (const server of started.splice(0)) await server.close()
  })
}

/** Answers JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Reaction {
  return text(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

/** Answers any text. */
export function text(status: number, body: string, headers: Record<string, string> = {}): Reaction {
  return (response) => response.writeHead(status, headers).end(body)
}

/** Answers one problem of Holdfast's. */
export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Reaction {
  return json(status, problemOf(status, code), headers)
}

/** Answers a batch with one result per operation. */
export function results(resultOf: (operation: ScriptedOperation) => unknown): Reaction {
  return (response, received) =>
    json(200, { results: received.operations.map(resultOf) })(response, received)
}

/** Reads the request and breaks the connection. */
export const reset: Reaction = (response) => response.destroy()

/** Never answers. */
export const hang: Reaction = () => undefined

export function problemOf(status: number, code: string): Record<string, unknown> {
  const type = `urn:holdfast:problem:${code}`
  return { type, title: code, status, detail: `It is ${code}.`, code, retryable: status >= 500 }
}

/** The id that `heldResult` gives. */
export const ID = '01234567890123456789ABCDEF'

/** What a reservation is answered with, without looking at any stock. */
export function heldResult(operation: ScriptedOperation): Record<string, unknown> {
  const { sku, buyer, quantity } = operation
  const hold = { state: 'held', expiresAt: 1_800_000_000_000, remaining: 7, seq: '3' }
  return { status: 201, id: ID, sku, buyer, quantity, ...hold }
}

function receivedOf(request: IncomingMessage, body: string): Received {
  const { method = '', url = '', headers } = request
  const operations = url === '/v1/batch' ? JSON.parse(body).operations : []
  return { method, url, headers, text: body, operations }
}
