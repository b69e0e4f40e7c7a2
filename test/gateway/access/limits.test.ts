// How often who may call, whose address counts, and what pages of other origins may do.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Access, Rates } from '../../../gateway/access/access.ts'
import {
  type GuardedApp,
  guarded,
  NO_LIMITS,
  ringOf,
  SECRET_TOKENS,
  type TestKeys,
  testKeys,
} from '../../fixtures/guarded-app.ts'
import { expectProblem } from '../../fixtures/problem.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { Face, type Reply, TestApp } from '../../fixtures/test-app.ts'
import { tokenOf } from '../../fixtures/tokens.ts'

const directory = directoryForAll()
const URL = '/v1/skus/shoe'
let face: Face
let shop: TestApp
let keys: TestKeys
let app: GuardedApp | undefined

beforeAll(async () => {
  face = new Face()
  shop = await TestApp.start(face)
  await shop.open(1_000)
  keys = testKeys(directory(), ['read', 'sell-read', 'sell'])
})
afterAll(async () => {
  await shop.finish()
  await face.close()
})
// The windows of limits are of the wall clock, which stands still until a test moves it.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  vi.useRealTimers()
  await app?.app.close()
})

async function start(rates: Partial<Rates>, more: Partial<Access> = {}): Promise<GuardedApp> {
  const callers = { keys: ringOf(keys.path), tokens: SECRET_TOKENS }
  app = await guarded(shop, { ...callers, rates: { ...NO_LIMITS, ...rates }, ...more })
  return app
}
const nextSecond = () => vi.setSystemTime(Date.now() + 1_000)
const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status)
const times = async (count: number, ask: () => Promise<Reply>): Promise<Reply[]> => {
  const replies: Reply[] = []
  for (let done = 0; done < count; done++) replies.push(await ask())
  return replies
}

describe('a limit per key', () => {
  test('counts each key by itself, and says how it stands', async () => {
    const { get } = bound(await start({ perKey: 2 }))
    const [first, second, third] = await times(3, () => get(keys.of('read'), URL))
    const standing = ({ headers }: Reply) =>
      ['limit', 'remaining', 'reset'].map((name) => Number(headers[`ratelimit-${name}`]))
    expect([first, second, third].map((reply) => standing(reply as Reply))).toEqual([
      ...[
        [2, 1, 1],
        [2, 0, 1],
        [2, 0, 1],
      ],
    ])
    expectProblem(third as Reply, 'rate_limited')
    expect((await get(keys.of('sell-read'), URL)).status).toBe(200)
    nextSecond()
    expect((await get(keys.of('read'), URL)).status).toBe(200)
  })

  test('is not one for buyers', async () => {
    const { get } = bound(await start({ perKey: 1 }))
    const replies = await times(3, () => get(tokenOf('ada'), `/v1/reservations/${'0'.repeat(26)}`))
    expect(statuses(replies)).toEqual([404, 404, 404])
  })
})

describe('a limit per buyer', () => {
  const reserve = (buyer: string) => ({ sku: 'shoe', buyer, quantity: 1 })

  test('counts each buyer by himself, whatever token he brings, and has no effect beyond', async () => {
    const { post } = bound(await start({ perBuyer: 2 }))
    let number = 0
    const ask = () =>
      post(tokenOf('ada', { jti: String(number++) }), '/v1/reservations', reserve('ada'))
    expect(statuses(await times(2, ask))).toEqual([201, 201])
    const before = shop.hash
    expectProblem(await ask(), 'rate_limited')
    expect(shop.hash).toBe(before)
    expect((await post(tokenOf('bob'), '/v1/reservations', reserve('bob'))).status).toBe(201)
    expect((await post(keys.of('sell'), '/v1/reservations', reserve('ada'))).status).toBe(201)
  })

  test('counts every operation of a batch, and refuses one that has too many as a whole', async () => {
    const { post } = bound(await start({ perBuyer: 5 }))
    const batch = (buyer: string, size: number) =>
      post(tokenOf(buyer), '/v1/batch', {
        operations: Array(size).fill({ op: 'reserve', ...reserve(buyer) }),
      })
    expect((await batch('cid', 5)).status).toBe(200)
    expectProblem(await batch('cid', 1), 'rate_limited')
    const before = shop.hash
    expectProblem(await batch('dan', 6), 'rate_limited')
    expect(shop.hash).toBe(before)
  })
})

describe('a limit per address', () => {
  test('counts before it asks who calls, and never the probes', async () => {
    const { get } = bound(await start({ perAddress: 2 }))
    expect(statuses(await times(2, () => get(keys.of('read'), URL)))).toEqual([200, 200])
    expectProblem(await get(keys.of('read'), URL), 'rate_limited')
    expectProblem(await get(undefined, URL), 'rate_limited')
    expectProblem(await get(undefined, '/v1/time'), 'rate_limited')
    for (const url of ['/healthz', '/readyz']) {
      const replies = await times(5, () => get(undefined, url))
      expect(new Set(statuses(replies)), url).toEqual(new Set([200]))
      expect(replies[0]?.headers).not.toHaveProperty('ratelimit-limit')
    }
  })

  test('holds where nobody is asked who he is', async () => {
    const { get } = bound(await start({ perAddress: 1 }, { keys: undefined, tokens: undefined }))
    expect(statuses(await times(2, () => get(undefined, URL)))).toEqual([200, 429])
  })

  const from = (address: string) => ({ 'x-forwarded-for': address })

  test('does not believe who says to be somebody else', async () => {
    const { get } = bound(await start({ perAddress: 1 }))
    const word = keys.of('read')
    expect((await get(word, URL, from('10.9.9.1'))).status).toBe(200)
    expect((await get(word, URL, from('10.9.9.2'))).status).toBe(429)
  })

  test('believes a proxy that is trusted, and what that proxy added only', async () => {
    const { get } = bound(await start({ perAddress: 1 }, { trustedProxies: ['127.0.0.0/8'] }))
    const word = keys.of('read')
    expect((await get(word, URL, from('10.9.9.1'))).status).toBe(200)
    expect((await get(word, URL, from('10.9.9.2'))).status).toBe(200)
    expect((await get(word, URL, from('10.9.9.2'))).status).toBe(429)
    expect((await get(word, URL, from('6.6.6.6, 10.9.9.2'))).status).toBe(429)
  })
})

describe('without limits', () => {
  test('nothing is counted or told', async () => {
    const { get } = bound(await start({}))
    const replies = await times(30, () => get(keys.of('read'), URL))
    expect(new Set(statuses(replies))).toEqual(new Set([200]))
    expect(replies[0]?.headers).not.toHaveProperty('ratelimit-limit')
  })
})

describe('a guesser', () => {
  test('is answered so often only, and keeps nobody else out', async () => {
    const { get } = bound(await start({ failuresPerAddress: 3 }))
    const guess = () => get(`hf_${'0'.repeat(12)}_${'A'.repeat(43)}`, URL)
    expect(statuses(await times(4, guess))).toEqual([401, 401, 401, 429])
    expect((await get(undefined, URL)).status).toBe(429)
    expect((await get('a.b.c', URL)).status).toBe(429)
    expect((await get(keys.of('read'), URL)).status).toBe(200)
    nextSecond()
    expect((await guess()).status).toBe(401)
  })
})

describe('a page of another origin', () => {
  const page = 'https://shop.example'
  const preflight = (origin: string) => ({
    ...({ method: 'OPTIONS', url: '/v1/reservations' } as const),
    headers: {
      ...{ origin, 'access-control-request-method': 'POST' },
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    },
  })

  test('may not call, unless a setting names it', async () => {
    const { call, get } = bound(await start({}))
    const reply = await get(keys.of('read'), URL, { origin: page })
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
    expect((await call(undefined, preflight(page))).status).toBe(404)
  })

  test('may call when a setting names it, with a key of its own and nothing of the browser’s', async () => {
    const { call, get } = bound(await start({}, { corsOrigins: [page] }))
    const asked = await call(undefined, preflight(page))
    expect(asked.status).toBe(204)
    expect(asked.headers['access-control-allow-origin']).toBe(page)
    expect(asked.headers['access-control-allow-headers']).toContain('authorization')
    expect(asked.headers).not.toHaveProperty('access-control-allow-credentials')
    const read = await get(keys.of('read'), URL, { origin: page })
    expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, page])
    const without = await get(undefined, URL, { origin: page })
    expect([without.status, without.headers['access-control-allow-origin']]).toEqual([401, page])
    for (const other of [
      'https://evil.example',
      'http://shop.example',
      `${page}.evil.example`,
      'null',
    ]) {
      const { headers } = await call(undefined, preflight(other))
      expect(headers['access-control-allow-origin'], other).toBeUndefined()
    }
  })

  test.each([
    'https://evil.example',
    'http://127.evil.com',
    'null',
    'http://localhost.evil.com',
    'x',
  ])('is turned away where nobody has to say who he is: %s', async (origin) => {
    const { call } = bound(await start({}, { keys: undefined, tokens: undefined }))
    const before = shop.hash
    const payload = { stock: 1 }
    const reply = await call(undefined, {
      method: 'PUT',
      url: '/v1/skus/evil',
      headers: { origin },
      payload,
    })
    expectProblem(reply, 'forbidden')
    expect(shop.hash).toBe(before)
  })

  test.each(['http://127.0.0.1:7070', 'http://localhost:3000', 'http://[::1]:7070'])(
    'of this machine may call where nobody has to say who he is: %s',
    async (origin) => {
      const { get } = bound(await start({}, { keys: undefined, tokens: undefined }))
      expect((await get(undefined, URL, { origin })).status).toBe(200)
    },
  )
})

describe('a name that is turned to this machine after its page was loaded', () => {
  const anyone = { keys: undefined, tokens: undefined }

  test.each([
    'evil.example',
    'evil.example:7070',
    'EVIL.example.:7070',
    '127.0.0.1.evil.example',
    'localhost.evil.example:7070',
    'localhost@evil.example',
    'a b.example',
  ])('reads nothing where nobody has to say who he is: %s', async (host) => {
    const { get } = bound(await start({}, anyone))
    expect((await get(undefined, URL, { host: 'localhost:7070' })).status).toBe(200)
    for (const url of [URL, '/metrics', '/v1/nowhere', '/']) {
      expectProblem(await get(undefined, url, { host }), 'forbidden')
    }
  })

  test.each([
    ...['localhost', 'LOCALHOST:7070', '127.0.0.1:7070', '127.1.2.3', '[::1]:7070', '10.0.0.7:80'],
    ...['test', 'holdfast:7070', 'shop.example', 'shop.example:8443'],
  ])('is not %s', async (host) => {
    const { get } = bound(await start({}, { ...anyone, corsOrigins: ['https://shop.example'] }))
    expect((await get(undefined, URL, { host })).status).toBe(200)
  })

  test('is let in where keys are asked for: it has none', async () => {
    const { get } = bound(await start({}))
    const host = 'evil.example'
    expect((await get(undefined, URL, { host })).status).toBe(401)
    expect((await get(keys.of('read'), URL, { host })).status).toBe(200)
  })
})

describe('what browsers are told', () => {
  test('is never to take an answer for something else', async () => {
    const { get } = bound(await start({}))
    const unreadable = ['/v1/skus/%zz', `/v1/skus/${'x'.repeat(200)}`]
    for (const url of [
      '/healthz',
      URL,
      '/nowhere',
      '/openapi.json',
      '/',
      '/docs/',
      ...unreadable,
    ]) {
      const { headers } = await get(undefined, url)
      expect(headers['x-content-type-options'], url).toBe('nosniff')
    }
  })

  test.each(['/', '/docs/'])(
    'of the page %s is what it may load, and never to frame it',
    async (url) => {
      const { get } = bound(await start({}))
      const { status, headers } = await get(undefined, url)
      expect(status).toBe(200)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src '")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe-inline')
      // Plain http from another machine could not load the page's own parts any more.
      expect(policy).not.toContain('upgrade-insecure-requests')
      expect(headers['x-frame-options']).toMatch(/^DENY$/i)
      expect(headers['referrer-policy']).toBe('no-referrer')
    },
  )
})

/** The calls of an app, as functions. */
function bound(of: GuardedApp) {
  return { call: of.call.bind(of), get: of.get.bind(of), post: of.post.bind(of) }
}
