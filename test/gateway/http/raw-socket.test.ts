// Bad input that only a raw socket can send: broken framing, slow and greedy connections, clients that leave.
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { PROBLEMS, type ProblemCode } from '../../../gateway/api/problems.ts'
import { IN_FLIGHT_PER_SOCKET_MAX } from '../../../gateway/http/socket-limit.ts'
import { get, post, type RawReply, RawSocket } from '../../fixtures/raw-socket.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const GOOD = '{"sku":"shoe","buyer":"ada","quantity":1}'
/** What the server allows itself to end a slow request, and then some for a busy machine. */
const SLOW_MS_MAX = 9_000

const sockets: RawSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

async function listening(): Promise<{ app: TestApp; open: () => Promise<RawSocket> }> {
  const app = await start()
  await app.open(10_000)
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.app.server.address() as AddressInfo
  const open = async () => {
    const socket = await RawSocket.connect(port, true)
    sockets.push(socket)
    return socket
  }
  return { app, open }
}

function connections(app: TestApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

/** Waits until the server holds no connection, though no client has closed its own side. */
async function untilReleased(app: TestApp): Promise<void> {
  await expect.poll(() => connections(app), { timeout: SLOW_MS_MAX }).toBe(0)
}

function expectRawProblem(reply: RawReply | undefined, code: ProblemCode): void {
  expect(reply?.status).toBe(PROBLEMS[code].status)
  expect(reply?.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(JSON.parse(reply?.body ?? '')).toMatchObject({ code, status: PROBLEMS[code].status })
}

const head = (...lines: string[]) =>
  `POST /v1/reservations HTTP/1.1\r\n${['Host: x', 'Content-Type: application/json', ...lines].join('\r\n')}\r\n\r\n`
const CHUNKED = 'Transfer-Encoding: chunked'

describe('a broken request', () => {
  const rows: [string, string, ProblemCode][] = [
    [
      'row 21: with two content-lengths',
      head('Content-Length: 41', 'Content-Length: 40') + GOOD,
      'bad_request',
    ],
    [
      'row 21: with transfer-encoding and content-length',
      `${head('Content-Length: 41', CHUNKED)}29\r\n${GOOD}\r\n0\r\n\r\n`,
      'bad_request',
    ],
    [
      'row 21: with content-length and transfer-encoding',
      `${head(CHUNKED, 'Content-Length: 41')}29\r\n${GOOD}\r\n0\r\n\r\n`,
      'bad_request',
    ],
    [
      'row 21: with a transfer-encoding that is none',
      `${head('Transfer-Encoding: xchunked')}29\r\n${GOOD}\r\n0\r\n\r\n`,
      'bad_request',
    ],
    ['row 21: with a chunk of no size', `${head(CHUNKED)}zz\r\n${GOOD}`, 'bad_request'],
    ['row 21: with a length below zero', head('Content-Length: -1') + GOOD, 'bad_request'],
    ['row 21: with a length in a list', head('Content-Length: 41, 41') + GOOD, 'bad_request'],
    ['row 21: with a length with a plus', head('Content-Length: +41') + GOOD, 'bad_request'],
    [
      'row 21: with headers over 8 KiB',
      get('/v1/time', [`A: ${'a'.repeat(8_192)}`]),
      'headers_too_large',
    ],
    ['row 21: with a path over 8 KiB', get(`/v1/skus/${'a'.repeat(8_192)}`), 'headers_too_large'],
    [
      'row 21: with 101 headers',
      get(
        '/v1/time',
        Array.from({ length: 100 }, (_, index) => `a${index}: b`),
      ),
      'headers_too_large',
    ],
    ['row 21: without a Host', 'GET /v1/time HTTP/1.1\r\n\r\n', 'bad_request'],
    ['row 21: with a header over two lines', get('/v1/time', ['A: b\r\n c']), 'bad_request'],
    ['row 21: with a blank before the colon', get('/v1/time', ['A : b']), 'bad_request'],
    ['row 21: with NUL in a header', get('/v1/time', ['A: \0']), 'bad_request'],
    ['row 21: with bare line feeds', 'GET /v1/time HTTP/1.1\nHost: x\n\n', 'bad_request'],
    ['row 36: with a method that is none', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 'bad_request'],
    ['row 36: in HTTP/3.0', 'GET / HTTP/3.0\r\nHost: x\r\n\r\n', 'bad_request'],
    ['row 36: in HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'bad_request'],
    ['row 36: that begins TLS', '\x16\x03\x01\x02\x00\x01', 'bad_request'],
    ['row 36: with NUL in its path', get('/v1/skus/a\0b'), 'bad_request'],
    ['row 36: with bytes beyond ASCII in its path', get('/v1/skus/sh\xc3\xb6e'), 'bad_request'],
    [
      'row 18: with a body that says it is huge',
      head('Content-Length: 999999999') + GOOD,
      'too_large',
    ],
    [
      'row 18: with chunks without an end',
      head(CHUNKED) + `1000\r\n${' '.repeat(4_096)}\r\n`.repeat(5),
      'too_large',
    ],
  ]

  test.each(rows)('%s is answered, and its connection closed', async (_, bytes, code) => {
    const { app, open } = await listening()
    const before = app.hash
    const socket = await open()
    const replies = await socket.write(bytes).drain()
    expect(replies).toHaveLength(1)
    expectRawProblem(replies[0], code)
    expect(replies[0]?.headers.get('connection')).toBe('close')
    expect(app.hash).toBe(before)
  })

  test('row 24: keeps no descriptor, even when the client never closes its side', async () => {
    const { app, open } = await listening()
    for (const [, bytes] of rows) {
      const socket = await open()
      await socket.write(bytes).drain()
    }
    await untilReleased(app)
  })

  test('row 18: with a length that is too short has no effect, and its rest is not a request', async () => {
    const { app, open } = await listening()
    const before = app.hash
    const socket = await open()
    await socket.write(head('Content-Length: 5') + GOOD).drain()
    await untilReleased(app)
    expect(app.hash).toBe(before)
  })

  test('behind a good one is not answered in its place: the connection closes, the key tells', async () => {
    const { app, open } = await listening()
    app.journal.hold()
    const socket = await open()
    const replies = await socket
      .write(`${post('/v1/reservations', GOOD, ['Idempotency-Key: k1'])}garbage\r\n\r\n`)
      .drain()
    expect(replies, 'a 400 would be taken for the reservation').toEqual([])
    app.journal.letGo()
    const again = await app.reserve('k1')
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
  })
})

describe('an expectation', () => {
  test('that nobody knows is passed over: the answer is ours, with our headers', async () => {
    const { open } = await listening()
    const socket = await open()
    const [reply] = await socket
      .write('GET /v1/time HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n')
      .receive(1)
    expect(reply?.status).toBe(200)
    expect(reply?.headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('a path', () => {
  const rows: [string, number][] = [
    ['/v1/%2e%2e/healthz', 404],
    ['/v1/../healthz', 404],
    ['/docs/static/../../package.json', 400],
    ['/docs/static/..%2f..%2fpackage.json', 404],
    ['/v1/skus/a%00b', 400],
    ['/v1/skus/a%2fb', 400],
    ['/v1/skus/%zz', 400],
    ['/v1/skus;a=1', 404],
  ]
  test('row 36: that climbs, or hides what it is, leads nowhere', async () => {
    const { open } = await listening()
    for (const [path, status] of rows) {
      const socket = await open()
      const [reply] = await socket.write(get(path)).receive(1)
      expect(reply?.status, path).toBe(status)
      expect(reply?.headers.get('content-type'), path).toBe(
        'application/problem+json; charset=utf-8',
      )
      expect(reply?.body, path).not.toContain('devDependencies')
    }
  })
})

describe('a slow client', () => {
  test('row 22: is answered 408 and let go, wherever it stops', {
    timeout: 3 * SLOW_MS_MAX,
  }, async () => {
    const { app, open } = await listening()
    const before = app.hash
    const inHeaders = await open()
    inHeaders.write('GET /v1/time HTTP/1.1\r\nHo')
    const inBody = await open()
    inBody.write(head('Content-Length: 41') + GOOD.slice(0, 20))
    const inChunks = await open()
    inChunks.write(`${head(CHUNKED)}5\r\n{"sku\r\n`)
    const silent = await open()
    const dripping = await open()
    dripping.write('GET /v1/time HTTP/1.1\r\n')
    const drip = setInterval(() => dripping.write('A: b\r\n'), 500)
    const startedAt = performance.now()
    try {
      for (const socket of [inHeaders, inBody, inChunks, silent, dripping]) {
        const replies = await socket.drain()
        expect(replies).toHaveLength(1)
        expectRawProblem(replies[0], 'request_timeout')
      }
      expect(performance.now() - startedAt).toBeLessThan(SLOW_MS_MAX)
      await untilReleased(app)
    } finally {
      clearInterval(drip)
    }
    expect(app.hash).toBe(before)
  })
})

describe('a greedy client', () => {
  const keyed = (index: number) => post('/v1/reservations', GOOD, [`Idempotency-Key: k${index}`])
  const flood = (count: number) =>
    Array.from({ length: count }, (_, index) => keyed(index)).join('')

  test('row 23: has so many requests in flight on one connection, and 429 for one more', async () => {
    const { app, open } = await listening()
    app.journal.hold()
    const socket = await open()
    socket.write(flood(100))
    await expect.poll(() => app.state.lastSeq).toBe(1 + IN_FLIGHT_PER_SOCKET_MAX)
    app.journal.letGo()
    const replies = await socket.drain()
    const statuses = replies.map(({ status }) => status)
    expect(statuses).toEqual([...Array(IN_FLIGHT_PER_SOCKET_MAX).fill(201), 429])
    expectRawProblem(replies.at(-1), 'too_many_requests')
    expect(replies.at(-1)?.headers.get('retry-after')).toBe('1')
    await untilReleased(app)
    expect(app.state.lastSeq, 'nothing else was executed').toBe(1 + IN_FLIGHT_PER_SOCKET_MAX)
  })

  test('row 23: of 5,000 pipelined requests has few executed, and each of those to be found', async () => {
    const { app, open } = await listening()
    app.journal.hold()
    const socket = await open()
    socket.write(flood(5_000))
    await expect.poll(() => app.state.lastSeq).toBe(1 + IN_FLIGHT_PER_SOCKET_MAX)
    app.journal.letGo()
    await socket.drain()
    await untilReleased(app)
    expect(app.state.lastSeq).toBe(1 + IN_FLIGHT_PER_SOCKET_MAX)
    for (let index = 0; index < IN_FLIGHT_PER_SOCKET_MAX; index++) {
      expect((await app.reserve(`k${index}`)).status).toBe(200)
    }
    expect((await app.reserve(`k${IN_FLIGHT_PER_SOCKET_MAX}`)).status).toBe(201)
  })

  test('row 23: that waits for its answers is served for as long as it likes', async () => {
    const { app, open } = await listening()
    const socket = await open()
    for (let count = 1; count <= 3 * IN_FLIGHT_PER_SOCKET_MAX; count++) {
      socket.write(post('/v1/reservations', GOOD, [`Idempotency-Key: k${count}`]))
      const replies = await socket.receive(count)
      expect(replies.at(-1)?.status).toBe(201)
    }
    expect(app.state.lastSeq).toBe(1 + 3 * IN_FLIGHT_PER_SOCKET_MAX)
  })

  test('row 23: pipelines as much as is allowed, and is answered in order', async () => {
    const { open } = await listening()
    const socket = await open()
    const bodies = Array.from({ length: IN_FLIGHT_PER_SOCKET_MAX }, (_, index) =>
      GOOD.replace('"quantity":1', `"quantity":${index + 1}`),
    )
    socket.write(bodies.map((body) => post('/v1/reservations', body)).join(''))
    const replies = await socket.receive(IN_FLIGHT_PER_SOCKET_MAX)
    const quantities = replies.map(({ body }) => JSON.parse(body).quantity)
    expect(quantities).toEqual(bodies.map((_, index) => index + 1))
  })
})

describe('a client that leaves', () => {
  test('row 30: before its answer finds the effect by its key', async () => {
    const { app, open } = await listening()
    app.journal.hold()
    const socket = await open()
    socket.write(post('/v1/reservations', GOOD, ['Idempotency-Key: k1']))
    await expect.poll(() => app.state.lastSeq).toBe(2)
    socket.destroy()
    await untilReleased(app)
    app.journal.letGo()
    const again = await app.reserve('k1')
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
    expect(await app.units()).toEqual([9_999, 1, 0])
  })

  test('row 30: in the middle of its body has no effect', async () => {
    const { app, open } = await listening()
    const before = app.hash
    const socket = await open()
    socket.write(head('Content-Length: 41', 'Idempotency-Key: k1') + GOOD.slice(0, 30))
    await expect.poll(() => connections(app)).toBe(1)
    socket.destroy()
    await untilReleased(app)
    expect(app.hash).toBe(before)
    expect((await app.reserve('k1')).status).toBe(201)
  })
})
