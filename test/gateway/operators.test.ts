// What operators do over HTTP: their names in the journal, and a line each in the log.
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type GuardedApp, guarded, ringOf, testKeys } from '../fixtures/guarded-app.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'
import { type TestApp, testApps } from '../fixtures/test-app.ts'

const newDirectory = tempDirectories()
const start = testApps()

/** A shop whose keys are named by their scopes, and what its server logs. */
async function steered() {
  const shop = await start()
  const keys = testKeys(newDirectory(), ['operate', 'sell-operate'])
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const app = await guarded(shop, { keys: ringOf(keys.path) }, logger)
  return { shop, app, keys, lines }
}

async function journaled(shop: TestApp): Promise<unknown[]> {
  const named: unknown[] = []
  for await (const { events } of shop.disk.read(0)) {
    for (const event of events) named.push([event.kind, 'by' in event ? event.by : undefined])
  }
  return named
}

test('the name of the key is journaled with what was done', async () => {
  const { shop, app, keys } = await steered()
  await app.put(keys.of('operate'), '/v1/skus/shoe', { stock: 5 })
  await app.put(keys.of('sell-operate'), '/v1/skus/shoe', { perBuyer: 2 })
  const patch = { method: 'PATCH', url: '/v1/skus/shoe', payload: { paused: true } } as const
  await app.call(keys.of('sell-operate'), patch)
  const adjust = { method: 'POST', url: '/v1/skus/shoe/stock' } as const
  const headers = { 'idempotency-key': 'k' }
  const payload = { delta: 2, reason: 'found' }
  await app.call(keys.of('operate'), { ...adjust, headers, payload })
  expect(await journaled(shop)).toEqual([
    ['opened', 'operate'],
    ['changed', 'sell-operate'],
    ['changed', 'sell-operate'],
    ['adjusted', 'operate'],
  ])
  await app.app.close()
})

test('every action is one line in the log: who, what, what came of it; and nothing else is', async () => {
  const { app, keys, lines } = await steered()
  const word = keys.of('operate')
  const call = (method: 'PUT' | 'PATCH' | 'POST', path: string, payload: object) => {
    const headers = { 'idempotency-key': 'k', 'x-request-id': `id-${lines.length}` }
    return app.call(word, { method, url: `/v1/skus/${path}`, payload, headers })
  }
  await call('PUT', 'shoe', { stock: 5 })
  await call('PATCH', 'shoe', { perBuyer: null, paused: true })
  await call('POST', 'shoe/stock', { delta: -1, reason: 'broken' })
  await call('POST', 'shoe/stock', { delta: -1, reason: 'broken' })
  await call('POST', 'hat/stock', { delta: 1, reason: 'found' })
  await app.get(word, '/v1/skus/shoe')
  await call('PATCH', 'shoe', { paused: 'yes' })
  const common = { by: 'operate', msg: 'operator action' }
  expect(lines).toMatchObject([
    { ...common, requestId: 'id-0', action: 'open', sku: 'shoe', stock: 5, outcome: 'done' },
    { ...common, requestId: 'id-1', action: 'amend', changes: { perBuyer: null, paused: true } },
    { ...common, action: 'adjust', delta: -1, reason: 'broken', outcome: 'done' },
    { ...common, action: 'adjust', delta: -1, reason: 'broken', outcome: 'repeated' },
    { ...common, action: 'adjust', sku: 'hat', outcome: 'unknown_sku' },
  ])
  expect(lines).toHaveLength(5)
  await app.app.close()
})

test('without keys nobody has to say who he is', async () => {
  const shop = await start()
  const app: GuardedApp = await guarded(shop, {})
  await app.put(undefined, '/v1/skus/shoe', { stock: 5 })
  expect(await journaled(shop)).toEqual([['opened', undefined]])
  await app.app.close()
})
