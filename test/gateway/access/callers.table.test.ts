// Who may call what: keys by scope, buyers by token, and every way to be nobody (rows 31, 34 and 35 of the bad inputs).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCESS_FOR_ANYONE, type Access } from '../../../gateway/access/access.ts'
import { createApp } from '../../../gateway/http/app.ts'
import { guardRoutes } from '../../../gateway/http/guards.ts'
import { banded, EXACT } from '../../../gateway/stock/stock-form.ts'
import {
  type GuardedApp,
  guarded,
  ringOf,
  SECRET_TOKENS,
  type TestKeys,
  testKeys,
} from '../../fixtures/guarded-app.ts'
import { expectProblem } from '../../fixtures/problem.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { Face, type Reply, TestApp } from '../../fixtures/test-app.ts'
import { inSeconds, issuerKey, TOKEN_SECRET, token, tokenOf } from '../../fixtures/tokens.ts'

const directory = directoryForAll()
let face: Face
let shop: TestApp
let keys: TestKeys
let app: GuardedApp
/** The shop's only lasting hold, which is ada's. */
let heldByAda: string

beforeAll(async () => {
  face = new Face()
  shop = await TestApp.start(face)
  await shop.open(1_000)
  heldByAda = await shop.held('of-ada')
  keys = testKeys(directory(), ['sell', 'read', 'operate', 'sell-read'])
  app = await guarded(shop, { keys: ringOf(keys.path), tokens: SECRET_TOKENS })
})

afterAll(async () => {
  await app.app.close()
  await shop.finish()
  await face.close()
})

const reservation = (buyer: string) => ({ sku: 'shoe', buyer, quantity: 1 })
const change = (call: string, id = '0'.repeat(26)) => `/v1/reservations/${id}/${call}`

type Call = (word: string | undefined, to?: GuardedApp) => Promise<Reply>

/** A call of each kind, with the scope it needs, and whether buyers may make it. */
const CALLS: readonly [string, string, boolean, Call][] = [
  ['PUT sku', 'operate', false, (word, to = app) => to.put(word, '/v1/skus/hat', { stock: 1 })],
  [
    'POST stock',
    'operate',
    false,
    (word, to = app) => to.post(word, '/v1/skus/hat/stock', { delta: 1 }),
  ],
  ['GET sku', 'read', false, (word, to = app) => to.get(word, '/v1/skus/shoe')],
  ['GET skus', 'read', false, (word, to = app) => to.get(word, '/v1/skus')],
  ['GET partitions', 'read', false, (word, to = app) => to.get(word, '/v1/partitions')],
  [
    'POST reserve',
    'sell',
    true,
    (word, to = app) => to.post(word, '/v1/reservations', reservation('eve')),
  ],
  [
    'GET reservation',
    'sell',
    true,
    (word, to = app) => to.get(word, `/v1/reservations/${'0'.repeat(26)}`),
  ],
  ['POST cancel', 'sell', true, (word, to = app) => to.post(word, change('cancel'))],
  [
    'POST extend',
    'sell',
    true,
    (word, to = app) => to.post(word, change('extend'), { holdMs: 1_000 }),
  ],
  ['POST confirm', 'sell', false, (word, to = app) => to.post(word, change('confirm'))],
  ['POST return', 'sell', false, (word, to = app) => to.post(word, change('return'))],
  [
    'POST batch',
    'sell',
    true,
    (word, to = app) =>
      to.post(word, '/v1/batch', { operations: [{ op: 'get', id: '0'.repeat(26) }] }),
  ],
]

describe.each(CALLS)('%s', (_, scope, isForBuyers, call) => {
  const opens = (reply: Reply) => {
    expect(reply.status, reply.text).not.toBe(401)
    expect(reply.status, reply.text).not.toBe(403)
  }

  test(`opens for a key with ${scope} and no other`, async () => {
    for (const [name, key] of keys.texts) {
      const isOpen = name.split('-').includes(scope) || (scope === 'read' && name === 'operate')
      const reply = await call(key)
      if (isOpen) opens(reply)
      else {
        expectProblem(reply, 'forbidden')
        expect(reply.headers['www-authenticate']).toBe(
          `Bearer realm="holdfast", error="insufficient_scope", scope="${scope}"`,
        )
      }
    }
  })

  test(`${isForBuyers ? 'opens' : 'does not open'} for a buyer`, async () => {
    const reply = await call(tokenOf('eve'))
    if (isForBuyers) opens(reply)
    else expectProblem(reply, 'forbidden')
  })

  test('does not open for nobody', async () => {
    const before = shop.hash
    const reply = await call(undefined)
    expect(shop.hash).toBe(before)
    expectProblem(reply, 'unauthorized')
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="holdfast"')
  })
})

describe('without a key', () => {
  test.each(['/healthz', '/readyz', '/v1/time', '/openapi.json', '/docs/', '/docs/json'])(
    '%s is there for everybody',
    async (url) => expect((await app.get(undefined, url)).status).toBe(200),
  )

  test('HEAD is guarded as GET is', async () => {
    const options = { method: 'HEAD', url: '/v1/skus/shoe' } as const
    expect((await app.call(undefined, options)).status).toBe(401)
    expect((await app.call(keys.of('read'), options)).status).toBe(200)
  })

  test('a path that is none is 404, whatever it says', async () => {
    expectProblem(await app.get(undefined, '/v1/nothing'), 'not_found')
  })
})

describe('every route', () => {
  test('says whom it is for', () => {
    const { routeConfigs } = app.app
    expect(routeConfigs.size).toBeGreaterThan(20)
    for (const [route, { scope, isForBuyers, lane }] of routeConfigs) {
      expect(['open', 'sell', 'read', 'operate'], route).toContain(scope)
      expect([typeof isForBuyers, typeof lane], route).toEqual(['boolean', 'string'])
    }
  })

  test('that is open has nothing of anybody', () => {
    const open = [...app.app.routeConfigs].flatMap(([route, { scope }]) =>
      scope === 'open' && route.startsWith('GET ') ? [route.slice('GET '.length)] : [],
    )
    const pages = /^\/((docs|console)(\/.*)?)?$/
    expect(open.filter((url) => !pages.test(url)).sort()).toEqual([
      ...['/healthz', '/openapi.json', '/readyz', '/v1/time'],
    ])
  })

  test.each([
    ['exact', EXACT, ['/v1/skus/:sku', '/v1/stock/socket', '/v1/stock/stream']],
    ['banded', banded(10), ['/v1/stock/socket', '/v1/stock/stream']],
  ])('that public stock opens is named, where it is %s', async (_, form, expected) => {
    const openRoutes = ({ app: { routeConfigs } }: GuardedApp) =>
      [...routeConfigs].flatMap(([route, { scope }]) => (scope === 'open' ? [route] : []))
    const ring = ringOf(keys.path)
    const open = await guarded(shop, { keys: ring, isStockPublic: true }, undefined, form)
    const before = new Set(openRoutes(app))
    const opened = openRoutes(open).filter((route) => !before.has(route))
    const calls = new Set(opened.map((route) => route.replace('HEAD ', 'GET ')))
    expect([...calls].sort()).toEqual(expected.map((url) => `GET ${url}`))
    const isExact = expected.includes('/v1/skus/:sku')
    expect((await open.get(undefined, '/v1/skus/shoe')).status).toBe(isExact ? 200 : 401)
    for (const [name, , , call] of CALLS) {
      if (name !== 'GET sku') expect((await call(undefined, open)).status, name).toBe(401)
    }
    await open.app.close()
  })

  test('that does not say so is refused when the server is built', async () => {
    const bare = createApp(undefined)
    await guardRoutes(bare, ACCESS_FOR_ANYONE)
    expect(() => bare.get('/secret', async () => 'told')).toThrow('/secret')
    await bare.close()
  })
})

describe('a key', () => {
  const look = (word: string) => app.get(word, '/v1/skus/shoe')
  const good = () => keys.of('read')
  const unauthorized = async (word: string) => expectProblem(await look(word), 'unauthorized')

  test('is taken whatever the case of its scheme', async () => {
    const headers = { authorization: `bearer ${good()}` }
    expect((await app.get(undefined, '/v1/skus/shoe', headers)).status).toBe(200)
  })

  test.each([
    ['with another secret', (key: string) => `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`],
    [
      'with another id',
      (key: string) => key.replace(/^hf_./, (id) => (id === 'hf_0' ? 'hf_1' : 'hf_0')),
    ],
    ['cut short', (key: string) => key.slice(0, -1)],
    ['with more behind it', (key: string) => `${key}A`],
    ['without its secret', (key: string) => key.slice(0, 16)],
    ['that is only a prefix', () => 'hf_'],
  ])('%s is unknown', (_, spoil) => unauthorized(spoil(good())))

  test.each([
    ['Basic', (key: string) => `Basic ${key}`],
    ['no scheme', (key: string) => key],
    ['a scheme of another name', (key: string) => `Bearing ${key}`],
    ['two words', (key: string) => `Bearer ${key} ${key}`],
    ['a list', (key: string) => `Bearer ${key},${key}`],
    ['nothing', () => 'Bearer'],
    ['blanks', () => 'Bearer  '],
  ])('behind %s is none', async (_, header) => {
    const headers = { authorization: header(good()) }
    expectProblem(await app.get(undefined, '/v1/skus/shoe', headers), 'unauthorized')
  })
})

describe('a buyer', () => {
  const unchanged = async (code: 'other_buyer' | 'forbidden', call: () => Promise<Reply>) => {
    const before = shop.hash
    expectProblem(await call(), code)
    expect(shop.hash, 'a problem changes nothing').toBe(before)
  }

  test('reserves for himself', async () => {
    const reply = await app.post(tokenOf('bob'), '/v1/reservations', reservation('bob'))
    expect([reply.status, reply.body.state]).toEqual([201, 'held'])
  })

  test('cannot reserve for another, and that has no effect', () =>
    unchanged('other_buyer', () =>
      app.post(tokenOf('bob'), '/v1/reservations', reservation('ada')),
    ))

  test('cannot confirm or return anything', async () => {
    for (const call of ['confirm', 'return']) {
      await unchanged('forbidden', () => app.post(tokenOf('ada'), change(call, heldByAda)))
    }
  })

  test('looks up, keeps and gives back what is his own', async () => {
    const { body } = await app.post(tokenOf('dan'), '/v1/reservations', reservation('dan'))
    const id = String(body.id)
    const calls = [
      () => app.get(tokenOf('dan'), `/v1/reservations/${id}`),
      () => app.post(tokenOf('dan'), change('extend', id), { holdMs: 901_000 }),
      () => app.post(tokenOf('dan'), change('cancel', id)),
    ]
    for (const call of calls) expect((await call()).status).toBe(200)
  })

  test('learns nothing of what is another’s, and cannot touch it', async () => {
    const calls = [
      () => app.get(tokenOf('bob'), `/v1/reservations/${heldByAda}`),
      () => app.post(tokenOf('bob'), change('extend', heldByAda), { holdMs: 901_000 }),
      () => app.post(tokenOf('bob'), change('cancel', heldByAda)),
    ]
    for (const call of calls) await unchanged('other_buyer', call)
    const operations = ['get', 'cancel', 'extend'].map((op) => ({
      ...{ op, id: heldByAda },
      ...(op === 'extend' ? { holdMs: 901_000 } : {}),
    }))
    const before = shop.hash
    const { body } = await app.post(tokenOf('bob'), '/v1/batch', { operations })
    expect(body.results?.map(({ code }) => code)).toEqual(operations.map(() => 'other_buyer'))
    expect(shop.hash).toBe(before)
    expect(JSON.stringify(body)).not.toContain('ada')
  })

  test('has each operation of a batch looked at by itself', async () => {
    const [available] = await shop.units()
    const operations = [
      { op: 'reserve', ...reservation('ada') },
      { op: 'reserve', ...reservation('cid') },
      { op: 'confirm', id: heldByAda },
      { op: 'return', id: heldByAda },
    ]
    const { status, body } = await app.post(tokenOf('cid'), '/v1/batch', { operations })
    expect(status).toBe(200)
    expect(body.results?.map(({ status: one, code }) => code ?? one)).toEqual([
      ...['other_buyer', 201, 'forbidden', 'forbidden'],
    ])
    expect(await shop.units()).toEqual([Number(available) - 1, expect.anything(), 0])
  })
})

describe('a token', () => {
  const look = (word: string, to = app) => to.get(word, `/v1/reservations/${heldByAda}`)
  const rsa = issuerKey('RS256', 'one')
  const good = { sub: 'ada', exp: inSeconds(60) }

  test('that is good opens', async () => {
    expect((await look(tokenOf('ada'))).status).toBe(200)
    expect((await look(tokenOf('ada', { nbf: inSeconds(-1), iat: inSeconds(-1) }))).status).toBe(
      200,
    )
  })

  const unsigned = (alg: string) => token({ alg }, good)
  test.each<[string, string]>([
    ['without a signature', `${tokenOf('ada').split('.').slice(0, 2).join('.')}.`],
    ['of two parts', tokenOf('ada').split('.').slice(0, 2).join('.')],
    ['with alg none', unsigned('none')],
    ['with alg None', unsigned('None')],
    ['with alg none and a signature', token({ alg: 'none' }, good, TOKEN_SECRET)],
    ['without an alg', token({}, good, TOKEN_SECRET)],
    ['signed with another secret', tokenOf('ada', {}, 'another secret, and long enough for it')],
    ['signed with an empty secret', tokenOf('ada', {}, '')],
    ['that was cut', tokenOf('ada').slice(0, -2)],
    [
      'whose claims were changed',
      tokenOf('ada').replace(/\.[^.]+\./, `.${unsigned('x').split('.')[1]}A.`),
    ],
    ['signed with a private key', token({ alg: 'RS256' }, good, rsa.privateKey)],
    ['that expired', tokenOf('ada', { exp: inSeconds(-1) })],
    ['that never expires', token({ alg: 'HS256' }, { sub: 'ada' }, TOKEN_SECRET)],
    ['that expires by a word', tokenOf('ada', { exp: 'never' })],
    ['that expires at null', tokenOf('ada', { exp: null })],
    ['that is not good yet', tokenOf('ada', { nbf: inSeconds(60) })],
    ['that is not good for ages', tokenOf('ada', { nbf: 1e300 })],
    ['without a buyer', token({ alg: 'HS256' }, { exp: inSeconds(60) }, TOKEN_SECRET)],
    ['of a buyer that is a number', tokenOf('ada', { sub: 7 })],
    ['of several buyers', tokenOf('ada', { sub: ['ada'] })],
    ['of an empty buyer', tokenOf('')],
    ['of a buyer with a blank', tokenOf('ada lovelace')],
    ['of a buyer that is too long', tokenOf('a'.repeat(65))],
    ['with a critical extension', token({ alg: 'HS256', crit: ['b64'] }, good, TOKEN_SECRET)],
    ['that is a word', 'word'],
    ['that is dots', '..'],
    ['with claims that are no object', `${tokenOf('ada').split('.')[0]}.bnVsbA.AAAA`],
  ])('%s is 401', async (_, bad) => {
    const reply = await look(bad)
    expectProblem(reply, 'unauthorized')
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(reply.text).not.toContain(bad.slice(0, 20))
  })

  describe('with an issuer and an audience asked for', () => {
    const tokens = { keys: TOKEN_SECRET, issuer: 'https://id.example', audience: 'holdfast' }
    const whole = { iss: 'https://id.example', aud: 'holdfast' }
    test.each<[number, object]>([
      [200, whole],
      [200, { ...whole, aud: ['shop', 'holdfast'] }],
      [401, { aud: 'holdfast' }],
      [401, { iss: 'https://id.example' }],
      [401, { ...whole, iss: 'https://id.example.evil' }],
      [401, { ...whole, aud: 'shop' }],
      [401, { ...whole, aud: [] }],
      [401, { ...whole, iss: ['https://id.example'] }],
    ])('%i for %j', async (status, claims) => {
      const strict = await guarded(shop, { tokens })
      expect((await look(tokenOf('ada', claims), strict)).status).toBe(status)
      await strict.app.close()
    })
  })

  test('is worth nothing where only keys are, and a key nothing where only tokens are', async () => {
    const only = async (access: Partial<Access>, word: string) => {
      const other = await guarded(shop, access)
      const reply = await look(word, other)
      await other.app.close()
      return reply.status
    }
    const ring = ringOf(keys.path)
    expect(await only({ keys: ring }, tokenOf('ada'))).toBe(401)
    expect(await only({ tokens: SECRET_TOKENS }, keys.of('sell'))).toBe(401)
    expect(await only({ keys: ring }, keys.of('sell'))).toBe(200)
  })
})
