// GET /v1/stock/stream over real sockets: first states, changes, resuming, refusals, readers that do not read, the end.
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventStreamClient } from '../../fixtures/event-stream.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

let app: TestApp
let port: number
const clients: EventStreamClient[] = []

beforeEach(async () => {
  app = await start()
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.app.server.address() as AddressInfo).port
})
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

async function watch(
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStreamClient> {
  const client = await EventStreamClient.open(port, `/v1/stock/stream?${query}`, headers)
  clients.push(client)
  return client
}

const units = (available: number, held: number, sold = 0) => ({ available, held, sold })

describe('a stream', () => {
  test('begins with every state, and goes on with what changes', async () => {
    await app.open(10)
    await app.open(5, {}, 'hat')
    const client = await watch('sku=shoe&sku=hat')
    expect(client.status).toBe(200)
    expect(client.head).toMatch(/content-type: text\/event-stream\r?$/im)
    expect(client.body).toMatch(/^retry: [1-4]\d{3}\n\n/)
    const [shoe, hat] = await client.first(2)
    expect(shoe?.data).toEqual({
      ...{ sku: 'shoe', ...units(10, 0), stock: 10, state: 'open', seq: '1' },
    })
    expect(hat?.data).toMatchObject({ sku: 'hat', available: 5 })
    expect([shoe?.id, hat?.id]).toEqual([undefined, '2'])

    await app.held('k', 3)
    const [, , change] = await client.first(3)
    expect(change).toMatchObject({ event: 'stock', id: '3', data: { sku: 'shoe', ...units(7, 3) } })
  })

  test('resumes where it was, with what has changed since', async () => {
    await app.open(10)
    await app.open(5, {}, 'hat')
    const first = await watch('sku=shoe&sku=hat')
    const id = (await first.first(2))[1]?.id ?? ''
    first.destroy()
    await app.held('k', 3)
    const next = await watch('sku=hat&sku=shoe', { 'last-event-id': id })
    expect(await next.first(1)).toMatchObject([{ id: '3', data: { sku: 'shoe', held: 3 } }])
    await app.post('/v1/reservations', { sku: 'hat', buyer: 'bob', quantity: 1 })
    const [, hat] = await next.first(2)
    expect(hat).toMatchObject({ id: '4', data: { sku: 'hat', held: 1 } })
  })

  test('of what does not exist is a 404, and leaves nothing behind', async () => {
    await app.open(10)
    const { status, body } = await app.get('/v1/stock/stream?sku=shoe&sku=nothing')
    expect([status, body.code]).toEqual([404, 'unknown_sku'])
    expect(app.board.subscribers).toBe(0)
  })

  test('is one too many at some number: busy, come back later', async () => {
    await app.open(10)
    for (let count = 0; count < 100; count++) await watch('sku=shoe')
    const refused = await app.get('/v1/stock/stream?sku=shoe')
    expect([refused.status, refused.body.code]).toEqual([503, 'busy'])
    expect(refused.headers['retry-after']).toBe('1')
    clients[0]?.destroy()
    await expect.poll(() => app.board.subscribers).toBe(99)
    expect((await watch('sku=shoe')).status).toBe(200)
  })

  test('ends well when the app closes, and holds nothing up', async () => {
    await app.open(10)
    const client = await watch('sku=shoe')
    await client.first(1)
    await app.app.close()
    await client.closed()
    expect(app.board.subscribers).toBe(0)
  })
})
