// Bad input: bodies that are no JSON, or JSON of the wrong form, or something else altogether.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../../gateway/api/problems.ts'
import { expectRefused } from '../../fixtures/problem.ts'
import { type Reply, type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()

const GOOD = '{"sku":"shoe","buyer":"ada","quantity":1}'
const BATCH = `{"operations":[{"op":"reserve","sku":"shoe","buyer":"ada","quantity":1,"key":"k"}]}`

function send(
  app: TestApp,
  payload: string | Buffer,
  headers: Record<string, string> = {},
  url = '/v1/reservations',
): Promise<Reply> {
  const all = { 'content-type': 'application/json', 'idempotency-key': 'k1', ...headers }
  return app.call({ method: 'POST', url, payload, headers: all })
}

/** A body that would reserve, but for `more` at its end. */
const withMore = (more: string) => `${GOOD.slice(0, -1)},${more}}`

describe('a body', () => {
  const rows: [string, string | Buffer, ProblemCode][] = [
    ['row 11: with bytes that are no UTF-8', bytes('"sku":"sh\xffoe"'), 'bad_json'],
    ['row 11: with an overlong form', bytes('"sku":"\xc0\xaf"'), 'bad_json'],
    ['row 11: with a surrogate in UTF-8', bytes('"sku":"\xed\xa0\x80"'), 'bad_json'],
    ['row 11: cut in a character', Buffer.from(GOOD).subarray(0, -1), 'bad_json'],
    ['row 11: with a lone surrogate, escaped', withMore('"meta":"\\ud800"'), 'bad_request'],
    ['row 11: with two low surrogates', withMore('"meta":"\\udc00\\udc00"'), 'bad_request'],
    ['row 11: that begins with a byte order mark', `\ufeff${GOOD}`, 'bad_json'],
    ['row 13: with __proto__', withMore('"__proto__":{"quantity":1}'), 'bad_request'],
    ['row 13: with __proto__, escaped', withMore('"\\u005f_proto__":{}'), 'bad_request'],
    ['row 13: with constructor', withMore('"constructor":{"prototype":{}}'), 'bad_request'],
    ['row 14: with a key twice', withMore('"quantity":2'), 'bad_json'],
    ['row 14: with a key twice, alike', withMore('"quantity":1'), 'bad_json'],
    ['row 14: with a key twice, once escaped', withMore('"quanti\\u0074y":2'), 'bad_json'],
    ['row 14: with __proto__ twice', withMore('"__proto__":1,"__proto__":2'), 'bad_json'],
    ['row 14: with a key twice, deep inside', withMore('"meta":[{"a":{"b":1,"b":1}}]'), 'bad_json'],
    ['row 15: with a field that is not known', withMore('"color":"red"'), 'bad_request'],
    ['row 15: with a field in another case', withMore('"Quantity":2'), 'bad_request'],
    ['row 15: with a field of no name', withMore('"":1'), 'bad_request'],
    ['row 15: with a field of another call', withMore('"stock":5'), 'bad_request'],
    ['row 16: that is no JSON', 'sku=shoe&buyer=ada&quantity=1', 'bad_json'],
    ['row 16: that is cut off', GOOD.slice(0, -2), 'bad_json'],
    ['row 16: with garbage behind', `${GOOD}x`, 'bad_json'],
    ['row 16: with a second value behind', `${GOOD}${GOOD}`, 'bad_json'],
    ['row 16: with NUL behind', `${GOOD}\u0000`, 'bad_json'],
    ['row 16: with a comma too many', `${GOOD.slice(0, -1)},}`, 'bad_json'],
    ['row 16: with a comment', `/* x */${GOOD}`, 'bad_json'],
    ['row 16: in single quotes', GOOD.replaceAll('"', "'"), 'bad_json'],
    ['row 16: with a raw control character in a text', withMore('"meta":"a\nb"'), 'bad_json'],
    ['row 17: of blanks', '   ', 'bad_json'],
    ['row 17: that is a list', `[${GOOD}]`, 'bad_request'],
    ['row 17: that is an empty list', '[]', 'bad_request'],
    ['row 17: that is a text', '"x"', 'bad_request'],
    ['row 17: that is a number', '1', 'bad_request'],
    ['row 17: that is null', 'null', 'bad_request'],
    ['row 17: that is true', 'true', 'bad_request'],
    ['row 17: that is an empty object', '{}', 'bad_request'],
    ['row 17: nested 5,000 deep', '['.repeat(5_000) + ']'.repeat(5_000), 'bad_json'],
    ['row 17: with objects nested 2,000 deep', nested(2_000), 'bad_json'],
    ['row 17: nested and never closed', '['.repeat(16_000), 'bad_json'],
  ]

  test.each(rows)('%s is refused', async (_, body, code) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, code, () => send(app, body))
  })

  test('row 17: empty is refused where fields are needed, and fine where none are', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('k0')
    await expectRefused(app, 'bad_request', () => send(app, ''))
    await expectRefused(app, 'bad_request', () => send(app, '', { 'content-length': '0' }))
    await expectRefused(app, 'bad_request', () => app.post('/v1/reservations'))
    await expectRefused(app, 'bad_request', () => app.post(`/v1/reservations/${id}/extend`))
    await expectRefused(app, 'bad_request', () => app.post('/v1/batch'))
    await expectRefused(app, 'bad_request', () =>
      send(app, 'null', {}, `/v1/reservations/${id}/extend`),
    )
    expect((await send(app, '', {}, `/v1/reservations/${id}/confirm`)).status).toBe(200)
    expect((await app.post(`/v1/reservations/${id}/return`)).status).toBe(200)
  })

  test('may stand in blanks, and may hold what looks like JSON inside a text', async () => {
    const app = await start()
    await app.open(10)
    expect((await send(app, ` \n\t${GOOD}\r\n `)).status).toBe(200 + 1)
    const meta = '"meta":"{\\"a\\":1,\\"a\\":2} \\\\\\" : , ::: \\u003a"'
    expect((await send(app, withMore(meta), { 'idempotency-key': 'k2' })).status).toBe(201)
  })

  const nestedRows: [string, string][] = [
    ['an operation names a key twice', BATCH.replace('"quantity":1', '"quantity":1,"quantity":1')],
    ['it names operations twice', BATCH.replace('{"operations"', '{"operations":[],"operations"')],
    ['a key is doubled by its escaped name', BATCH.replace('"sku"', '"s\\u006bu":"hat","sku"')],
  ]
  test.each(nestedRows)('row 14: a batch is refused when %s', async (_, body) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'bad_json', () => send(app, body, {}, '/v1/batch'))
  })

  test('row 13: an operation of a batch with __proto__ is refused by itself', async () => {
    const app = await start()
    await app.open(10)
    const before = app.hash
    const body = BATCH.replace('"key":"k"', '"__proto__":{"key":"k"}')
    const reply = await send(app, body, {}, '/v1/batch')
    expect(reply.body.results).toMatchObject([{ status: 400, code: 'bad_request' }])
    expect(app.hash).toBe(before)
    expect(({} as { key?: string }).key, 'no prototype was touched').toBeUndefined()
  })
})

describe('the size of a body', () => {
  const padded = (bytes: number) => GOOD + ' '.repeat(bytes - GOOD.length)

  test('row 18: one byte too many is refused, and the connection closed', async () => {
    const app = await start()
    await app.open(10)
    expect((await send(app, padded(16_384))).status).toBe(201)
    const reply = await expectRefused(app, 'too_large', () => send(app, padded(16_385)))
    expect(reply.headers.connection).toBe('close')
  })

  test('row 18: a batch may be larger, up to a limit', async () => {
    const app = await start()
    await app.open(10)
    const fits = BATCH + ' '.repeat(2 ** 20 - BATCH.length)
    expect((await send(app, fits, {}, '/v1/batch')).status).toBe(200)
    await expectRefused(app, 'too_large', () => send(app, `${fits} `, {}, '/v1/batch'))
  })
})

describe('the type of a body', () => {
  const types: [string, string][] = [
    ['row 20: text', 'text/plain'],
    ['row 20: a form', 'application/x-www-form-urlencoded'],
    ['row 20: a form with files', 'multipart/form-data; boundary=x'],
    ['row 20: XML', 'application/xml'],
    ['row 20: a kind of JSON', 'application/merge-patch+json'],
    ['row 20: JSON in UTF-16', 'application/json; charset=utf-16'],
    ['row 20: JSON in Latin-1', 'application/json; charset=iso-8859-1'],
    ['row 20: JSON in two charsets', 'application/json; charset=utf-8; charset=utf-16'],
    ['row 20: JSON with a parameter of another name', 'application/json; version=2'],
    ['row 20: two types', 'application/json, text/plain'],
    ['row 20: half a type', 'application/'],
    ['row 20: no type by that name', 'json'],
    ['row 20: an empty name', ''],
    ['row 20: a type that begins like JSON', 'application/jsonx'],
  ]
  test.each(types)('%s is refused', async (_, type) => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'unsupported_media_type', () =>
      send(app, GOOD, { 'content-type': type }),
    )
  })

  test('row 20: missing is refused', async () => {
    const app = await start()
    await app.open(10)
    await expectRefused(app, 'unsupported_media_type', () =>
      app.call({ method: 'POST', url: '/v1/reservations', payload: Buffer.from(GOOD) }),
    )
  })

  test.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip'])(
    'row 19: compressed by %s is refused',
    async (encoding) => {
      const app = await start()
      await app.open(10)
      await expectRefused(app, 'unsupported_media_type', () =>
        send(app, gzipSync(GOOD), { 'content-encoding': encoding }),
      )
    },
  )

  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
  ])('%s is taken', async (type) => {
    const app = await start()
    await app.open(10)
    expect((await send(app, GOOD, { 'content-type': type })).status).toBe(201)
    expect((await send(app, GOOD, { 'content-encoding': 'identity' })).status).toBe(200)
  })
})

function bytes(field: string): Buffer {
  return Buffer.from(`{${field},"buyer":"ada","quantity":1}`, 'latin1')
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}
