// Tokens that issuers sign with keys of their own: a JWKS from a file or a server, and forgers who know the public half.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Jwks } from '../../../gateway/access/jwks.ts'
import { type GuardedApp, guarded, silent } from '../../fixtures/guarded-app.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { Face, TestApp } from '../../fixtures/test-app.ts'
import { inSeconds, issuerKey, TOKEN_SECRET, token } from '../../fixtures/tokens.ts'

const directory = directoryForAll()
const rsa = issuerKey('RS256', 'rsa')
const ec = issuerKey('ES256', 'ec')
const ed = issuerKey('EdDSA', 'ed')
const stranger = issuerKey('RS256', 'rsa')
const pem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))
const claims = { sub: 'ada', exp: inSeconds(60) }

let face: Face
let shop: TestApp
let held: string
beforeAll(async () => {
  face = new Face()
  shop = await TestApp.start(face)
  await shop.open()
  held = await shop.held('k')
})
afterAll(async () => {
  await shop.finish()
  await face.close()
})

const appWith = (jwks: Jwks) =>
  guarded(shop, { tokens: { keys: jwks, issuer: undefined, audience: undefined } })
const statusOf = async (app: GuardedApp, word: string) =>
  (await app.get(word, `/v1/reservations/${held}`)).status

describe('a JWKS in a file', () => {
  const place = () => join(directory(), 'jwks.json')
  const shared = { kty: 'oct', k: Buffer.from(TOKEN_SECRET).toString('base64url'), kid: 'oct' }
  const sealing = { ...issuerKey('RS256', 'enc').jwk, use: 'enc' }
  let app: GuardedApp
  beforeAll(async () => {
    const keys = [rsa.jwk, ec.jwk, ed.jwk, shared, sealing, { kty: 'EC', crv: 'none' }, 7]
    writeFileSync(place(), JSON.stringify({ keys }))
    app = await appWith(new Jwks(place(), silent))
  })
  afterAll(() => app.app.close())

  test.each([
    ['RS256', 'rsa', rsa],
    ['ES256', 'ec', ec],
    ['EdDSA', 'ed', ed],
  ])('opens for a token signed by %s', async (alg, kid, { privateKey }) => {
    expect(await statusOf(app, token({ alg, kid }, claims, privateKey))).toBe(200)
  })

  test.each<[string, string]>([
    ['the public key as a shared secret', token({ alg: 'HS256', kid: 'rsa' }, claims, pem)],
    ['that, trimmed', token({ alg: 'HS256', kid: 'rsa' }, claims, pem.trim())],
    [
      'the JWK as a shared secret',
      token({ alg: 'HS256', kid: 'rsa' }, claims, JSON.stringify(rsa.jwk)),
    ],
    [
      'a shared secret that stands in the set',
      token({ alg: 'HS256', kid: 'oct' }, claims, TOKEN_SECRET),
    ],
    ['nothing', token({ alg: 'none', kid: 'rsa' }, claims)],
    ['nothing, under the right alg', token({ alg: 'RS256', kid: 'rsa' }, claims)],
    [
      'a stranger of the same name',
      token({ alg: 'RS256', kid: 'rsa' }, claims, stranger.privateKey),
    ],
    ['another key of the set', token({ alg: 'ES256', kid: 'rsa' }, claims, ec.privateKey)],
    [
      'the right key under another alg',
      token({ alg: 'RS384', kid: 'rsa' }, claims, rsa.privateKey),
    ],
    ['a key that is not there', token({ alg: 'RS256', kid: 'none' }, claims, rsa.privateKey)],
    ['a key for sealing', token({ alg: 'RS256', kid: 'enc' }, claims, rsa.privateKey)],
    ['a kid that is no text', token({ alg: 'RS256', kid: { a: 1 } }, claims, rsa.privateKey)],
    [
      'a good key, too late',
      token({ alg: 'RS256', kid: 'rsa' }, { ...claims, exp: 1 }, rsa.privateKey),
    ],
    [
      'a good key, for nobody',
      token({ alg: 'RS256', kid: 'rsa' }, { exp: claims.exp }, rsa.privateKey),
    ],
  ])('does not open for a token signed by %s', async (_, forged) => {
    expect(await statusOf(app, forged)).toBe(401)
  })

  test('needs no kid where only one key fits', async () => {
    expect(await statusOf(app, token({ alg: 'EdDSA' }, claims, ed.privateKey))).toBe(200)
  })
})

describe('a JWKS behind a URL', () => {
  let issuer: Server
  let asked = 0
  let answer: () => { status: number; body: string }
  let hangs = false
  let nowMs = 0
  let jwks: Jwks
  const reply = (response: ServerResponse) => {
    const { status, body } = answer()
    response.writeHead(status, { location: '/elsewhere' }).end(body)
  }
  // Asks, and gives the issuer's answer that is not sent yet.
  const whileHanging = async (ask: () => void): Promise<ServerResponse> => {
    hangs = true
    const asking = once(issuer, 'hanging', { signal: AbortSignal.timeout(4_000) })
    ask()
    const [response] = await asking
    hangs = false
    return response
  }
  const keys = (...all: object[]) => ({ status: 200, body: JSON.stringify({ keys: all }) })
  const find = (kid: string) => jwks.keyFor({ alg: 'RS256', kid })

  beforeAll(async () => {
    issuer = createServer((_, response) => {
      asked++
      if (hangs) issuer.emit('hanging', response)
      else reply(response)
    })
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => issuer.close())
  beforeEach(() => {
    asked = 0
    hangs = false
    answer = () => keys(rsa.jwk)
    const { port } = issuer.address() as AddressInfo
    jwks = new Jwks(`http://127.0.0.1:${port}/jwks`, silent, () => nowMs)
    nowMs += 1_000_000
  })

  test('is asked for once, however many tokens come', async () => {
    const app = await appWith(jwks)
    const word = token({ alg: 'RS256', kid: 'rsa' }, claims, rsa.privateKey)
    const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(app, word)))
    expect([new Set(statuses), asked]).toEqual([new Set([200]), 1])
    await app.app.close()
  })

  test('is asked for again when a token names a new key, and not for every one made up', async () => {
    expect(await find('rsa')).toBe(pem)
    const made = Array.from({ length: 100 }, (_, number) => find(`made-up-${number}`))
    expect(new Set(await Promise.all(made))).toEqual(new Set([undefined]))
    expect(asked).toBe(1)
    answer = () => keys(rsa.jwk, { ...stranger.jwk, kid: 'new' })
    nowMs += 10_000
    expect(await find('new')).toBeDefined()
    expect(asked).toBe(2)
  })

  test('forgets what the issuer took away, once it is asked again', async () => {
    expect(await find('rsa')).toBe(pem)
    answer = () => keys(ec.jwk)
    nowMs += 300_001
    expect(await find('rsa')).toBe(pem)
    await vi.waitFor(async () => expect(await find('rsa')).toBeUndefined())
    expect(asked).toBe(2)
  })

  test('keeps no buyer with a known key waiting while the issuer hangs, for an hour', async () => {
    expect(await find('rsa')).toBe(pem)
    nowMs += 300_001
    const found: (string | undefined)[] = []
    const hanging = await whileHanging(() => void find('rsa').then((key) => found.push(key)))
    expect([...found, await find('rsa')]).toEqual([pem, pem])
    answer = () => keys(ec.jwk)
    reply(hanging)
    await vi.waitFor(async () => expect(await find('rsa')).toBeUndefined())
    expect(asked).toBe(2)
  })

  test('counts on no key for more than an hour without asking', async () => {
    expect(await find('rsa')).toBe(pem)
    answer = () => keys(ec.jwk)
    nowMs += 3_600_001
    expect(await find('rsa')).toBeUndefined()
  })

  test('has tokens wait that come while it is read at the start', async () => {
    let loaded: Promise<void> | undefined
    const hanging = await whileHanging(() => {
      loaded = jwks.load()
    })
    const finding = find('rsa')
    reply(hanging)
    expect(await finding).toBe(pem)
    await loaded
    expect(asked).toBe(1)
  })

  test.each<[string, () => { status: number; body: string }]>([
    ['answers 500', () => ({ status: 500, body: '' })],
    ['answers with a page', () => ({ status: 200, body: '<html>' })],
    ['has no keys', () => keys()],
    ['leads elsewhere', () => ({ status: 302, body: '' })],
    ['never ends', () => ({ status: 200, body: ' '.repeat(2 ** 20 + 1) })],
  ])(
    'keeps its keys while the issuer %s, and lets nobody in who is not known',
    async (_, spoilt) => {
      expect(await find('rsa')).toBe(pem)
      answer = spoilt
      nowMs += 300_001
      expect(await find('rsa')).toBe(pem)
      expect(await find('other')).toBeUndefined()
      expect(asked).toBe(2)
    },
  )

  test('lets nobody in before it was ever there, and tries again after a second', async () => {
    answer = () => ({ status: 503, body: '' })
    await expect(jwks.load()).rejects.toThrow('answers 503')
    nowMs += 999
    expect(await find('rsa')).toBeUndefined()
    expect(asked).toBe(1)
    answer = () => keys(rsa.jwk)
    nowMs += 1
    expect(await find('rsa')).toBe(pem)
  })
})
