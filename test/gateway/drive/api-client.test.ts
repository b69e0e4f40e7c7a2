// The client of the HTTP API against a server that breaks off, is busy, or answers half.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ApiClient } from '../../../gateway/drive/api-client.ts'
import type { Answer, Operation } from '../../../gateway/drive/operations.ts'

type Reply = (response: ServerResponse, operations: readonly Operation[]) => void

interface Scripted {
  readonly client: ApiClient
  /** Bodies of the requests, in order. */
  readonly bodies: string[]
  readonly acknowledged: string[]
}

/** A client of a server that gives one scripted reply after another. */
async function scripted(...replies: Reply[]): Promise<Scripted> {
  const bodies: string[] = []
  const acknowledged: string[] = []
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      bodies.push(body)
      const reply = replies.shift() ?? problem(500, 'script_over')
      reply(response, body === '' ? [] : JSON.parse(body).operations)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const client = new ApiClient({
    baseUrl: () => `http://127.0.0.1:${port}`,
    retryForMs: 2_000,
    onOutage: () => {},
    onAcknowledged: (operation) => acknowledged.push('id' in operation ? operation.id : ''),
  })
  return { client, bodies, acknowledged }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function json(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Reply {
  return json(status, { status, code, detail: 'scripted' }, headers)
}

/** Answers every operation of a batch, with a status of its own where one is given. */
function results(statuses: Readonly<Record<string, number>> = {}): Reply {
  return (response, operations) => {
    const answers = operations.map((operation) => {
      const id = 'id' in operation ? operation.id : ''
      const status = statuses[id] ?? 200
      if (status !== 200) return { status, code: `code_${status}` }
      return { status, id, state: 'held', quantity: 1 }
    })
    json(200, { results: answers })(response, operations)
  }
}

const broken: Reply = (response) => response.destroy()

async function run({ client }: Scripted, ids: readonly string[]): Promise<Map<string, number>> {
  const statuses = new Map<string, number>()
  const items = ids.map((id) => ({ operation: { op: 'get', id } as const }))
  const onAnswer = (item: (typeof items)[number], answer: Answer): void => {
    statuses.set(item.operation.id, answer.status)
  }
  await client.batch(items, onAnswer)
  return statuses
}

test('repeats a broken connection, 503 and 504 with the same request', async () => {
  const replies = [broken, problem(503, 'busy'), problem(504, 'outcome_unknown'), results()]
  const script = await scripted(...replies)
  expect(await run(script, ['a', 'b'])).toEqual(
    new Map([
      ['a', 200],
      ['b', 200],
    ]),
  )
  expect(script.bodies).toHaveLength(4)
  expect(new Set(script.bodies).size).toBe(1)
  expect(script.client.measurements()).toMatchObject({ requests: 1, retries: 3 })
})

test('repeats a half answer, whose end was cut off', async () => {
  const half: Reply = (response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"results":[', () => response.destroy())
  }
  const script = await scripted(half, results())
  expect(await run(script, ['a'])).toEqual(new Map([['a', 200]]))
})

test('waits as long as Retry-After says', async () => {
  const script = await scripted(problem(503, 'busy', { 'retry-after': '1' }), results())
  const beganAtMs = performance.now()
  await run(script, ['a'])
  expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(990)
})

test('repeats only the undecided operations of a batch, and tells each answer once', async () => {
  const script = await scripted(results({ b: 503, c: 409 }), results({ b: 504 }), results())
  const statuses = await run(script, ['a', 'b', 'c'])
  expect(statuses).toEqual(
    new Map([
      ['a', 200],
      ['c', 409],
      ['b', 200],
    ]),
  )
  expect(script.acknowledged).toEqual(['a', 'c', 'b'])
  expect(script.bodies.slice(1)).toEqual(Array(2).fill('{"operations":[{"op":"get","id":"b"}]}'))
})

test('gives up when the server stays away, naming the last reason', async () => {
  const script = await scripted(...Array(100).fill(problem(503, 'draining')))
  const fault = {
    code: 'server_unavailable',
    message: expect.stringMatching(/2 s: .*503 draining/),
  }
  await expect(run(script, ['a'])).rejects.toThrowError(expect.objectContaining(fault))
})

test.each([
  ['a refused batch', problem(400, 'bad_request'), 'server_refused'],
  ['a fault of the server', problem(500, 'bug'), 'server_refused'],
  ['an answer too few', json(200, { results: [] }), 'server_answer_unreadable'],
  ['an answer without status', json(200, { results: [{ id: 'a' }] }), 'server_answer_unreadable'],
  ['no JSON', (response) => response.end('<html>'), 'server_answer_unreadable'],
] satisfies [string, Reply, string][])('does not repeat %s', async (_, reply, code) => {
  const script = await scripted(reply)
  await expect(run(script, ['a'])).rejects.toThrowError(expect.objectContaining({ code }))
  expect(script.bodies).toHaveLength(1)
})
