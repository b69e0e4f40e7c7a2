// What speaks HTTP to a server with keys: the client, the drive, a comparison with a journal. None tells the key.
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HoldfastClient, httpTransport } from '../../../gateway/client/entry.ts'
import { attemptHttp } from '../../../gateway/drive/http-attempt.ts'
import { readPartitions, readSkus } from '../../../replay/diff/diff-server-calls.ts'
import {
  type GuardedApp,
  guarded,
  ringOf,
  SECRET_TOKENS,
  type TestKeys,
  testKeys,
} from '../../fixtures/guarded-app.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { Face, TestApp } from '../../fixtures/test-app.ts'
import { tokenOf } from '../../fixtures/tokens.ts'

const directory = directoryForAll()
let face: Face
let shop: TestApp
let keys: TestKeys
let app: GuardedApp
let url: string

beforeAll(async () => {
  face = new Face()
  shop = await TestApp.start(face)
  await shop.open()
  keys = testKeys(directory(), ['sell-read', 'read'])
  app = await guarded(shop, { keys: ringOf(keys.path), tokens: SECRET_TOKENS })
  await app.app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(app.app.server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await app.app.close()
  await shop.finish()
  await face.close()
})

type Key = Parameters<typeof httpTransport>[1]
const reserveWith = async (options: Key, buyer = 'ada') => {
  const client = new HoldfastClient(httpTransport(url, options), { deadlineMs: 5_000 })
  try {
    return await client.reserve({ sku: 'shoe', buyer, quantity: 1 })
  } finally {
    await client.close()
  }
}

describe('the client', () => {
  test('sells with a key, and with one that it asks for each time', async () => {
    expect(await reserveWith({ apiKey: keys.of('sell-read') })).toMatchObject({ ok: true })
    expect(await reserveWith({ apiKey: async () => tokenOf('eva') }, 'eva')).toMatchObject({
      ok: true,
    })
  })

  test('says why it may not, and not by which key', async () => {
    for (const [apiKey, code] of [
      [keys.of('read'), /403/],
      [`hf_${'0'.repeat(12)}_${'A'.repeat(43)}`, /401/],
    ] as const) {
      const error = await reserveWith({ apiKey }).catch((reason: Error) => reason)
      expect(error).toBeInstanceOf(Error)
      expect(String(error)).toMatch(code)
      expect(JSON.stringify([error, String(error)])).not.toContain(apiKey)
    }
  })

  test('tells no key that it cannot send', async () => {
    expect(() => httpTransport(url, { apiKey: 'hf_secret\n' })).toThrow(
      /^apiKey must be visible ASCII$/,
    )
    const late = await reserveWith({ apiKey: () => 'hf_secret\n' }).catch((reason: Error) => reason)
    expect(late).toBeInstanceOf(Error)
    expect(String(late)).not.toContain('hf_secret')
  })
})

describe('what the drive and a comparison ask', () => {
  test('is answered with a key, and refused without', async () => {
    const call = { method: 'GET', path: '/v1/skus/shoe' } as const
    expect(await attemptHttp(url, call, keys.of('read'))).toMatchObject({ status: 200 })
    expect(await attemptHttp(url, call)).toMatchObject({ status: 401 })
    const apiKey = keys.of('read')
    expect(await readPartitions({ url, apiKey })).toHaveLength(1)
    for await (const { sku } of readSkus({ url, apiKey })) expect(sku).toBe('shoe')
    await expect(readPartitions({ url, apiKey: undefined })).rejects.toThrow(/401 unauthorized/)
  })
})
