// Streams of live stock and who may have them; and a real socket that does not read.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { ACCESS_FOR_ANYONE, type Access } from '../../../gateway/access/access.ts'
import { buildApp } from '../../../gateway/http/app.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { LocalStock } from '../../../gateway/stock/local-stock.ts'
import { StockBoard } from '../../../gateway/stock/stock-board.ts'
import { banded, EXACT, type StockForm } from '../../../gateway/stock/stock-form.ts'
import { adjust, open } from '../../fixtures/commands.ts'
import { EventStreamClient } from '../../fixtures/event-stream.ts'
import { MemoryShop } from '../../fixtures/memory-shop.ts'
import { WebSocketClient } from '../../fixtures/web-socket-client.ts'

const DEADLINE = { timeout: 20_000 }
/** Somebody is asked who he is: by tokens nobody here has. */
const TOKENS = { keys: 'x'.repeat(32), issuer: undefined, audience: undefined }
const PAGE = 'https://shop.example'

let app: FastifyInstance
let shop: MemoryShop
let board: StockBoard
let port: number
const clients: { destroy(): void }[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await shop.close()
  await app.close()
})

async function start(access: Partial<Access>, form: StockForm = EXACT): Promise<void> {
  shop = new MemoryShop()
  const partitions = new Partitions()
  partitions.put([shop.selling])
  board = new StockBoard({ partitions, form, streamsMax: 10 })
  const stock = new LocalStock(board, partitions)
  shop.onDurable = (block) => stock.note(block)
  app = await buildApp({
    access: { ...ACCESS_FOR_ANYONE, ...access },
    ...{ partitions, board, logger: undefined, now: () => shop.now, version: '0' },
    onBug: (bug) => shop.faults.push(bug),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as AddressInfo).port
  await change(open(100))
}

function change(command: Parameters<MemoryShop['selling']['submit']>[0]): Promise<unknown> {
  return new Promise((answer) => shop.selling.submit(command, { answer }))
}

async function stream(headers: Readonly<Record<string, string>> = {}): Promise<EventStreamClient> {
  const client = await EventStreamClient.open(port, '/v1/stock/stream?sku=shoe', headers)
  clients.push(client)
  return client
}

describe('a stream', () => {
  test('needs a key unless stock is public, and so does the socket', async () => {
    await start({ tokens: TOKENS })
    expect((await stream()).status).toBe(401)
    const socket = await WebSocketClient.open(port, '/v1/stock/socket?sku=shoe')
    clients.push(socket)
    await socket.closed()
    expect(socket.status).toBe(401)
    expect(board.subscribers).toBe(0)
  })

  test('is there for pages of named origins where stock is public, and no other call is', async () => {
    await start({ tokens: TOKENS, isStockPublic: true, corsOrigins: [PAGE] })
    const client = await stream({ origin: PAGE })
    expect(client.status).toBe(200)
    expect(client.head.toLowerCase()).toContain(`access-control-allow-origin: ${PAGE}`)
    expect(client.head.toLowerCase()).toContain('x-request-id: ')
    const socket = await WebSocketClient.open(port, '/v1/stock/socket?sku=shoe')
    clients.push(socket)
    expect(await socket.first(1)).toMatchObject([{ data: { available: 100 } }])
    const one = await app.inject('/v1/skus/shoe')
    expect([one.statusCode, one.headers['cache-control']]).toEqual([200, 'public, max-age=1'])
    expect((await app.inject('/v1/skus')).statusCode).toBe(401)
  })

  test('in bands leaves no other way to the numbers', async () => {
    await start({ tokens: TOKENS, isStockPublic: true }, banded(10))
    const client = await stream({ 'last-event-id': '1' })
    const plain = { event: 'stock', id: undefined, data: { sku: 'shoe', level: 'in' } }
    expect(await client.first(1)).toEqual([plain])
    expect((await app.inject('/v1/skus/shoe')).statusCode).toBe(401)
  })
})

test('who does not read is dropped before it fills the memory; others hear on', async () => {
  const text = (entry: { seq: number }) =>
    JSON.stringify({ seq: entry.seq, x: 'x'.repeat(2 ** 20) })
  await start({}, { ...EXACT, text })
  const slow = await stream()
  slow.socket.pause()
  const deaf = await WebSocketClient.open(port, '/v1/stock/socket?sku=shoe')
  deaf.socket.pause()
  clients.push(deaf)
  const quick = await EventStreamClient.open(port, '/v1/stock/stream?sku=shoe')
  clients.push(quick)
  for (let round = 2; board.dropped < 2; round++) {
    if (round > 100) throw new Error('nobody is dropped')
    await change(adjust(1, `a${round}`))
    const isTold = () => quick.body.includes(`"seq":${round},`)
    await expect.poll(isTold, DEADLINE).toBe(true)
  }
  await expect.poll(() => board.subscribers, DEADLINE).toBe(1)
  expect(quick.isClosed).toBe(false)
})
