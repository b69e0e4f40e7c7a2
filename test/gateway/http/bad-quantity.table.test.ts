// Bad input: numbers that are none, that are too large or too small, or that come as something else.
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../../fixtures/problem.ts'
import { type Reply, type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

/** Sends a body as text: JSON.stringify could not write most of these numbers. */
function send(app: TestApp, url: string, payload: string, key = 'k1'): Promise<Reply> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const method = url.startsWith('/v1/skus/') && !url.endsWith('/stock') ? 'PUT' : 'POST'
  return app.call({ method, url, payload, headers })
}

const reserve = (quantity: string) => `{"sku":"shoe","buyer":"ada","quantity":${quantity}}`

describe('a quantity', () => {
  const rows: [string, string, 'bad_request' | 'bad_json'][] = [
    ['row 1: zero', '0', 'bad_request'],
    ['row 1: minus zero', '-0', 'bad_request'],
    ['row 1: minus one', '-1', 'bad_request'],
    ['row 1: far below', '-1e21', 'bad_request'],
    ['row 2: a fraction', '1.5', 'bad_request'],
    ['row 2: a fraction below one', '1e-1', 'bad_request'],
    ['row 2: beyond every double', '1e400', 'bad_request'],
    ['row 2: NaN', 'NaN', 'bad_json'],
    ['row 2: Infinity', 'Infinity', 'bad_json'],
    ['row 2: hexadecimal', '0x5', 'bad_json'],
    ['row 2: with a leading zero', '05', 'bad_json'],
    ['row 2: with a plus', '+5', 'bad_json'],
    ['row 2: with a separator', '1_000', 'bad_json'],
    ['row 2: a big integer of JavaScript', '5n', 'bad_json'],
    ['row 3: 2^31', '2147483648', 'bad_request'],
    ['row 3: 2^53', '9007199254740992', 'bad_request'],
    ['row 3: 2^53 + 1', '9007199254740993', 'bad_request'],
    ['row 3: 1e21', '1e21', 'bad_request'],
    ['row 3: one more than the most', '1000001', 'bad_request'],
    ['row 3: a little more than one', '1.0000000000000002', 'bad_request'],
    ['row 4: a text', '"5"', 'bad_request'],
    ['row 4: true', 'true', 'bad_request'],
    ['row 4: null', 'null', 'bad_request'],
    ['row 4: a list', '[3]', 'bad_request'],
    ['row 4: an object', '{}', 'bad_request'],
    ['row 4: an empty text', '""', 'bad_request'],
  ]

  test.each(rows)('%s (%s) is refused wherever units are said', async (_, number, code) => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k0', 2)
    await expectRefused(app, code, () => send(app, '/v1/reservations', reserve(number)))
    await expectRefused(app, code, () =>
      send(app, `/v1/reservations/${id}/confirm`, `{"quantity":${number}}`),
    )
    await expectRefused(app, code, () =>
      send(app, `/v1/reservations/${id}/return`, `{"returnedTotal":${number}}`),
    )
    await expectRefused(app, code, () =>
      send(app, '/v1/skus/hat', `{"stock":1,"perBuyer":${number}}`),
    )
  })

  test('row 4: missing is refused', async () => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_request', () =>
      send(app, '/v1/reservations', '{"sku":"shoe","buyer":"ada"}'),
    )
  })

  test.each([
    ['5.0', 5],
    ['5.00e0', 5],
    ['1e2', 100],
    ['50E-1', 5],
    ['1000000', 1_000_000],
  ])('row 5: %s is a whole number like any other: %i units', async (number, units) => {
    const app = await start()
    await app.open(1_000_000)
    const reply = await send(app, '/v1/reservations', reserve(number))
    expect(reply.status).toBe(201)
    expect(reply.body).toMatchObject({ quantity: units, remaining: 1_000_000 - units })
  })
})

describe('a number of a SKU', () => {
  const rows: [string, string][] = [
    ['a stock below zero', '{"stock":-1}'],
    ['a stock beyond the most', '{"stock":1000000001}'],
    ['a stock in a text', '{"stock":"1"}'],
    ['half a unit', '{"stock":0.5}'],
    ['a price below zero', '{"stock":1,"unitPrice":-1}'],
    ['a price in major units', '{"stock":1,"unitPrice":9.99}'],
    ['a price beyond the most', '{"stock":1,"unitPrice":1000000000001}'],
    ['a currency in lower case', '{"stock":1,"currency":"eur"}'],
    ['a currency of four letters', '{"stock":1,"currency":"EURO"}'],
    ['a currency with a line feed', '{"stock":1,"currency":"EUR\\n"}'],
    ['a hold below a second', '{"stock":1,"holdMs":999}'],
    ['a hold beyond a week', '{"stock":1,"maxHoldMs":604800001}'],
    ['an opening before 1970', '{"stock":1,"opensAt":-1}'],
    ['an opening in a text', '{"stock":1,"opensAt":"2026-11-27T00:00:00Z"}'],
    ['a close after the year 9999', '{"stock":1,"closesAt":253402300800000}'],
    ['a pause in a text', '{"stock":1,"paused":"true"}'],
    ['a pause in a number', '{"stock":1,"paused":0}'],
    ['nothing where a rule may stand', '{"stock":1,"perBuyer":null}'],
  ]

  test.each(rows)('rows 1 to 4: %s is refused', async (_, body) => {
    const app = await start()
    await expectRefused(app, 'bad_request', () => send(app, '/v1/skus/shoe', body))
  })

  test.each(['0', '0.5', '"1"', '1000000001', '-1000000001', 'null', 'true', '1e400'])(
    'rows 1 to 4: a change of the stock by %s is refused',
    async (delta) => {
      const app = await start()
      await app.open(10)
      await expectRefused(app, 'bad_request', () =>
        send(app, '/v1/skus/shoe/stock', `{"delta":${delta},"reason":"count"}`),
      )
    },
  )

  test.each(['999', '604800001', '"5000"', '1000.5', 'null', '0', '-1'])(
    'rows 1 to 4: a hold of %s ms is refused',
    async (holdMs) => {
      const app = await start()
      await app.open(10, { maxHoldMs: 604_800_000 })
      const id = await app.held('k0')
      await expectRefused(app, 'bad_request', () =>
        send(app, `/v1/reservations/${id}/extend`, `{"holdMs":${holdMs}}`),
      )
      await expectRefused(app, 'bad_request', () =>
        send(app, '/v1/reservations', reserve(`1,"holdMs":${holdMs}`)),
      )
    },
  )
})
