// The calls on SKUs: open, replace or amend the rules, adjust the stock, look up, list.
import { describe, expect, test } from 'vitest'
import { expectProblem, expectRefused } from '../../fixtures/problem.ts'
import { type ReplyBody, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const RULES = { holdMs: 900_000, maxHoldMs: 3_600_000, paused: false }

describe('PUT /v1/skus/{sku}', () => {
  test('creates a SKU with default rules: 201, Location, ETag, the whole body', async () => {
    const app = await start()
    const reply = await app.put('/v1/skus/shoe', { stock: 10 })
    expect(reply.status).toBe(201)
    expect(reply.headers.location).toBe('/v1/skus/shoe')
    expect(reply.headers.etag).toBe('"1-open"')
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(reply.headers['idempotent-replayed']).toBeUndefined()
    const units = { stock: 10, available: 10, held: 0, sold: 0 }
    expect(reply.body).toEqual({ sku: 'shoe', ...units, state: 'open', rules: RULES, seq: '1' })
  })

  test('takes every rule and gives it back', async () => {
    const app = await start()
    const rules = {
      unitPrice: 12_345,
      currency: 'EUR',
      holdMs: 60_000,
      maxHoldMs: 120_000,
      perBuyer: 3,
      opensAt: app.now - 1,
      closesAt: app.now + 1,
      paused: true,
    }
    const reply = await app.put('/v1/skus/shoe', { stock: 5, ...rules })
    expect(reply.body.rules).toEqual(rules)
    expect(reply.body.state).toBe('paused')
  })

  test('answers a repeat with 200, the same body and no new event', async () => {
    const app = await start()
    const first = await app.open(10)
    const again = await app.put('/v1/skus/shoe', { stock: 10 })
    expect(again.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect(again.headers.location).toBeUndefined()
  })

  test('replaces the rules without the stock: 200, what is left out falls back to its default', async () => {
    const app = await start()
    await app.open(10, { perBuyer: 2, unitPrice: 5 })
    const reply = await app.put('/v1/skus/shoe', { paused: true })
    expect(reply.status).toBe(200)
    expect(reply.body.rules).toEqual({ ...RULES, paused: true })
    expect(reply.headers.etag).toBe('"2-paused"')
  })

  test('raises maxHoldMs to a longer holdMs, and lowers holdMs to a shorter maxHoldMs', async () => {
    const app = await start()
    const longer = await app.open(1, { holdMs: 7_200_000 }, 'a')
    expect(longer.body.rules).toMatchObject({ holdMs: 7_200_000, maxHoldMs: 7_200_000 })
    const shorter = await app.open(1, { maxHoldMs: 1_000 }, 'b')
    expect(shorter.body.rules).toMatchObject({ holdMs: 1_000, maxHoldMs: 1_000 })
  })

  test('takes a stock of nothing, which is sold out at once', async () => {
    const app = await start()
    expect((await app.open(0)).body).toMatchObject({ available: 0, state: 'sold_out' })
  })

  test('refuses a new SKU without its stock, and another stock for one that is there', async () => {
    const app = await start()
    await expectRefused(app, 'stock_required', () => app.put('/v1/skus/shoe', {}))
    await app.open(10)
    await expectRefused(app, 'stock_fixed', () => app.put('/v1/skus/shoe', { stock: 11 }))
  })

  test.each([
    ['a hold longer than the longest', { holdMs: 5_000, maxHoldMs: 4_000 }],
    ['a close before the opening', { opensAt: 5, closesAt: 4 }],
    ['a close at the opening', { opensAt: 5, closesAt: 5 }],
  ])('refuses rules that contradict each other: %s', async (_, rules) => {
    const app = await start()
    await expectRefused(app, 'bad_request', () => app.put('/v1/skus/shoe', { stock: 1, ...rules }))
  })
})

describe('PATCH /v1/skus/{sku}', () => {
  test('changes what it names and leaves the rest: 200 with all the rules', async () => {
    const app = await start()
    await app.open(10, { perBuyer: 2, unitPrice: 5 })
    const reply = await app.patch('/v1/skus/shoe', { paused: true, perBuyer: null })
    expect(reply.status).toBe(200)
    expect(reply.body.rules).toEqual({ ...RULES, unitPrice: 5, paused: true })
    expect(reply.headers.etag).toBe('"2-paused"')
    const again = await app.patch('/v1/skus/shoe', { paused: true })
    expect(again.text, 'what changes nothing is no event').toBe(reply.text)
  })

  test.each([
    'application/json',
    'application/merge-patch+json',
    'Application/Merge-Patch+JSON; charset="UTF-8"',
  ])('takes %s', async (type) => {
    const app = await start()
    await app.open(10)
    const reply = await app.patch('/v1/skus/shoe', { closesAt: 1 }, { 'content-type': type })
    expect(reply.body.state).toBe('closed')
  })

  test('alone takes a merge patch, and no other patch', async () => {
    const app = await start()
    await app.open(10)
    const merge = { 'content-type': 'application/merge-patch+json' }
    const list = { 'content-type': 'application/json-patch+json' }
    await expectRefused(app, 'unsupported_media_type', () => app.put('/v1/skus/shoe', {}, merge))
    await expectRefused(app, 'unsupported_media_type', () =>
      app.patch('/v1/skus/shoe', { paused: true }, list),
    )
    await expectRefused(app, 'unsupported_media_type', () =>
      app.patch('/v1/skus/shoe', { paused: true }, { 'content-encoding': 'gzip' }),
    )
  })

  test('refuses what would contradict the rules that stay, and says which', async () => {
    const app = await start()
    await app.open(10, { opensAt: app.now + 5 })
    const reply = await expectRefused(app, 'rules_contradict', () =>
      app.patch('/v1/skus/shoe', { closesAt: app.now }),
    )
    expect(reply.body.contradiction).toBe('closesAt must be after opensAt')
    await expectRefused(app, 'unknown_sku', () => app.patch('/v1/skus/hat', { paused: true }))
  })

  const wrong: readonly object[] = [
    ...[{}, [], { stock: 5 }, { paused: true, stock: 5 }, { paused: null }, { holdMs: null }],
    ...[{ maxHoldMs: null }, { paused: 'true' }, { perBuyer: 0 }, { perBuyer: 1.5 }],
    ...[{ closesAt: -1 }, { closesAt: '2026-11-27T20:00:00Z' }, { color: 'red' }],
    ...[{ rules: { paused: true } }, { currency: 'euro' }, { unitPrice: -1 }],
  ]
  test.each(wrong)('refuses %o', async (body) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_request', () => app.patch('/v1/skus/shoe', body))
  })
})

describe('POST /v1/skus/{sku}/stock', () => {
  test('adds units: 200 with the new counts', async () => {
    const app = await start()
    await app.open(10)
    const body = { delta: 5, reason: 'found a box' }
    const reply = await app.post('/v1/skus/shoe/stock', body, { 'idempotency-key': 'box-1' })
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ stock: 15, available: 15, seq: '2' })
    expect(reply.headers.etag).toBe('"2-open"')
    expect(reply.headers['idempotent-replayed']).toBeUndefined()
  })

  test('answers a retry as before, even after more was sold: 200, replayed', async () => {
    const app = await start()
    await app.open(10)
    const call = () =>
      app.post(
        '/v1/skus/shoe/stock',
        { delta: -4, reason: 'broken' },
        { 'idempotency-key': '"k1"' },
      )
    const first = await call()
    await app.reserve('r1', 3)
    const again = await call()
    expect(again.status).toBe(200)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(again.text).toBe(first.text)
    expect(await app.units()).toEqual([3, 3, 0])
  })

  test('refuses the key for another change, and takes away only what nobody holds', async () => {
    const app = await start()
    await app.open(10)
    const key = { 'idempotency-key': 'k1' }
    await app.post('/v1/skus/shoe/stock', { delta: 1, reason: 'count' }, key)
    await expectRefused(app, 'key_reused', () =>
      app.post('/v1/skus/shoe/stock', { delta: 2, reason: 'count' }, key),
    )
    await expectRefused(app, 'key_reused', () =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason: 'other' }, key),
    )
    await expectRefused(app, 'stock_limit', () =>
      app.post(
        '/v1/skus/shoe/stock',
        { delta: 1_000_000_000, reason: 'count' },
        { 'idempotency-key': 'k2' },
      ),
    )
  })

  test('row 65: refuses to take away what is reserved, and says what is available', async () => {
    const app = await start()
    await app.open(10)
    await app.held('r1', 8)
    const reply = await expectRefused(app, 'insufficient_available', () =>
      app.post('/v1/skus/shoe/stock', { delta: -3, reason: 'broken' }, { 'idempotency-key': 'k1' }),
    )
    expect(reply.body).toMatchObject({ available: 2, retryable: true })
  })

  test('refuses a SKU that is not there', async () => {
    const app = await start()
    await expectRefused(app, 'unknown_sku', () =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason: 'x' }, { 'idempotency-key': 'k' }),
    )
  })
})

describe('GET /v1/skus/{sku}', () => {
  test('shows the units where they are, with an ETag that changes with them', async () => {
    const app = await start()
    await app.open(10)
    const before = await app.get('/v1/skus/shoe')
    await app.held('r1', 4)
    const id = await app.held('r2', 3)
    await app.post(`/v1/reservations/${id}/confirm`)
    const after = await app.get('/v1/skus/shoe')
    expect(after.status).toBe(200)
    expect(after.body).toMatchObject({ stock: 10, available: 3, held: 4, sold: 3 })
    expect(after.headers.etag).not.toBe(before.headers.etag)
  })

  test('names the state of the sale as a reservation would meet it, and tells states apart in the ETag', async () => {
    const app = await start()
    const opensAt = app.now + 1_000
    const closesAt = app.now + 2_000
    await app.open(1, { opensAt, closesAt })
    const seen: unknown[] = []
    const look = async () => {
      const { body, headers } = await app.get('/v1/skus/shoe')
      seen.push([body.state, headers.etag])
    }
    await look()
    app.now = opensAt
    await look()
    await app.held('r1')
    await look()
    app.now = closesAt
    await look()
    expect(seen).toEqual([
      ['not_open', '"1-not_open"'],
      ['open', '"1-open"'],
      ['sold_out', '"2-sold_out"'],
      ['closed', '"2-closed"'],
    ])
  })

  test('row 8: answers an unknown SKU with 404 and keeps nothing of it', async () => {
    const app = await start()
    for (let count = 0; count < 50; count++) {
      await expectRefused(app, 'unknown_sku', () => app.get(`/v1/skus/none-${count}`))
    }
    expect(app.state.actors).toHaveLength(0)
    expect(app.disk.blocks, 'the opening block only').toHaveLength(1)
  })
})

describe('GET /v1/skus', () => {
  test('lists SKUs in the order of opening, page by page', async () => {
    const app = await start()
    for (const sku of ['c', 'a', 'b']) await app.open(1, {}, sku)
    const names = (body: ReplyBody) => body.skus?.map(({ sku }) => sku)
    const all = await app.get('/v1/skus')
    expect(all.status).toBe(200)
    expect(names(all.body)).toEqual(['c', 'a', 'b'])
    expect(all.body.next).toBeUndefined()
    const first = await app.get('/v1/skus?limit=2')
    expect(names(first.body)).toEqual(['c', 'a'])
    expect(first.body.next).toBe('a')
    const rest = await app.get('/v1/skus?after=a&limit=2')
    expect(names(rest.body)).toEqual(['b'])
    expect(rest.body.next).toBeUndefined()
  })

  test('is empty before the first SKU', async () => {
    const app = await start()
    expect((await app.get('/v1/skus')).body).toEqual({ skus: [] })
  })

  test.each(['limit=0', 'limit=1001', 'limit=01', 'limit=1e2', 'limit=-1', 'limit=', 'after='])(
    'refuses %s',
    async (query) => {
      const app = await start()
      expectProblem(await app.get(`/v1/skus?${query}`), 'bad_request')
    },
  )

  test.each(['limit=1&limit=2', 'page=2', 'after=a%20b', '__proto__=1'])(
    'refuses %s',
    async (query) => {
      const app = await start()
      expectProblem(await app.get(`/v1/skus?${query}`), 'bad_request')
    },
  )

  test('answers a page after a SKU that is not there with 404', async () => {
    const app = await start()
    expectProblem(await app.get('/v1/skus?after=none'), 'unknown_sku')
  })
})
