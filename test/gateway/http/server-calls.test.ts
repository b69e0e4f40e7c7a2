// What is asked of the server itself: time, health, readiness, partitions, the description, the pages.
import { describe, expect, test } from 'vitest'
import { ACCESS_FOR_ANYONE } from '../../../gateway/access/access.ts'
import { buildApp } from '../../../gateway/http/app.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { expectProblem } from '../../fixtures/problem.ts'
import { isOverNats, testApps } from '../../fixtures/test-app.ts'
import { testBoard } from '../../fixtures/test-board.ts'

const start = testApps()

/** The calls of the design's table, as OpenAPI spells them. */
const CALLS = {
  '/v1/skus': ['get'],
  '/v1/skus/{sku}': ['get', 'put'],
  '/v1/skus/{sku}/stock': ['post'],
  '/v1/reservations': ['post'],
  '/v1/reservations/{id}': ['get'],
  '/v1/reservations/{id}/confirm': ['post'],
  '/v1/reservations/{id}/cancel': ['post'],
  '/v1/reservations/{id}/extend': ['post'],
  '/v1/reservations/{id}/return': ['post'],
  '/v1/batch': ['post'],
  '/v1/time': ['get'],
  '/healthz': ['get'],
  '/readyz': ['get'],
}

interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Record<string, Record<string, Described>>
}

interface Described {
  readonly summary?: string
  readonly responses: Record<string, { description: string; content?: Record<string, unknown> }>
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> }
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
}

async function described(): Promise<OpenApi> {
  const app = await start()
  const reply = await app.get('/openapi.json')
  expect(reply.status).toBe(200)
  return JSON.parse(reply.text) as OpenApi
}

describe('the server', () => {
  test('tells the clock that decides', async () => {
    const app = await start()
    const reply = await app.get('/v1/time')
    expect(reply.status).toBe(200)
    expect(reply.text).toBe(JSON.stringify({ now: app.now }))
  })

  test('is healthy and ready', async () => {
    const app = await start()
    const health = await app.get('/healthz')
    expect([health.status, health.text]).toEqual([200, '{"status":"ok"}'])
    const ready = await app.get('/readyz')
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', reasons: [] }])
  })

  // A gateway is ready when NATS is there: what the owner of one partition lacks, calls to that partition are told.
  const here = test.skipIf(isOverNats)

  here('is not ready while the disk is low, and says so; it is healthy all the same', async () => {
    const app = await start()
    app.isDiskLow = true
    const ready = await app.get('/readyz')
    expect([ready.status, ready.body.reasons]).toEqual([503, ['disk_low']])
    expect((await app.get('/healthz')).status).toBe(200)
  })

  here('is not ready while it drains, and says so', async () => {
    const app = await start()
    await app.selling.drain()
    const ready = await app.get('/readyz')
    expect([ready.status, ready.body.reasons]).toEqual([503, ['draining']])
  })

  test('row 40: is not ready before the journal is replayed, and answers 503 at once', async () => {
    const partitions = new Partitions()
    const test = await start()
    const app = await buildApp({
      access: ACCESS_FOR_ANYONE,
      partitions,
      board: testBoard(partitions),
      logger: undefined,
      now: () => 0,
      onBug: () => undefined,
      version: '0.0.0-test',
    })
    const ready = await app.inject('/readyz')
    expect([ready.statusCode, ready.json().reasons]).toEqual([503, ['recovering']])
    const health = await app.inject('/healthz')
    expect(health.statusCode).toBe(200)
    const refused = await app.inject('/v1/skus/shoe')
    expect(refused.statusCode).toBe(503)
    expect(refused.json().code).toBe('partition_unavailable')
    expect(refused.headers['retry-after']).toBe('1')
    const operations = [{ op: 'get', id: '7ZZZZZZZZZZZZZZZZZZZZZZZZZ' }]
    const batch = await app.inject({ method: 'POST', url: '/v1/batch', payload: { operations } })
    expect(batch.json().results).toMatchObject([{ status: 503, code: 'partition_unavailable' }])
    partitions.put([test.selling])
    expect((await app.inject('/readyz')).statusCode).toBe(200)
    expect((await app.inject('/v1/skus/shoe')).statusCode).toBe(404)
    await app.close()
  })

  test('says what its partition holds, and hashes the state when asked', async () => {
    const app = await start()
    await app.open(10)
    await app.held('k1', 2)
    const reply = await app.get('/v1/partitions')
    expect(JSON.parse(reply.text).partitions).toMatchObject([
      { partition: 0, lastSeq: '2', skus: 1, reservations: 1, held: 1, accounts: 1 },
    ])
    const hashed = await app.get('/v1/partitions?hash=true')
    expect(JSON.parse(hashed.text).partitions[0].stateHash).toBe(app.hash)
    expectProblem(await app.get('/v1/partitions?hash=1'), 'bad_request')
  })

  test('echoes a sane request id, and makes one of its own for any other', async () => {
    const app = await start()
    const sent = async (id: string) => {
      const reply = await app.get('/v1/skus/none', { 'x-request-id': id })
      expect(reply.headers['x-request-id']).toBe(reply.body.requestId)
      return reply.body.requestId
    }
    expect(await sent('shop-1.A_b')).toBe('shop-1.A_b')
    for (const id of ['two words', 'x'.repeat(65), '"', '{}', '<script>', 'é']) {
      expect(await sent(id)).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/)
    }
    expect(await sent('a, b'), 'as Node joins a header that is sent twice').not.toBe('a, b')
    const good = await app.get('/healthz', { 'x-request-id': 'also-on-success' })
    expect(good.headers['x-request-id']).toBe('also-on-success')
  })

  test('gives every request an id of its own', async () => {
    const app = await start()
    const ids = new Set<unknown>()
    for (let count = 0; count < 50; count++) {
      ids.add((await app.get('/healthz')).headers['x-request-id'])
    }
    expect(ids.size).toBe(50)
  })

  test('answers unknown paths and methods with a problem', async () => {
    const app = await start()
    expectProblem(await app.get('/v2/skus'), 'not_found')
    expectProblem(await app.get('/v1/skus/shoe/'), 'not_found')
    expectProblem(await app.call({ method: 'DELETE', url: '/v1/skus/shoe' }), 'not_found')
    expectProblem(await app.call({ method: 'OPTIONS', url: '/v1/skus' }), 'not_found')
    expectProblem(await app.post('/v1/nowhere', {}), 'not_found')
  })
})

describe('the description', () => {
  test('is OpenAPI 3.1 and names every call of the design', async () => {
    const { openapi, info, paths } = await described()
    expect(openapi).toMatch(/^3\.1\.\d+$/)
    expect(info).toMatchObject({ title: 'Holdfast', version: '0.0.0-test' })
    for (const [path, methods] of Object.entries(CALLS)) {
      for (const method of methods) expect(paths[path], path).toHaveProperty(method)
    }
  })

  test('gives every call of /v1 words, answers, and the problems it may meet', async () => {
    const { paths } = await described()
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, call] of Object.entries(methods)) {
        const name = `${method} ${path}`
        expect(Object.keys(call.responses).length, name).toBeGreaterThan(0)
        for (const answer of Object.values(call.responses)) {
          expect(answer.description, name).toEqual(expect.any(String))
        }
        if (!path.startsWith('/v1/') || path === '/v1/time') continue
        expect(call.summary, name).toMatch(/./)
        expect(call.responses['4XX']?.content, name).toHaveProperty('application/problem+json')
        expect(call.responses['5XX']?.content, name).toHaveProperty('application/problem+json')
      }
    }
  })

  test('declares every path parameter, and closes every request body', async () => {
    const { paths } = await described()
    for (const [path, methods] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const [method, call] of Object.entries(methods)) {
        const name = `${method} ${path}`
        const declared = (call.parameters ?? []).filter((one) => one.in === 'path')
        expect(declared.map((one) => one.name).sort(), name).toEqual(inPath.sort())
        const schema = call.requestBody?.content['application/json']?.schema
        if (call.requestBody !== undefined) {
          expect(schema, name).toMatchObject({ type: 'object', additionalProperties: false })
        }
      }
    }
  })

  test('is served as pages too, and the front door is the console', async () => {
    const app = await start()
    const front = await app.get('/')
    expect([front.status, front.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(front.text).toContain('Holdfast console')
    const pages = await app.get('/docs')
    const landed = pages.status === 302 ? await app.get(String(pages.headers.location)) : pages
    expect(landed.status).toBe(200)
    expect(landed.headers['content-type']).toMatch(/^text\/html/)
    expect(landed.text).toContain('swagger-ui')
    expect((await app.get('/docs/json')).status).toBe(200)
  })
})
