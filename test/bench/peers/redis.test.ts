// The peer on Redis sells as it must, or no figure of it would mean anything; against a real redis-server.
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Child } from '../../../bench/child.ts'
import { compiledUrl } from '../../../bench/peers/compiled-url.ts'
import { checkRedis } from '../../../bench/peers/redis/check-redis.ts'
import { redisDirect, redisHttp } from '../../../bench/peers/redis/contestants.ts'
import type { RedisSale } from '../../../bench/peers/redis/redis-sale.ts'
import { startRedis } from '../../../bench/peers/redis/redis-server.ts'
import { describeRedis } from '../../fixtures/redis.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const NOW = 1_795_000_000_000
const HOLD_MS = 60_000

const newDirectory = tempDirectories()

function reserve(sale: RedisSale, id: string, buyer: string, quantity = 1, nowMs = NOW) {
  return sale.reserve({ id, sku: 'lamp', buyer, quantity }, nowMs)
}

describeRedis('a sale on Redis', (start) => {
  test('holds units until the hold expires', async () => {
    const { sale } = await start()
    await sale.openSku('lamp', { stock: 10, holdMs: HOLD_MS })
    const held = { state: 'held', remaining: 7, expiresAt: NOW + HOLD_MS }
    expect(await reserve(sale, 'one', 'ada', 3)).toEqual(held)
    expect(await sale.totals()).toEqual({ stock: 10, available: 7, held: 3, holds: 1 })
  })

  test('gives a repeat the first answer and nothing more', async () => {
    const { sale } = await start()
    await sale.openSku('lamp', { stock: 10, holdMs: HOLD_MS })
    const first = await reserve(sale, 'one', 'ada', 3)
    await reserve(sale, 'two', 'bob')
    expect(await reserve(sale, 'one', 'ada', 3, NOW + 1)).toEqual(first)
    expect(await sale.totals()).toEqual({ stock: 10, available: 6, held: 4, holds: 2 })
  })

  test('is sold out at exactly its stock, however many come at once', async () => {
    const { sale } = await start()
    await sale.openSku('lamp', { stock: 100, holdMs: HOLD_MS })
    const wishes = Array.from({ length: 150 }, (_, index) =>
      reserve(sale, `id-${index}`, `buyer-${index}`),
    )
    const states = (await Promise.all(wishes)).map(({ state }) => state)
    expect(states.filter((state) => state === 'held')).toHaveLength(100)
    expect(states.filter((state) => state === 'sold_out')).toHaveLength(50)
    expect(await sale.totals()).toEqual({ stock: 100, available: 0, held: 100, holds: 100 })
  })

  test('gives no buyer more than the limit', async () => {
    const { sale } = await start()
    await sale.openSku('lamp', { stock: 10, holdMs: HOLD_MS, limit: 2 })
    const of = async (id: string, buyer: string, quantity: number) =>
      (await reserve(sale, id, buyer, quantity)).state
    expect(await of('one', 'ada', 3)).toBe('limit_reached')
    expect(await of('two', 'ada', 2)).toBe('held')
    expect(await of('three', 'ada', 1)).toBe('limit_reached')
    expect(await of('four', 'bob', 2)).toBe('held')
    expect(await sale.totals()).toEqual({ stock: 10, available: 6, held: 4, holds: 2 })
  })

  test('gives back what expires, to the buyer’s limit as well, and not a moment before', async () => {
    const { sale } = await start()
    await sale.openSku('lamp', { stock: 300, holdMs: HOLD_MS, limit: 1 })
    const indexes = Array.from({ length: 250 }, (_, index) => index)
    await Promise.all(indexes.map((index) => reserve(sale, `id-${index}`, `buyer-${index}`)))
    const later = NOW + HOLD_MS
    await reserve(sale, 'late', 'ada', 1, NOW + 1)
    expect(await sale.sweep(later - 1)).toBe(0)
    expect(await sale.sweep(later)).toBe(250)
    expect(await sale.totals()).toEqual({ stock: 300, available: 299, held: 1, holds: 1 })
    expect((await reserve(sale, 'id-7', 'buyer-7', 1, later)).state).toBe('expired')
    expect((await reserve(sale, 'again', 'buyer-7', 1, later)).state).toBe('held')
    expect((await reserve(sale, 'more', 'ada', 1, later)).state).toBe('limit_reached')
  })

  test('knows its SKUs, each opened once', async () => {
    const { sale } = await start()
    expect((await reserve(sale, 'one', 'ada')).state).toBe('unknown_sku')
    expect(await sale.openSku('lamp', { stock: 1, holdMs: HOLD_MS })).toBe(true)
    expect(await sale.openSku('lamp', { stock: 9, holdMs: HOLD_MS })).toBe(false)
    expect((await sale.totals()).stock).toBe(1)
  })

  test('is checked: what was acknowledged must be held', async () => {
    const { sale, server } = await start()
    await sale.openSku('lamp', { stock: 10, holdMs: HOLD_MS })
    await reserve(sale, 'one', 'ada')
    await checkRedis(server.port, 1)
    await expect(checkRedis(server.port, 2)).rejects.toThrow(
      'every acknowledged reservation is held',
    )
  })

  describe('over HTTP', () => {
    const children: Child[] = []
    afterEach(async () => {
      for (const child of children.splice(0)) await child.end()
    })

    test('answers 201 with the reservation, and 409 when it is sold out', async () => {
      const { sale, server } = await start()
      const child = new Child(compiledUrl('redis/http-server.js'))
      children.push(child)
      const url = await child.ask<string>({ port: server.port })
      const send = (method: string, path: string, body: object) =>
        fetch(`${url}${path}`, {
          method,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const wish = { sku: 'lamp', buyer: 'ada', quantity: 2 }
      expect((await send('POST', '/v1/reservations', wish)).status).toBe(404)
      const opened = await send('PUT', '/v1/skus/lamp', { stock: 3, holdMs: HOLD_MS })
      expect(opened.status).toBe(201)
      const made = await send('POST', '/v1/reservations', wish)
      expect(made.status).toBe(201)
      const numbers = { remaining: 1, expiresAt: expect.any(Number), id: expect.any(String) }
      expect(await made.json()).toEqual({ ...wish, ...numbers, state: 'held' })
      const refused = await send('POST', '/v1/reservations', wish)
      expect(refused.status).toBe(409)
      expect(await refused.json()).toEqual({ code: 'sold_out', remaining: 1 })
      expect(await sale.totals()).toEqual({ stock: 3, available: 1, held: 2, holds: 1 })
    })
  })
})

describe('without a Redis that works', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('says what to install', () => {
    vi.stubEnv('PATH', newDirectory())
    const skipped = 'redis-server is not on PATH: apt-get install redis-server'
    expect(redisHttp('everysec')).toEqual({
      name: 'Fastify + Redis Lua, AOF everysec',
      skipped,
    })
    expect(redisDirect('always')).toEqual({ name: 'Redis Lua without HTTP, AOF always', skipped })
  })

  test('hands on what it said, and leaves nothing behind', async () => {
    const folder = newDirectory()
    const program = join(folder, 'redis-server')
    writeFileSync(program, '#!/bin/sh\necho no memory\n')
    chmodSync(program, 0o755)
    vi.stubEnv('PATH', folder)
    vi.stubEnv('TMPDIR', folder)
    await expect(startRedis('always')).rejects.toMatchObject({
      code: 'server_ended',
      message: expect.stringContaining('no memory'),
    })
    expect(readdirSync(folder)).toEqual(['redis-server'])
  })
})
