// The calls on reservations: reserve, look up, confirm, cancel, extend, return; and how retries are answered.
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../../fixtures/problem.ts'
import { testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const NOBODY = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'

describe('POST /v1/reservations', () => {
  test('holds units: 201, Location and the whole body', async () => {
    const app = await start()
    await app.open(10)
    const reply = await app.reserve('k1', 3)
    const id = String(reply.body.id)
    expect(reply.status).toBe(201)
    expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    expect(reply.headers.location).toBe(`/v1/reservations/${id}`)
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(reply.headers['idempotent-replayed']).toBeUndefined()
    expect(reply.body).toEqual({
      ...{ id, sku: 'shoe', buyer: 'ada', quantity: 3, state: 'held' },
      ...{ expiresAt: app.now + 900_000, remaining: 7, seq: '2' },
    })
  })

  test('holds for as long as asked, within the rules', async () => {
    const app = await start()
    await app.open(10, { maxHoldMs: 1_800_000 })
    const reply = await app.reserve('k1', 1, { holdMs: 1_800_000, meta: 'any text: ü € 💛' })
    expect(reply.body.expiresAt).toBe(app.now + 1_800_000)
    expect(reply.text).not.toContain('any text')
    const refused = await expectRefused(app, 'hold_limit', () =>
      app.reserve('k2', 1, { holdMs: 1_800_001 }),
    )
    expect(refused.body).toMatchObject({ maxHoldMs: 1_800_000, retryable: false })
  })

  test('without a key makes a new reservation each time', async () => {
    const app = await start()
    await app.open(10)
    const first = await app.reserve(undefined)
    const second = await app.reserve(undefined)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(first.body.id).not.toBe(second.body.id)
    expect(await app.units()).toEqual([8, 2, 0])
  })

  test('row 26: answers a retry with 200, byte for byte the same body, and says that it is one', async () => {
    const app = await start()
    await app.open(10)
    const first = await app.reserve('k1', 3)
    await app.reserve('k2', 2)
    const before = app.hash
    const again = await app.reserve('k1', 3)
    expect(again.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(again.headers.location).toBeUndefined()
    expect(app.hash).toBe(before)
  })

  test.each(['confirm', 'cancel', 'expire'])(
    'row 26: answers a retry the same after a %s: what happened then is told by a look',
    async (end) => {
      const app = await start()
      await app.open(10)
      const first = await app.reserve('k1', 3)
      if (end === 'expire') app.now += 900_000
      else await app.post(`/v1/reservations/${String(first.body.id)}/${end}`)
      const again = await app.reserve('k1', 3)
      expect(again.status).toBe(200)
      expect(again.text).toBe(first.text)
      expect(again.headers['idempotent-replayed']).toBe('true')
    },
  )

  test('takes a key in quotes for the same as the bare one', async () => {
    const app = await start()
    await app.open(10)
    const bare = await app.reserve('k-1')
    const quoted = await app.reserve('"k-1"')
    expect(quoted.status).toBe(200)
    expect(quoted.text).toBe(bare.text)
    const escaped = await app.reserve('"a\\"b\\\\c"')
    expect(escaped.status).toBe(201)
  })

  test('row 27: a retry that comes before the answer joins the first: one effect', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const both = [app.reserve('k1', 3), app.reserve('k1', 3)]
    await app.get('/healthz')
    app.journal.letGo()
    const [first, second] = await Promise.all(both)
    expect([first?.status, second?.status].sort()).toEqual([200, 201])
    expect(first?.text).toBe(second?.text)
    expect(await app.units()).toEqual([7, 3, 0])
  })

  test('row 28: refuses the key for another quantity; another buyer or SKU has keys of its own', async () => {
    const app = await start()
    await app.open(10)
    await app.open(10, {}, 'hat')
    await app.held('k1', 3)
    await expectRefused(app, 'key_reused', () => app.reserve('k1', 4))
    expect((await app.reserve('k1', 3, { buyer: 'bob' })).status).toBe(201)
    expect((await app.reserve('k1', 3, { sku: 'hat' })).status).toBe(201)
  })

  test('row 29: a key is new again once its reservation is forgotten', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 1)
    await app.post(`/v1/reservations/${id}/cancel`)
    app.now += 86_400_000 + 1
    await app.held('k2', 1)
    await expectRefused(app, 'unknown_reservation', () => app.get(`/v1/reservations/${id}`))
    expect((await app.reserve('k1', 1)).status).toBe(201)
  })

  test('decides a refused request afresh', async () => {
    const app = await start()
    await app.open(1)
    const id = await app.held('k1')
    const refused = await expectRefused(app, 'sold_out', () => app.reserve('k2'))
    expect(refused.body).toMatchObject({ available: 0, heldUnits: 1, final: false })
    expect(refused.body.retryable).toBe(true)
    await app.post(`/v1/reservations/${id}/cancel`)
    expect((await app.reserve('k2')).status).toBe(201)
  })

  test('says when sold out is for good', async () => {
    const app = await start()
    await app.open(1)
    const refused = await expectRefused(app, 'sold_out', () => app.reserve('k1', 2))
    expect(refused.body).toMatchObject({ heldUnits: 0, final: true, retryable: false })
  })

  test('row 6: holds to the buyer’s limit, over holds and sales', async () => {
    const app = await start()
    await app.open(10, { perBuyer: 3 })
    const id = await app.held('k1', 2)
    await app.post(`/v1/reservations/${id}/confirm`)
    const blocks = app.disk.blocks.length
    const refused = await expectRefused(app, 'buyer_limit', () => app.reserve('k2', 2))
    expect(refused.body).toMatchObject({ limit: 3, used: 2, retryable: false })
    expect(app.disk.blocks, 'a refusal is not journaled').toHaveLength(blocks)
    expect((await app.reserve('k3', 1)).status).toBe(201)
  })

  test('refuses an unknown SKU', async () => {
    const app = await start()
    await expectRefused(app, 'unknown_sku', () => app.reserve('k1'))
  })
})

describe('GET /v1/reservations/{id}', () => {
  test('shows a reservation as it is now', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 3)
    const held = await app.get(`/v1/reservations/${id}`)
    expect(held.status).toBe(200)
    expect(held.body).toMatchObject({ id, state: 'held', remaining: 7, quantity: 3 })
    await app.post(`/v1/reservations/${id}/confirm`, { quantity: 2 })
    const sold = await app.get(`/v1/reservations/${id}`)
    expect(sold.body).toMatchObject({ state: 'confirmed', confirmed: 2, returned: 0, remaining: 8 })
    expect(sold.body).toMatchObject({ endedAt: app.now, quantity: 3 })
    expect(sold.body.expiresAt).toBeUndefined()
  })

  test('row 31: answers 404 for one that is not there, whatever is asked of it', async () => {
    const app = await start()
    await app.open(10)
    const path = `/v1/reservations/${NOBODY}`
    await expectRefused(app, 'unknown_reservation', () => app.get(path))
    for (const change of ['confirm', 'cancel', 'return']) {
      await expectRefused(app, 'unknown_reservation', () => app.post(`${path}/${change}`))
    }
    await expectRefused(app, 'unknown_reservation', () =>
      app.post(`${path}/extend`, { holdMs: 5_000 }),
    )
  })
})

describe('POST /v1/reservations/{id}/confirm', () => {
  test('sells what is held, and says the same when repeated', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 3)
    const first = await app.post(`/v1/reservations/${id}/confirm`, { paymentId: 'pay-1' })
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id, state: 'confirmed', confirmed: 3, endedAt: app.now })
    const again = await app.post(`/v1/reservations/${id}/confirm`)
    expect(again.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect(await app.units()).toEqual([7, 0, 3])
  })

  test('sells a part and releases the rest', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 5)
    const part = await app.post(`/v1/reservations/${id}/confirm`, { quantity: 2 })
    expect(part.body).toMatchObject({ confirmed: 2, remaining: 8 })
    expect(await app.units()).toEqual([8, 0, 2])
    expect((await app.post(`/v1/reservations/${id}/confirm`, { quantity: 2 })).status).toBe(200)
    await expectRefused(app, 'already_confirmed', () =>
      app.post(`/v1/reservations/${id}/confirm`, { quantity: 3 }),
    )
  })

  test('refuses more than is held, and what was cancelled', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 2)
    const refused = await expectRefused(app, 'quantity_too_large', () =>
      app.post(`/v1/reservations/${id}/confirm`, { quantity: 3 }),
    )
    expect(refused.body.limit).toBe(2)
    await app.post(`/v1/reservations/${id}/cancel`)
    await expectRefused(app, 'already_cancelled', () => app.post(`/v1/reservations/${id}/confirm`))
  })

  test('row 32: decides a confirm at the very end of a hold by the order of the journal', async () => {
    const app = await start()
    await app.open(10)
    const early = await app.held('k1')
    const late = await app.held('k2')
    app.now += 899_999
    expect((await app.post(`/v1/reservations/${early}/confirm`)).status).toBe(200)
    app.now += 1
    const refused = await app.post(`/v1/reservations/${late}/confirm`)
    expect(refused.status).toBe(410)
    expect(refused.body).toMatchObject({ code: 'reservation_expired', retryable: false })
    const gone = await app.get(`/v1/reservations/${late}`)
    expect(gone.body).toMatchObject({ state: 'expired', endedAt: app.now })
    expect(await app.units()).toEqual([9, 0, 1])
  })
})

describe('POST /v1/reservations/{id}/cancel', () => {
  test('row 31: gives a hold back, once, and says the same when repeated', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 3)
    const first = await app.post(`/v1/reservations/${id}/cancel`)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ state: 'cancelled', remaining: 10, endedAt: app.now })
    const again = await app.post(`/v1/reservations/${id}/cancel`, {})
    expect(again.status).toBe(200)
    expect(again.text).toBe(first.text)
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('row 31: refuses what was confirmed or has expired', async () => {
    const app = await start()
    await app.open(10)
    const sold = await app.held('k1')
    const lost = await app.held('k2')
    await app.post(`/v1/reservations/${sold}/confirm`)
    await expectRefused(app, 'already_confirmed', () => app.post(`/v1/reservations/${sold}/cancel`))
    app.now += 900_000
    await app.get('/v1/skus/shoe')
    await expectRefused(app, 'reservation_expired', () =>
      app.post(`/v1/reservations/${lost}/cancel`),
    )
  })

  test('row 33: a flood of holds and cancels leaves the stock whole', async () => {
    const app = await start()
    await app.open(3, { perBuyer: 1 })
    for (let round = 0; round < 100; round++) {
      const id = await app.held(`k${round}`)
      await expectRefused(app, 'buyer_limit', () => app.reserve(`again-${round}`))
      expect((await app.post(`/v1/reservations/${id}/cancel`)).status).toBe(200)
    }
    expect(await app.units()).toEqual([3, 0, 0])
    expect(app.state.lastSeq, 'two events a round').toBe(201)
  })
})

describe('POST /v1/reservations/{id}/extend', () => {
  test('holds longer, from now, never shorter', async () => {
    const app = await start()
    await app.open(10, { holdMs: 60_000, maxHoldMs: 100_000 })
    const id = await app.held('k1')
    app.now += 30_000
    const path = `/v1/reservations/${id}/extend`
    const longer = await app.post(path, { holdMs: 70_000 })
    expect(longer.status).toBe(200)
    expect(longer.body).toMatchObject({ state: 'held', expiresAt: app.now + 70_000 })
    const shorter = await app.post(path, { holdMs: 1_000 })
    expect(shorter.text).toBe(longer.text)
    const refused = await expectRefused(app, 'hold_limit', () => app.post(path, { holdMs: 70_001 }))
    expect(refused.body.maxHoldMs).toBe(100_000)
  })

  test('refuses what is no hold any more', async () => {
    const app = await start()
    await app.open(10)
    const ends = { confirm: 'already_confirmed', cancel: 'already_cancelled' } as const
    for (const [end, code] of Object.entries(ends)) {
      const id = await app.held(end)
      await app.post(`/v1/reservations/${id}/${end}`)
      await expectRefused(app, code, () =>
        app.post(`/v1/reservations/${id}/extend`, { holdMs: 5_000 }),
      )
    }
    const lost = await app.held('lost')
    app.now += 900_000
    await app.get('/v1/skus/shoe')
    await expectRefused(app, 'reservation_expired', () =>
      app.post(`/v1/reservations/${lost}/extend`, { holdMs: 5_000 }),
    )
  })
})

describe('POST /v1/reservations/{id}/return', () => {
  test('makes sold units available again, by the total so far', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 5)
    await app.post(`/v1/reservations/${id}/confirm`)
    const path = `/v1/reservations/${id}/return`
    const two = await app.post(path, { returnedTotal: 2 })
    expect(two.status).toBe(200)
    expect(two.body).toMatchObject({ state: 'confirmed', confirmed: 5, returned: 2, remaining: 7 })
    expect((await app.post(path, { returnedTotal: 2 })).text).toBe(two.text)
    expect((await app.post(path, { returnedTotal: 1 })).text).toBe(two.text)
    const all = await app.post(path)
    expect(all.body).toMatchObject({ returned: 5, remaining: 10 })
    expect((await app.post(path)).text).toBe(all.text)
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('refuses a hold, and more than was sold', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k1', 2)
    const path = `/v1/reservations/${id}/return`
    await expectRefused(app, 'not_confirmed', () => app.post(path))
    await app.post(`/v1/reservations/${id}/confirm`)
    const refused = await expectRefused(app, 'quantity_too_large', () =>
      app.post(path, { returnedTotal: 3 }),
    )
    expect(refused.body.limit).toBe(2)
  })
})
