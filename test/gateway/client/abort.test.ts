// AbortSignal: the call rejects at once with the reason, and nobody else notices.
import { describe, expect, test } from 'vitest'
import { granted, testClients } from './clients.ts'
import {
  endScriptedServersAfterEach,
  hang,
  heldResult,
  problem,
  type Reaction,
  results,
  ScriptedServer,
} from './scripted-server.ts'

const newClient = testClients()
endScriptedServersAfterEach()

const ANN = { sku: 'shoe', buyer: 'ann', quantity: 1 } as const
const REASON = new Error('the buyer left')

describe('an aborted call', () => {
  test('that was sent rejects with the reason, and ends the request when nobody else waits', async () => {
    let onClosed: () => void = () => undefined
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve
    })
    const server = await ScriptedServer.start([(response) => response.on('close', onClosed)])
    const aborter = new AbortController()
    const client = newClient(server.url, { deadlineMs: 600_000, attemptMs: 600_000 })
    const call = client.reserve(ANN, { signal: aborter.signal })
    await expect.poll(() => server.received.length).toBe(1)
    aborter.abort(REASON)
    await expect(call).rejects.toBe(REASON)
    await closed
    expect(server.received.length).toBe(1)
  })

  test('leaves the rest of its batch alone, and is not repeated with it', async () => {
    let answer: () => unknown = () => undefined
    const late: Reaction = (response, received) => {
      answer = () => problem(503, 'busy')(response, received)
    }
    const server = await ScriptedServer.start([late, results(heldResult)])
    const aborter = new AbortController()
    const client = newClient(server.url)
    const bob = client.reserve({ ...ANN, buyer: 'bob' }, { signal: aborter.signal })
    const ann = client.reserve(ANN)
    await expect.poll(() => server.received.length).toBe(1)
    aborter.abort(REASON)
    await expect(bob).rejects.toBe(REASON)
    answer()
    expect(granted(await ann).buyer).toBe('ann')
    const buyers = server.received.map(({ operations }) => operations.map(({ buyer }) => buyer))
    expect(buyers).toEqual([['bob', 'ann'], ['ann']])
  })

  test('that still waits is never sent', async () => {
    const server = await ScriptedServer.start([hang, results(heldResult)])
    const client = newClient(server.url, { inFlightMax: 1, attemptMs: 300 })
    const first = client.reserve(ANN)
    await expect.poll(() => server.received.length).toBe(1)
    const aborter = new AbortController()
    const second = client.reserve({ ...ANN, buyer: 'bob' }, { signal: aborter.signal })
    aborter.abort(REASON)
    await expect(second).rejects.toBe(REASON)
    expect(granted(await first).buyer).toBe('ann')
    const buyers = server.received.flatMap(({ operations }) => operations.map(({ buyer }) => buyer))
    expect(new Set(buyers)).toEqual(new Set(['ann']))
  })

  test('that waits for its next attempt makes none', async () => {
    const server = await ScriptedServer.start([problem(503, 'busy', { 'retry-after': '5' })])
    const client = newClient(server.url)
    const aborter = new AbortController()
    const call = client.reserve(ANN, { signal: aborter.signal })
    await expect.poll(() => server.received.length).toBe(1)
    aborter.abort(REASON)
    await expect(call).rejects.toBe(REASON)
    await client.close()
    expect(server.received.length).toBe(1)
  })

  test('whose signal was aborted before is not made', async () => {
    const server = await ScriptedServer.start([hang])
    const call = newClient(server.url).reserve(ANN, { signal: AbortSignal.abort(REASON) })
    await expect(call).rejects.toBe(REASON)
    expect(server.received).toEqual([])
  })

  test('keeps no listener on a signal that lives on', async () => {
    const server = await ScriptedServer.start([results(heldResult)])
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...words: Parameters<typeof add>) => {
      listeners += 1
      add(...words)
    }
    signal.removeEventListener = (...words: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...words)
    }
    const client = newClient(server.url)
    await Promise.all([client.reserve(ANN, { signal }), client.reserve(ANN, { signal })])
    expect(listeners).toBe(0)
  })
})
