// Calls share batches, within bounds of operations, bytes, batches in flight and calls that wait.
import { describe, expect, test } from 'vitest'
import { testApps } from '../../fixtures/test-app.ts'
import { CountingFetch, faultOf, granted, testClients, turn } from './clients.ts'
import {
  endScriptedServersAfterEach,
  heldResult,
  type Received,
  results,
  ScriptedServer,
} from './scripted-server.ts'

const startApp = testApps()
const newClient = testClients()
endScriptedServersAfterEach()

const buyer = (number: number) => ({ sku: 'shoe', buyer: `buyer-${number}`, quantity: 1 })
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Answers batches when it is told to. */
class SlowServer {
  readonly sizes: number[] = []
  readonly #waiting: (() => void)[] = []
  #server: ScriptedServer | undefined

  static async start(): Promise<SlowServer> {
    const slow = new SlowServer()
    slow.#server = await ScriptedServer.start([
      (response, received: Received) => {
        slow.sizes.push(received.operations.length)
        slow.#waiting.push(() => results(heldResult)(response, received))
      },
    ])
    return slow
  }

  get url(): string {
    return this.#server?.url ?? ''
  }

  async has(count: number): Promise<void> {
    await expect.poll(() => this.sizes.length).toBe(count)
  }

  answerAll(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }
}

describe('calls', () => {
  test('of one turn travel together, at most a thousand a batch, and keep their answers apart', async () => {
    const app = await startApp()
    await app.open(10_000)
    const counting = new CountingFetch()
    const url = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const client = newClient(url, { fetch: counting.fetch })
    const all = await Promise.all(numbers(2_500).map((number) => client.reserve(buyer(number))))
    expect(counting.sizes).toEqual([1_000, 1_000, 500])
    all.forEach((result, number) => {
      expect(granted(result).buyer).toBe(`buyer-${number}`)
    })
    expect(await app.units()).toEqual([7_500, 2_500, 0])
  })

  test('that follow on answers of one batch share the next', async () => {
    const app = await startApp()
    await app.open(100)
    const counting = new CountingFetch()
    const url = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const client = newClient(url, { fetch: counting.fetch })
    const buy = async (number: number) => {
      const { id } = granted(await client.reserve(buyer(number)))
      return granted(await client.confirm(id)).state
    }
    const states = await Promise.all(numbers(20).map(buy))
    expect(new Set(states)).toEqual(new Set(['confirmed']))
    expect(counting.sizes).toEqual([20, 20])
  })

  test('stay under the size that the server takes', async () => {
    const app = await startApp()
    await app.open(10_000)
    const counting = new CountingFetch()
    const url = await app.app.listen({ port: 0, host: '127.0.0.1' })
    const client = newClient(url, { fetch: counting.fetch })
    // 512 bytes of meta that JSON makes three times as long.
    const meta = '\\"'.repeat(256)
    const call = (number: number) => client.reserve({ ...buyer(number), meta })
    const all = await Promise.all(numbers(1_500).map(call))
    expect(all.every(({ ok }) => ok)).toBe(true)
    expect(counting.sizes.length).toBeGreaterThan(1)
    for (const body of counting.bodies) expect(Buffer.byteLength(body)).toBeLessThan(2 ** 20)
  })
})

describe('what a server is told of a call', () => {
  const traces = [1, 2].map(
    (last) => `00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333${last}-01`,
  )

  test('is how long anybody waits, at most a minute', async () => {
    const server = await ScriptedServer.start([results(heldResult)])
    for (const [deadlineMs, attemptMs, expected] of [
      [100_000, 90_000, 60_000],
      [100_000, 30_000, 30_000],
    ]) {
      await newClient(server.url, { deadlineMs, attemptMs }).reserve(buyer(1))
      expect(server.received.at(-1)?.headers['request-timeout-ms']).toBe(String(expected))
    }
    await newClient(server.url).reserve(buyer(1), { deadlineMs: 500 })
    const told = Number(server.received.at(-1)?.headers['request-timeout-ms'])
    expect(told).toBeGreaterThan(0)
    expect(told).toBeLessThanOrEqual(500)
    expect(server.received.at(-1)?.headers).not.toHaveProperty('traceparent')
  })

  test('is its trace; calls of different traces go apart, and in order', async () => {
    const server = await ScriptedServer.start([results(heldResult)])
    const client = newClient(server.url)
    const [one, other] = traces
    const of = [one, one, other, undefined, undefined, one, 'no\ntrace']
    await Promise.all(of.map((traceparent, n) => client.reserve(buyer(n), { traceparent })))
    const sent = server.received.map(({ headers, operations }) => {
      return [headers['traceparent'], operations.map((operation) => operation.buyer).join()]
    })
    expect(sent.sort()).toEqual([
      [undefined, 'buyer-3,buyer-4'],
      [undefined, 'buyer-6'],
      [one, 'buyer-0,buyer-1'],
      [one, 'buyer-5'],
      [other, 'buyer-2'],
    ])
  })
})

describe('batches in flight', () => {
  test('are bounded; what comes meanwhile waits, and goes together', async () => {
    const server = await SlowServer.start()
    const client = newClient(server.url, { inFlightMax: 2 })
    const calls = [client.reserve(buyer(0))]
    await server.has(1)
    calls.push(client.reserve(buyer(1)))
    await server.has(2)
    for (const number of numbers(5)) {
      calls.push(client.reserve(buyer(number + 2)))
      await turn()
    }
    expect(server.sizes).toEqual([1, 1])
    server.answerAll()
    await server.has(3)
    server.answerAll()
    expect(server.sizes).toEqual([1, 1, 5])
    expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true)
  })

  test('are shared by calls on SKUs and batches in turn', async () => {
    const urls: string[] = []
    const server = await ScriptedServer.start([
      (response, { url }) => {
        urls.push(url)
        response.writeHead(401).end()
      },
    ])
    const client = newClient(server.url, { inFlightMax: 1 })
    const lookUps = numbers(5).map((number) => client.sku(`sku-${number}`))
    const calls = [...lookUps, client.reserve(buyer(0))]
    await Promise.allSettled(calls)
    expect(urls.length).toBe(6)
    expect(urls.indexOf('/v1/batch'), 'it does not wait for all of them').toBeLessThan(2)
  })
})

describe('calls that wait for their answers', () => {
  test('are bounded: one more is a fault at once, until there is room again', async () => {
    const server = await SlowServer.start()
    const client = newClient(server.url, { pendingMax: 3 })
    const calls = numbers(3).map((number) => client.reserve(buyer(number)))
    const fault = await faultOf(client.reserve(buyer(3)))
    expect(fault).toMatchObject({ code: 'client_busy', retryable: true, mayHaveHappened: false })
    await server.has(1)
    server.answerAll()
    await Promise.all(calls)
    const later = client.reserve(buyer(3))
    await server.has(2)
    server.answerAll()
    expect((await later).ok).toBe(true)
    expect(server.sizes).toEqual([3, 1])
  })
})

describe('close', () => {
  test('waits for what was called, and lets nothing be called any more', async () => {
    const server = await SlowServer.start()
    const client = newClient(server.url)
    const call = client.reserve(buyer(0))
    const closed = client.close()
    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    expect((await faultOf(client.reserve(buyer(1)))).code).toBe('client_closed')
    expect((await faultOf(client.sku('shoe'))).code).toBe('client_closed')
    await server.has(1)
    expect(isClosed).toBe(false)
    server.answerAll()
    expect((await call).ok).toBe(true)
    await closed
    await client.close()
    expect(server.sizes).toEqual([1])
  })
})

describe('options', () => {
  test.each([
    ['deadlineMs', 0],
    ['attemptMs', 1.5],
    ['inFlightMax', -1],
    ['pendingMax', Number.NaN],
    ['backoffMs', 2 ** 31],
  ])('%s is refused as %d', (name, value) => {
    expect(() => newClient('http://127.0.0.1:1', { [name]: value })).toThrow(RangeError)
  })

  test.each(['ftp://127.0.0.1', 'nowhere', 'http://a:b@127.0.0.1', 'http://127.0.0.1/?x'])(
    'the base URL %s is refused',
    (url) => {
      expect(() => newClient(url)).toThrow(TypeError)
      expect(() => newClient([])).toThrow(TypeError)
    },
  )
})
