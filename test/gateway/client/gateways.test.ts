// Several gateways: requests are spread over them, and go on with the others when one fails.
import { describe, expect, test } from 'vitest'
import { BaseUrls } from '../../../gateway/client/base-urls.ts'
import { granted, testClients } from './clients.ts'
import {
  endScriptedServersAfterEach,
  heldResult,
  problem,
  reset,
  results,
  ScriptedServer,
} from './scripted-server.ts'

const newClient = testClients()
endScriptedServersAfterEach()

const ANN = { sku: 'shoe', buyer: 'ann', quantity: 1 } as const
const held = results(heldResult)

describe('several gateways', () => {
  test('take requests in turn', async () => {
    const servers = [await ScriptedServer.start([held]), await ScriptedServer.start([held])]
    const client = newClient(servers.map(({ url }) => url))
    for (let count = 0; count < 6; count++) granted(await client.reserve(ANN))
    expect(servers.map(({ received }) => received.length)).toEqual([3, 3])
  })

  test('stand in for one that is gone, and for one that breaks off', async () => {
    const [gone, broken, good] = [
      await ScriptedServer.start([held]),
      await ScriptedServer.start([reset]),
      await ScriptedServer.start([held]),
    ]
    await gone.close()
    const client = newClient([gone.url, broken.url, good.url])
    for (let count = 0; count < 10; count++) granted(await client.reserve(ANN))
    expect(good.received.length).toBe(10)
    expect(broken.received.length, 'it is passed over after the first time').toBeLessThan(10)
  })

  test('stand in for one that is not ready', async () => {
    const [busy, good] = [
      await ScriptedServer.start([problem(503, 'draining')]),
      await ScriptedServer.start([held]),
    ]
    const client = newClient([busy.url, good.url])
    for (let count = 0; count < 20; count++) granted(await client.reserve(ANN))
    expect(good.received.length).toBe(20)
    expect(busy.received.length, 'it is passed over after the first time').toBeLessThan(10)
  })

  test('are all asked again when all have failed', async () => {
    const servers = [
      await ScriptedServer.start([reset, held]),
      await ScriptedServer.start([reset, held]),
    ]
    const client = newClient(servers.map(({ url }) => url))
    expect(granted(await client.reserve(ANN)).buyer).toBe('ann')
    expect(servers.map(({ received }) => received.length).sort()).toEqual([1, 2])
  })
})

describe('the choice of the next', () => {
  const URLS = ['http://a', 'http://b/x/', 'http://c']
  const picks = (urls: BaseUrls, nowMs: number) => [1, 2, 3, 4].map(() => urls.pick(nowMs))

  test('begins anywhere and goes round', () => {
    expect(picks(new BaseUrls(URLS, 0), 0)).toEqual([
      'http://a',
      'http://b/x',
      'http://c',
      'http://a',
    ])
    expect(new BaseUrls(URLS, 0.4).pick(0)).toBe('http://b/x')
    expect(new BaseUrls(URLS, 1).pick(0)).toBe('http://a')
  })

  test('passes over what failed, for a second, unless nothing else is left', () => {
    const urls = new BaseUrls(URLS, 0)
    urls.noteFailure('http://a', 100)
    expect(picks(urls, 1_099)).toEqual(['http://b/x', 'http://c', 'http://b/x', 'http://c'])
    expect(urls.pick(1_100)).toBe('http://a')
    for (const url of ['http://a', 'http://b/x', 'http://c']) urls.noteFailure(url, 2_000)
    expect(new Set(picks(urls, 2_001)).size).toBe(3)
  })
})
