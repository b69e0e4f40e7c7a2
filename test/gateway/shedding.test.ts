// Shedding over real sockets: what is refused before Fastify hears of it, and which connections are left unread.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ACCESS_FOR_ANYONE } from '../../gateway/access/access.ts'
import { buildApp } from '../../gateway/http/app.ts'
import { connectionLimit } from '../../gateway/http/connection-limit.ts'
import { HeldSockets } from '../../gateway/http/held-sockets.ts'
import { LoadGauge, type ServerLoad } from '../../gateway/load-gauge.ts'
import { Partitions } from '../../gateway/partitions.ts'
import type { StockBoard } from '../../gateway/stock/stock-board.ts'
import { MemoryShop } from '../fixtures/memory-shop.ts'
import { get, post, type RawReply, RawSocket } from '../fixtures/raw-socket.ts'
import { testBoard } from '../fixtures/test-board.ts'

const TARGET_MS = 20
const CONNECTIONS_MAX = 8
const HOUR_MS = 3_600_000
const SHOP = 'https://shop.example'
const RESERVE = '{"sku":"shoe","buyer":"ada","quantity":1}'

const shop = new MemoryShop()
const held = new HeldSockets([HOUR_MS, HOUR_MS])
let nowMs = 0
let endPoll: (() => void) | undefined
const gauge = new LoadGauge({
  targetMs: TARGET_MS,
  monotonicMs: () => nowMs,
  idleMs: () => nowMs,
  afterPoll: (end) => {
    endPoll = end
  },
})
const sockets: RawSocket[] = []
const underWay: (() => void)[] = []
let app: FastifyInstance
let board: StockBoard
let port: number
/** What the gauge is told of the server. */
let load: ServerLoad | undefined

beforeAll(async () => {
  const partitions = new Partitions()
  partitions.put([shop.selling])
  board = testBoard(partitions)
  const heed = vi.spyOn(gauge, 'heed')
  app = await buildApp({
    access: { ...ACCESS_FOR_ANYONE, corsOrigins: [SHOP] },
    partitions,
    board,
    shedding: { gauge, connectionsMax: CONNECTIONS_MAX, held },
    logger: undefined,
    now: () => shop.now,
    onBug: (bug) => shop.faults.push(bug),
    version: '0.0.0-test',
  })
  load = heed.mock.lastCall?.[0]
  await app.listen({ port: 0, host: '127.0.0.1' })
  ;({ port } = app.server.address() as AddressInfo)
  const payload = { stock: 100 }
  expect((await app.inject({ method: 'PUT', url: '/v1/skus/shoe', payload })).statusCode).toBe(201)
})

afterEach(async () => {
  held.releaseAll()
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const answered of underWay.splice(0)) answered()
  endPoll?.()
  nowMs += 10_000
  gauge.refuses('server')
  endPoll?.()
  expect(gauge.isOverloaded, 'the overload is over').toBe(false)
  await expect.poll(connections).toBe(0)
})

afterAll(async () => {
  await shop.close()
  await app.close()
  await shop.check()
})

const connections = () =>
  new Promise<number>((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

/** A poll that has been going on for `ms` when the next request comes, in a process that is overloaded and full. */
function overload(ms: number): void {
  for (let count = 0; count < 10; count++) {
    for (let request = 0; request < 512; request++) gauge.refuses('server')
    nowMs += TARGET_MS + 1
    endPoll?.()
  }
  expect(gauge.isOverloaded).toBe(true)
  while (!gauge.refuses('reserve')) underWay.push(gauge.take())
  nowMs += ms
}

async function open(): Promise<RawSocket> {
  const socket = await RawSocket.connect(port)
  sockets.push(socket)
  return socket
}

async function send(socket: RawSocket, request: string): Promise<RawReply | undefined> {
  const before = socket.replies.length
  return (await socket.write(request).receive(before + 1))[before]
}

async function reserved(): Promise<string> {
  const { body } = await app.inject({
    method: 'POST',
    url: '/v1/reservations',
    payload: JSON.parse(RESERVE),
  })
  return String(JSON.parse(body).id)
}

describe('the gauge', () => {
  test('hears of connections that may send, and not of those that listen to stock', async () => {
    expect(load?.connections()).toBe(0)
    for (let count = 0; count < 3; count++) await open()
    await expect.poll(() => load?.connections()).toBe(3)
    const listening = vi.spyOn(board, 'subscribers', 'get').mockReturnValue(1)
    onTestFinished(() => listening.mockRestore())
    expect(load?.connections()).toBe(2)
  })
})

describe('an overloaded process', () => {
  test('refuses new reservations with 503 busy, when to come back, and the request id', async () => {
    overload(TARGET_MS)
    const { hash } = shop
    const reply = await send(
      await open(),
      post('/v1/reservations', RESERVE, ['X-Request-Id: mine-1']),
    )
    expect(reply?.status).toBe(503)
    expect(reply?.headers.get('retry-after')).toBe('1')
    expect(reply?.headers.get('x-content-type-options')).toBe('nosniff')
    expect(reply?.headers.get('x-request-id')).toBe('mine-1')
    expect(reply?.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    const body = JSON.parse(reply?.body ?? '')
    expect(body).toMatchObject({ code: 'busy', retryable: true, requestId: 'mine-1' })
    expect(shop.hash, 'it had no effect').toBe(hash)
  })

  test('lets the pages of a named shop read why, and no others', async () => {
    overload(TARGET_MS)
    const fromPage = async (origin: string) => {
      const request = post('/v1/reservations', RESERVE, [`Origin: ${origin}`])
      return (await send(await open(), request))?.headers
    }
    const headers = await fromPage(SHOP)
    expect(headers?.get('access-control-allow-origin')).toBe(SHOP)
    expect(headers?.get('access-control-expose-headers')).toContain('retry-after')
    expect(headers?.get('vary')).toBe('Origin')
    expect((await fromPage('https://elsewhere.example'))?.has('access-control-allow-origin')).toBe(
      false,
    )
  })

  test('takes reads until it is later still, and everything that settles or steers always', async () => {
    const id = await reserved()
    overload(TARGET_MS)
    expect((await send(await open(), get('/v1/skus/shoe')))?.status).toBe(200)
    nowMs += 1
    for (const path of ['/v1/skus/shoe', '/v1/skus', `/v1/reservations/${id}`]) {
      expect((await send(await open(), get(path)))?.status, path).toBe(503)
    }
    const socket = await open()
    expect((await send(socket, get('/healthz')))?.status).toBe(200)
    const operator = post('/v1/%73kus/shoe', '{"paused":false}').replace('POST', 'PATCH')
    expect((await send(socket, operator))?.status, 'however it is spelt').toBe(200)
    expect(
      (await send(socket, post(`/v1/reservations/${id}/extend`, '{"holdMs":900001}')))?.status,
    ).toBe(200)
    expect((await send(socket, post(`/v1/reservations/${id}/confirm`, '{}')))?.status).toBe(200)
    expect((await send(socket, post(`/v1/reservations/${id}/return`, '{}')))?.status).toBe(200)
    const cancelled = await send(socket, post(`/v1/reservations/${id}/cancel`, '{}'))
    expect(JSON.parse(cancelled?.body ?? '')).toMatchObject({ code: 'already_confirmed' })
    expect(gauge.shed.read).toBeGreaterThanOrEqual(3)
  })

  test('refuses the reservations of a batch, and executes what settles holds in it', async () => {
    const id = await reserved()
    overload(TARGET_MS)
    const operations = `[{"op":"reserve",${RESERVE.slice(1)},{"op":"confirm","id":"${id}"}]`
    const batch = post('/v1/batch', `{"operations":${operations}}`)
    const results = async () => JSON.parse((await send(await open(), batch))?.body ?? '').results
    expect(await results()).toMatchObject([
      { status: 503, code: 'busy' },
      { status: 200, state: 'confirmed' },
    ])
    underWay.pop()?.()
    expect(await results()).toMatchObject([{ status: 201, state: 'held' }, { status: 200 }])
    expect(await results(), 'it is under way no more').toMatchObject([{ status: 201 }, {}])
  })

  test.each([
    ['a percent sequence', post('/v1/%72eservations', RESERVE)],
    ['the absolute form', post('http://x/v1/reservations', RESERVE)],
    ['a percent sequence in a read', get('/v1/%73kus')],
  ])('is not stepped around by %s', async (_, request) => {
    overload(TARGET_MS + 1)
    expect((await send(await open(), request))?.status).toBe(503)
  })
})

describe('a connection', () => {
  test('that was let in by nobody is held like any other, whatever it asked for', async () => {
    overload(TARGET_MS)
    const stranger = await open()
    expect((await send(stranger, post('/v1/batch', '{}')))?.status).toBe(400)
    expect((await send(stranger, post('/v1/reservations', RESERVE)))?.status).toBe(503)
    await expect.poll(() => held.count).toBe(1)
  })

  test('whose reservation was shed is not read for a while, and then it is', async () => {
    overload(TARGET_MS)
    const crowd = await open()
    expect((await send(crowd, post('/v1/reservations', RESERVE)))?.status).toBe(503)
    await expect.poll(() => held.count).toBe(1)
    crowd.write(get('/v1/time'))
    const other = await open()
    for (let count = 0; count < 20; count++) {
      expect((await send(other, get('/v1/time')))?.status).toBe(200)
    }
    expect(crowd.replies, 'what it sent lies in the kernel').toHaveLength(1)
    held.releaseAll()
    const [, second] = await crowd.receive(2)
    expect(second?.status).toBe(200)
  })

  test('that has settled a hold is refused, but read on: its next call may be a confirm', async () => {
    const id = await reserved()
    overload(TARGET_MS)
    const shopSocket = await open()
    expect((await send(shopSocket, post(`/v1/reservations/${id}/cancel`, '{}')))?.status).toBe(200)
    for (let count = 0; count < 3; count++) {
      expect((await send(shopSocket, post('/v1/reservations', RESERVE)))?.status).toBe(503)
    }
    const again = await send(shopSocket, post(`/v1/reservations/${id}/cancel`, '{}'))
    expect(again?.status).toBe(200)
    expect(held.count).toBe(0)
  })

  test('of a service that shows a key is read on, too', async () => {
    overload(TARGET_MS)
    const service = await open()
    const request = post('/v1/reservations', RESERVE, ['Authorization: Bearer hf_anything'])
    for (let count = 0; count < 3; count++) {
      expect((await send(service, request))?.status).toBe(503)
    }
    expect((await send(service, get('/v1/time')))?.status).toBe(200)
    expect(held.count).toBe(0)
  })

  test('that sends on while it is refused is told of all, in order, and held then', async () => {
    overload(TARGET_MS)
    const hasty = await open()
    const requests = ['1', '2', '3'].map((id) =>
      post('/v1/reservations', RESERVE, [`X-Request-Id: ${id}`]),
    )
    const replies = await hasty.write(requests.join('')).receive(3)
    expect(replies.map(({ headers }) => headers.get('x-request-id'))).toEqual(['1', '2', '3'])
    await expect.poll(() => held.count).toBe(1)
  })

  test('row 24: one too many is closed at once; those before are served on', async () => {
    const first = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, open))
    for (const socket of first) expect((await send(socket, get('/v1/time')))?.status).toBe(200)
    const tooMany = await open()
    await tooMany.closed
    for (const socket of first) expect((await send(socket, get('/v1/time')))?.status).toBe(200)
  })

  test.each([
    { wanted: 10_000, filesMax: 1_024, limit: 896 },
    { wanted: 100, filesMax: 1_024, limit: 100 },
    { wanted: 10_000, filesMax: Number.POSITIVE_INFINITY, limit: 10_000 },
    { wanted: 10_000, filesMax: 64, limit: 16 },
  ])('limit of $wanted wanted and $filesMax files is $limit', ({ wanted, filesMax, limit }) => {
    expect(connectionLimit(wanted, filesMax)).toBe(limit)
  })
})
