// GET /v1/stock/socket over real sockets, and that nothing else about HTTP changes for who offers an upgrade.
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { get, post, RawSocket } from '../../fixtures/raw-socket.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'
import { WebSocketClient } from '../../fixtures/web-socket-client.ts'

const start = testApps()

let app: TestApp
let port: number
const clients: { destroy(): void }[] = []

beforeEach(async () => {
  app = await start()
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.app.server.address() as AddressInfo).port
  await app.open(10)
})
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

async function watch(
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebSocketClient> {
  const client = await WebSocketClient.open(port, `/v1/stock/socket?${query}`, headers)
  clients.push(client)
  return client
}

const subscribers = () => expect.poll(() => app.board.subscribers, { timeout: 10_000 })

const OFFER = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']

describe('an upgrade that is refused before its route', () => {
  const path = '/v1/stock/socket?sku=shoe'
  const many = Array.from({ length: 101 }, (_, index) => `X-${index}: 1`)
  test.each([
    ['no Host', 400, `GET ${path} HTTP/1.1\r\n${OFFER.join('\r\n')}\r\n\r\n`],
    ['too many headers', 431, get(path, [...OFFER, ...many])],
    ["a stranger's page", 403, get(path, [...OFFER, 'Origin: https://evil.example'])],
  ])(
    'for %s is answered %i, and its connection ends though the client keeps its side open',
    async (_, status, request) => {
      const client = await RawSocket.connect(port, true)
      clients.push(client)
      const [reply] = await client.write(request).receive(1)
      expect(reply?.status).toBe(status)
      await client.closed
      await expect
        .poll(
          () =>
            new Promise((resolve) =>
              app.app.server.getConnections((_error, count) => resolve(count)),
            ),
        )
        .toBe(0)
    },
  )
})

test('an upgrade by another method is none: it is answered as the plain request that it is', async () => {
  const client = await RawSocket.connect(port)
  clients.push(client)
  expect((await client.write(post('/v1/stock/socket', '{}', OFFER)).receive(1))[0]?.status).toBe(
    404,
  )
  expect((await client.write(get('/v1/time')).receive(2))[1]?.status).toBe(200)
})

describe('the socket', () => {
  test('tells every state, then changes, and resumes by lastEventId', async () => {
    await app.open(5, {}, 'hat')
    const client = await watch('sku=shoe&sku=hat')
    expect(client.status).toBe(101)
    const [shoe, hat] = await client.first(2)
    const data = {
      sku: 'shoe',
      available: 10,
      held: 0,
      sold: 0,
      stock: 10,
      state: 'open',
      seq: '1',
    }
    expect(shoe).toEqual({ event: 'stock', data })
    expect(hat).toMatchObject({ event: 'stock', id: '2', data: { sku: 'hat' } })
    await app.held('k')
    expect((await client.first(3))[2]).toMatchObject({ id: '3', data: { sku: 'shoe', held: 1 } })
    const next = await watch('sku=shoe&sku=hat&lastEventId=2')
    expect(await next.first(1)).toMatchObject([{ id: '3', data: { sku: 'shoe', held: 1 } }])
    const astray = await watch('sku=shoe&lastEventId=nonsense')
    expect(await astray.first(2)).toMatchObject([
      { event: 'gap', data: { reason: 'unreadable' } },
      { event: 'stock', id: '3' },
    ])
  })

  test.each([
    ['sku=nothing', 404, 'unknown_sku'],
    ['', 400, 'bad_request'],
    ['sku=shoe&sku=a%20b', 400, 'bad_request'],
    ['sku=shoe&other=1', 400, 'bad_request'],
  ])('is refused before the upgrade for %s', async (query, status, code) => {
    const client = await watch(query)
    await client.closed()
    expect([client.status, JSON.parse(client.body).code]).toEqual([status, code])
    await subscribers().toBe(0)
  })

  test('answers a handshake that is none as it answers all else', async () => {
    const client = await RawSocket.connect(port, true)
    clients.push(client)
    const path = '/v1/stock/socket?sku=shoe'
    const [reply] = await client.write(get(path, [...OFFER, 'Sec-WebSocket-Key: x'])).receive(1)
    expect(reply?.status).toBe(400)
    expect(reply?.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(reply?.headers.get('x-content-type-options')).toBe('nosniff')
    await client.closed
    await subscribers().toBe(0)
  })

  test('leaves nothing behind when the handshake is none', async () => {
    const client = await watch('sku=shoe', { 'sec-websocket-key': 'short' })
    await client.closed()
    expect(client.status).toBe(400)
    await subscribers().toBe(0)
  })

  test.each([
    ['a message', 'hello', 5, 1008],
    ['a message that is too long', 'x', 2_000, 1009],
  ])('closes on who sends %s', async (_, text, claimed, code) => {
    const client = await watch('sku=shoe')
    await client.first(1)
    client.send(text, 1, claimed)
    await client.until(() => client.closeCode !== undefined)
    expect(client.closeCode).toBe(code)
    client.destroy()
    await subscribers().toBe(0)
  })

  test('says goodbye when the app closes, and does not wait for who says nothing back', async () => {
    const client = await watch('sku=shoe')
    await client.first(1)
    await app.app.close()
    expect(client.closeCode).toBe(1001)
    expect(app.board.subscribers).toBe(0)
  })
})

describe('elsewhere', () => {
  // As Java's client sends it with its first request.
  const OFFER = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAEAAEAA']

  test.each([
    ['HTTP/2', OFFER],
    ['a WebSocket', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('an offer of %s changes nothing', async (_, headers) => {
    const raw = await RawSocket.connect(port)
    clients.push(raw)
    const body = '{"sku":"shoe","buyer":"ada","quantity":1}'
    raw.write(post('/v1/reservations', body, headers))
    const [reply] = await raw.receive(1)
    expect(reply?.status).toBe(201)
  })

  test('the path by plain HTTP is refused, and so is another protocol on it', async () => {
    expect((await app.get('/v1/stock/socket?sku=shoe')).status).toBe(400)
    const client = await watch('sku=shoe', { upgrade: 'h2c' })
    expect(client.status).toBe(400)
    expect(app.board.subscribers).toBe(0)
  })
})
