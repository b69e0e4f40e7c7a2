// Bad input: SKUs, buyers, ids, keys and texts that no request may carry.
import { describe, expect, test } from 'vitest'
import { expectProblem, expectRefused } from '../../fixtures/problem.ts'
import { testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const CONTROLS = ['\u0000', '\r\n', '\n', '\t', '\u001b', '\u007f', '\u0085']
const LOOKALIKES = [
  '\u0455hoe',
  'sho\u200be',
  '\u202eeohs',
  'shoe\u0301',
  '\uff53hoe',
  '\u017fhoe',
  '\u212a',
]

describe('a SKU or buyer', () => {
  const rows: [string, unknown][] = [
    ['row 7: missing', undefined],
    ['row 7: empty', ''],
    ['row 7: of 65 characters', 'x'.repeat(65)],
    ['row 7: a number', 5],
    ['row 7: null', null],
    ['row 7: a list of one', ['shoe']],
    ...CONTROLS.map((control): [string, unknown] => [
      `row 9: with the control character ${JSON.stringify(control)}`,
      `sh${control}oe`,
    ]),
    ['row 9: with a line feed at the end', 'shoe\n'],
    ...LOOKALIKES.map((text): [string, unknown] => [
      `row 10: that only looks like one: ${spell(text)}`,
      text,
    ]),
    ...['.', '*', '>', 'a.b', ' ', 'a b', 'shoe ', '/', 'a/b', '%20', '..'].map(
      (text): [string, unknown] => [`row 12: ${JSON.stringify(text)}`, text],
    ),
  ]

  test.each(rows)('%s is refused in a body', async (_, name) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_request', () => app.reserve('k1', 1, { sku: name }))
    await expectRefused(app, 'bad_request', () => app.reserve('k1', 1, { buyer: name }))
  })

  const inPaths = [
    'x'.repeat(65),
    'a%00b',
    'a%0d%0ab',
    'a%20b',
    'a%2eb.c',
    '%2a',
    '%3e',
    'sh%C3%B6e',
    'sho%E2%80%8Be',
    'a%2Fb',
    'a%252Fb',
    '~',
    ':sku',
    '__proto__%20',
  ]
  test.each(inPaths)('rows 7 to 12 and 36: %s is refused in a path', async (name) => {
    const app = await start()
    await expectRefused(app, 'bad_request', () => app.put(`/v1/skus/${name}`, { stock: 1 }))
    await expectRefused(app, 'bad_request', () => app.get(`/v1/skus/${name}`))
  })

  test('of names that objects have by birth is a name like any other', async () => {
    const app = await start()
    for (const sku of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'null',
      '0',
      '-',
    ]) {
      await app.open(2, {}, sku)
      const held = await app.reserve('k1', 1, { sku, buyer: '__proto__' })
      expect(held.status).toBe(201)
      expect(held.body).toMatchObject({ sku, remaining: 1 })
      expect(await app.units(sku)).toEqual([1, 1, 0])
    }
    expect(app.state.actors).toHaveLength(7)
  })

  test('of 64 characters is taken', async () => {
    const app = await start()
    const sku = 'A-_9'.repeat(16)
    await app.open(1, {}, sku)
    expect((await app.reserve('k', 1, { sku, buyer: 'z'.repeat(64) })).status).toBe(201)
  })
})

describe('a reservation id', () => {
  test.each([
    'x',
    '0',
    '7ZZZZZZZZZZZZZZZZZZZZZZZZ',
    '7ZZZZZZZZZZZZZZZZZZZZZZZZZZ',
    '8ZZZZZZZZZZZZZZZZZZZZZZZZZ',
    '7zzzzzzzzzzzzzzzzzzzzzzzzz',
    '7ZZZZZZZZZZZZZZZZZZZZZZZZI',
    '7ZZZZZZZZZZZZZZZZZZZZZZZZ%00',
    '7ZZZZZZZZZZZZZZZZZZZZZZZZ%C3%9C',
    '%20',
  ])('row 9: %s is refused, whatever is asked of it', async (id) => {
    const app = await start()
    await expectRefused(app, 'bad_request', () => app.get(`/v1/reservations/${id}`))
    for (const change of ['confirm', 'cancel', 'return']) {
      await expectRefused(app, 'bad_request', () => app.post(`/v1/reservations/${id}/${change}`))
    }
  })
})

describe('the Idempotency-Key', () => {
  const bad: [string, string][] = [
    ['empty', ''],
    ['nothing but quotes', '""'],
    ['with a blank', 'a b'],
    ['with a comma, as a header sent twice is joined', 'a, b'],
    ['two quoted ones', '"a", "b"'],
    ['with half a pair of quotes', '"abc'],
    ['with a quote inside', 'a"b'],
    ['with a bare backslash', 'a\\b'],
    ['with a backslash before a letter', '"a\\n"'],
    ['of 256 characters', 'k'.repeat(256)],
    ['with a letter that is no ASCII', 'schlüssel'],
    ['with a parameter behind', '"abc";a=1'],
  ]
  test.each(bad)('row 25: %s is refused', async (_, key) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_idempotency_key', () => app.reserve(key))
    await expectRefused(app, 'bad_idempotency_key', () =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason: 'x' }, { 'idempotency-key': key }),
    )
  })

  test('row 25: is required to change the stock', async () => {
    const app = await start()
    await app.open(10)
    const reply = await expectRefused(app, 'bad_idempotency_key', () =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason: 'x' }),
    )
    expect(reply.body.detail).toContain('Idempotency-Key')
  })

  test('of 255 characters is taken, bare and in quotes', async () => {
    const app = await start()
    await app.open(10)
    const key = '!~#$%&()*+-./:;<=>?@[]^_`{|}'.padEnd(255, 'k')
    expect((await app.reserve(key)).status).toBe(201)
    expect((await app.reserve(`"${key}"`)).status).toBe(200)
  })

  test('does not let buyer, SKU and key run into each other', async () => {
    const app = await start()
    await app.open(10, {}, 'a')
    const first = await app.reserve('ab', 1, { buyer: 'x', sku: 'a' })
    const second = await app.reserve('b', 1, { buyer: 'xa', sku: 'a' })
    expect([first.status, second.status]).toEqual([201, 201])
    expect(first.body.id).not.toBe(second.body.id)
  })
})

describe('a free text', () => {
  const bad: [string, unknown][] = [
    ...[...CONTROLS, '\ud800', '\udc00x', 'x\udbff'].map((text): [string, unknown] => [
      `rows 9 and 11: with ${JSON.stringify(text)}`,
      `a${text}b`,
    ]),
    ['row 4: a number', 5],
    ['row 4: null', null],
  ]
  test.each(bad)('%s is refused as meta, payment and reason', async (_, text) => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k0')
    await expectRefused(app, 'bad_request', () => app.reserve('k1', 1, { meta: text }))
    await expectRefused(app, 'bad_request', () =>
      app.post(`/v1/reservations/${id}/confirm`, { paymentId: text }),
    )
    await expectRefused(app, 'bad_request', () =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason: text }, { 'idempotency-key': 'k' }),
    )
  })

  test('is bounded: meta in bytes, payment and reason in characters', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k0')
    const confirm = `/v1/reservations/${id}/confirm`
    await expectRefused(app, 'bad_request', () => app.reserve('k1', 1, { meta: 'm'.repeat(513) }))
    await expectRefused(app, 'bad_request', () => app.reserve('k1', 1, { meta: '€'.repeat(171) }))
    await expectRefused(app, 'bad_request', () => app.post(confirm, { paymentId: '' }))
    await expectRefused(app, 'bad_request', () => app.post(confirm, { paymentId: 'p'.repeat(129) }))
    const adjust = (reason: string) =>
      app.post('/v1/skus/shoe/stock', { delta: 1, reason }, { 'idempotency-key': 'k' })
    await expectRefused(app, 'bad_request', () => adjust(''))
    await expectRefused(app, 'bad_request', () => adjust('r'.repeat(201)))
    expect((await app.reserve('k1', 1, { meta: '€'.repeat(170) })).status).toBe(201)
    expect((await app.reserve('k2', 1, { meta: '' })).status).toBe(201)
    expect((await app.post(confirm, { paymentId: '💛'.repeat(64) })).status).toBe(200)
    expect((await adjust('r'.repeat(200))).status).toBe(200)
  })
})

describe('a path', () => {
  test.each(['/%', '/v1/skus/%', '/v1/skus/%zz', '/v1/skus/%C3', '/v1/reservations/%E0%A4%A'])(
    'row 36: %s with a bad percent is refused',
    async (url) => {
      const app = await start()
      await expectRefused(app, 'bad_request', () => app.get(url))
    },
  )

  test.each([
    '//',
    '/v1//skus',
    '/v1/skus/a/b',
    '/V1/skus',
    '/v1/reservations',
    '/v1/batch',
    '/etc/passwd',
    '/docs/static/%2e%2e%2f%2e%2e%2fpackage.json',
  ])('row 36: %s is nowhere', async (url) => {
    const app = await start()
    expectProblem(await app.get(url), 'not_found')
  })

  test('row 36: a path of 4,000 characters is refused', async () => {
    const app = await start()
    await expectRefused(app, 'bad_request', () => app.get(`/v1/skus/${'x'.repeat(4_000)}`))
  })
})

function spell(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
  )
}
