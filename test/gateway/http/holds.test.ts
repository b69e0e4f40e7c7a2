// GET /v1/holds: the holds that expire next.
import { expect, test } from 'vitest'
import { expectProblem } from '../../fixtures/problem.ts'
import { testApps } from '../../fixtures/test-app.ts'

const start = testApps()

test('lists holds by their deadline: 20 unless said', async () => {
  const app = await start()
  await app.open(100)
  expect((await app.get('/v1/holds')).body).toEqual({ holds: [] })
  const id = await app.held('late', 2, { holdMs: 60_000, meta: 'gift' })
  for (let number = 0; number < 25; number++) await app.held(`k${number}`, 1, { holdMs: 5_000 })
  const reply = await app.get('/v1/holds')
  expect(reply.status).toBe(200)
  expect(reply.body.holds).toHaveLength(20)
  const all = (await app.get('/v1/holds?limit=100')).body.holds
  expect(all).toHaveLength(26)
  const times = { reservedAt: app.now, expiresAt: app.now + 60_000 }
  expect(all?.at(-1)).toEqual({ id, sku: 'shoe', buyer: 'ada', quantity: 2, ...times })
})

test.each(['limit=0', 'limit=101', 'limit=01', 'limit=1e1', 'limit=', 'limit=-1', 'after=shoe'])(
  'refuses %s',
  async (query) => expectProblem(await (await start()).get(`/v1/holds?${query}`), 'bad_request'),
)
