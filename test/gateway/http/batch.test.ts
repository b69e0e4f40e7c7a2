// POST /v1/batch: order, status by operation, each operation standing alone, bounds.
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../../fixtures/problem.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const NOBODY = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'

const reserve = (key: string | undefined, quantity: unknown = 1, more: object = {}) => ({
  ...{ op: 'reserve', key, sku: 'shoe', buyer: 'ada', quantity },
  ...more,
})

async function batch(app: TestApp, operations: readonly unknown[]) {
  const reply = await app.post('/v1/batch', { operations })
  expect(reply.status, reply.text).toBe(200)
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
  return reply.body.results ?? []
}

describe('POST /v1/batch', () => {
  test('answers every operation with the status and body of the single call, in order', async () => {
    const app = await start()
    await app.open(10)
    const held = await app.held('k0', 4)
    const results = await batch(app, [
      reserve('k1', 2),
      { op: 'confirm', id: held, quantity: 3, paymentId: 'p' },
      { op: 'get', id: held },
      { op: 'return', id: held, returnedTotal: 1 },
      { op: 'get', id: NOBODY },
      reserve('k1', 2),
      reserve('k1', 3),
    ])
    const first = { sku: 'shoe', buyer: 'ada', quantity: 2, state: 'held', remaining: 4, seq: '3' }
    expect(results).toMatchObject([
      { status: 201, ...first },
      { status: 200, id: held, state: 'confirmed', confirmed: 3, remaining: 5 },
      { status: 200, id: held, state: 'confirmed', confirmed: 3 },
      { status: 200, id: held, returned: 1, remaining: 6 },
      { status: 404, code: 'unknown_reservation' },
      { status: 200, ...first, replayed: true },
      { status: 422, code: 'key_reused', retryable: false },
    ])
    const single = await app.reserve('k1', 2)
    expect(results[0]).toEqual({ status: 201, ...single.body })
    const now = await app.get(`/v1/reservations/${held}`)
    expect(results[3]).toEqual({ status: 200, ...now.body })
  })

  test('lets an operation use what one before it made', async () => {
    const app = await start()
    await app.open(1)
    const { id } = (await app.reserve('k1')).body
    const results = await batch(app, [
      reserve('k2'),
      { op: 'cancel', id },
      reserve('k2'),
      { op: 'extend', id, holdMs: 1_000 },
    ])
    expect(results).toMatchObject([
      { status: 409, code: 'sold_out', heldUnits: 1, final: false, retryable: true },
      { status: 200, state: 'cancelled' },
      { status: 201, remaining: 0 },
      { status: 409, code: 'already_cancelled' },
    ])
  })

  test('shares keys with the single call', async () => {
    const app = await start()
    await app.open(10)
    const [made] = await batch(app, [reserve('order-7', 2)])
    const again = await app.reserve('"order-7"', 2)
    expect(again.status).toBe(200)
    expect(again.body).toEqual({ ...made, status: undefined })
  })

  test('takes a thousand operations, and answers each once', async () => {
    const app = await start()
    await app.open(600)
    const operations = Array.from({ length: 1_000 }, (_, index) => reserve(`k${index}`))
    const results = await batch(app, operations)
    expect(results).toHaveLength(1_000)
    expect(results.filter(({ status }) => status === 201)).toHaveLength(600)
    expect(results.slice(600).every(({ code }) => code === 'sold_out')).toBe(true)
    expect(results.slice(0, 600).map(({ remaining }) => remaining)).toEqual(
      Array.from({ length: 600 }, (_, index) => 599 - index),
    )
  })

  test('takes a thousand operations with their longest texts', async () => {
    const app = await start()
    await app.open(1_000, {}, 's'.repeat(64))
    const operations = Array.from({ length: 1_000 }, (_, index) => ({
      ...reserve(`${index}`.padEnd(255, 'k'), 1, { sku: 's'.repeat(64), buyer: 'b'.repeat(64) }),
      meta: 'm'.repeat(512),
      holdMs: 3_600_000,
    }))
    const results = await batch(app, operations)
    expect(results.filter(({ status }) => status === 201)).toHaveLength(1_000)
  })

  test('makes one commit of one batch', async () => {
    const app = await start()
    await app.open(100)
    const blocks = app.disk.blocks.length
    await batch(
      app,
      Array.from({ length: 100 }, (_, index) => reserve(`k${index}`)),
    )
    expect(app.disk.blocks.length - blocks).toBe(1)
  })

  test.each([
    ['1,001 operations', Array.from({ length: 1_001 }, (_, index) => reserve(`k${index}`))],
    ['no operation', []],
    ['an operation that is no object', [reserve('k1'), 7]],
    ['an operation that is nothing', [null]],
    ['an operation that is a list', [[reserve('k1')]]],
    ['an operation without op', [reserve('k1'), { sku: 'shoe' }]],
  ])('refuses the whole of %s', async (_, operations) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_request', () => app.post('/v1/batch', { operations }))
  })

  test.each([
    ['no operations', {}],
    ['operations that are no list', { operations: { 0: reserve('k1') } }],
    ['a field that is not known', { operations: [reserve('k1')], atomic: true }],
  ])('refuses %s', async (_, body) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_request', () => app.post('/v1/batch', body))
  })

  test('finds the mistakes of each operation by itself, names the field, and runs the others', async () => {
    const app = await start()
    await app.open(10)
    const wrong: [unknown, RegExp][] = [
      [reserve('k', 0), /quantity/],
      [reserve('k', '1'), /quantity/],
      [reserve('k', 1.5), /quantity/],
      [reserve('k', true), /quantity/],
      [reserve('k', null), /quantity/],
      [reserve('k', 1, { sku: 'a b' }), /sku/],
      [reserve('k', 1, { buyer: '' }), /buyer/],
      [reserve('k', 1, { holdMs: 10 }), /holdMs/],
      [reserve('k', 1, { meta: 'ü'.repeat(300) }), /meta/],
      [reserve('k', 1, { meta: 'a\u0000b' }), /meta/],
      [reserve('k', 1, { meta: 'a\ud800b' }), /meta/],
      [reserve('k'.repeat(256)), /key/],
      [reserve(''), /key/],
      [reserve('a key'), /key/],
      [reserve('kü'), /key/],
      [reserve('k', 1, { color: 'red' }), /./],
      [{ op: 'confirm' }, /id/],
      [{ op: 'confirm', id: 'short' }, /id/],
      [{ op: 'cancel', id: NOBODY, quantity: 1 }, /./],
      [{ op: 'extend', id: NOBODY }, /holdMs/],
      [{ op: 'open', sku: 'hat', stock: 1 }, /op must be one of reserve, confirm/],
      [{ op: 'toString' }, /op must be/],
      [{ op: '__proto__' }, /op must be/],
      [{ op: 7 }, /op must be/],
      [{ op: null }, /op must be/],
    ]
    const operations = wrong.flatMap(([operation], index) => [operation, reserve(`good-${index}`)])
    const results = await batch(app, operations.slice(0, 20))
    const rest = await batch(app, operations.slice(20))
    const all = [...results, ...rest]
    for (const [index, [operation, words]] of wrong.entries()) {
      const bad = all[index * 2]
      const name = JSON.stringify(operation)
      expect(bad, name).toMatchObject({ status: 400, code: 'bad_request', retryable: false })
      expect(bad?.detail, name).toMatch(words)
      expect(all[index * 2 + 1]?.status, 'the next one runs').toBe(index < 10 ? 201 : 409)
    }
    expect(await app.units()).toEqual([0, 10, 0])
  })

  test('answers an operation list of nothing but mistakes without asking any partition', async () => {
    const app = await start()
    await app.open(10)
    const before = app.hash
    expect(await batch(app, [{ op: 'x' }, reserve('k', 0)])).toMatchObject([
      { status: 400 },
      { status: 400 },
    ])
    expect(app.hash).toBe(before)
  })

  test('answers each operation 503 while the disk is low, confirms apart', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1')
    app.isDiskLow = true
    expect(await batch(app, [reserve('k2'), { op: 'confirm', id }, reserve('k3')])).toMatchObject([
      { status: 503, code: 'disk_low', retryable: true },
      { status: 200, state: 'confirmed' },
      { status: 503, code: 'disk_low' },
    ])
  })
})
