// What caches may keep, for how long, and when a copy is still fresh.
import { beforeEach, describe, expect, test } from 'vitest'
import { isStillFresh } from '../../../gateway/http/if-none-match.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()
let app: TestApp
beforeEach(async () => {
  app = await start()
  await app.open(10)
})

describe('GET /v1/skus/{sku}', () => {
  test.each([
    ['the tag itself', '"1-open"', 304],
    ['the tag as a weak one', 'W/"1-open"', 304],
    ['a list with it', '"0-open", W/"1-open","9-x"', 304],
    ['anything at all', '*', 304],
    ['anything, with blanks', ' * ', 304],
    ['another tag', '"1-paused"', 200],
    ['a list without it', '"0-open", "2-open"', 200],
    ['the tag without quotes', '1-open', 200],
    ['a tag that contains it', '"x1-open"', 200],
    ['half a tag', '"1-open', 200],
    ['nothing', '', 200],
  ])('answers %s', async (_, header, status) => {
    const reply = await app.get('/v1/skus/shoe', { 'if-none-match': header })
    expect(reply.status).toBe(status)
    expect(reply.headers).toMatchObject({ etag: '"1-open"', 'cache-control': 'public, max-age=1' })
    expect(reply.text === '').toBe(status === 304)
  })

  test('is fresh no more when a unit is held, or when time alone changes the state', async () => {
    await app.held('k')
    expect((await app.get('/v1/skus/shoe', { 'if-none-match': '"1-open"' })).status).toBe(200)
    await app.put('/v1/skus/shoe', { opensAt: app.now + 1_000 })
    const { headers } = await app.get('/v1/skus/shoe')
    const asked = { 'if-none-match': String(headers['etag']) }
    expect((await app.get('/v1/skus/shoe', asked)).status).toBe(304)
    app.now += 1_000
    expect((await app.get('/v1/skus/shoe', asked)).status).toBe(200)
  })

  test('is never kept where there is no such SKU', async () => {
    const { status, headers } = await app.get('/v1/skus/hat', { 'if-none-match': '*' })
    expect([status, headers['cache-control']]).toEqual([404, 'no-store'])
  })
})

test('a reservation is kept by no cache; what was made is answered as ever', async () => {
  const id = await app.held('k')
  const { headers } = await app.get(`/v1/reservations/${id}`)
  expect(headers['cache-control']).toBe('no-store')
  expect((await app.reserve('k')).headers).not.toHaveProperty('cache-control')
})

test('a header as long as can be is read in one pass', () => {
  expect(isStillFresh(`${'W/"'.repeat(2_000)}"1-open"`, '"1-open"')).toBe(true)
})
