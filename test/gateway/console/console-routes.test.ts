// What the server does for the console: the page's files with their policy, the stream, its bounds.
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { expectProblem } from '../../fixtures/problem.ts'
import { get, post, RawSocket } from '../../fixtures/raw-socket.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()
const WATCHERS_MAX = 64
const WAIT_MS = 10_000

/** Names that a page, a module or a style sheet asks for, as paths. */
function namedIn(text: string): string[] {
  const inMarkup = [...text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)]
  const inModules = [...text.matchAll(/^import .* from '\.\/([a-z-]+\.js)'$/gm)]
  return [
    ...inMarkup.flatMap(([, path]) => path ?? []),
    ...inModules.map(([, name]) => `/console/${name}`),
  ]
}

async function listening(app: TestApp): Promise<string> {
  return app.app.listen({ port: 0, host: '127.0.0.1' })
}

/** The events that come first on a stream, until there are `wanted`. */
async function firstEvents(response: Response, wanted: number): Promise<unknown[]> {
  const events: unknown[] = []
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    for (;;) {
      const [whole, event, data] = /^event: (\w+)\ndata: (.*)\n\n/.exec(text) ?? []
      if (whole === undefined || data === undefined) break
      text = text.slice(whole.length)
      events.push({ event, ...JSON.parse(data) })
      if (events.length === wanted) return events
    }
  }
  return events
}

describe('the page', () => {
  test('comes with every file that it names, and may run and load nothing else', async () => {
    const app = await start()
    const found = new Map<string, string>()
    const asked = ['/']
    for (let path = asked.shift(); path !== undefined; path = asked.shift()) {
      if (found.has(path)) continue
      const { status, text, headers } = await app.get(path)
      expect(status, path).toBe(200)
      expect(headers['x-content-type-options'], path).toBe('nosniff')
      found.set(path, text)
      asked.push(...namedIn(text))
    }
    expect([...found.keys()]).toEqual(
      expect.arrayContaining(['/console/uplot.js', '/console/sku-table.js', '/console/mark.svg']),
    )
    expect(found.size).toBeGreaterThan(15)
    const { headers } = await app.get('/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    const own = [...found].filter(([path]) => !path.includes('uplot'))
    const risky =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?:\/\/(?!www\.w3\.org)/
    expect(own.filter(([, text]) => risky.test(text)).map(([path]) => path)).toEqual([])
  })

  test('is not sent again to whoever has it', async () => {
    const app = await start()
    for (const path of ['/', '/console/main.js', '/console/uplot.js']) {
      const { headers } = await app.get(path)
      const again = await app.get(path, { 'if-none-match': String(headers.etag) })
      expect([again.status, again.text], path).toEqual([304, ''])
    }
  })

  test('gives away no file but its own', async () => {
    const app = await start()
    for (const name of ['none.js', 'package.json', '..%2fconsole.ts', '%2e%2e%2fsampler.js']) {
      const { status } = await app.get(`/console/${name}`)
      expect([400, 404], name).toContain(status)
    }
    expectProblem(await app.get('/console/none.js'), 'not_found')
  })
})

describe('the stream', () => {
  test('greets, then tells each second what came, and what the partition is', async () => {
    const app = await start()
    await app.open(2)
    const url = await listening(app)
    const response = await fetch(`${url}/v1/console/stream`)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('x-request-id')).toMatch(/./)
    await app.held('k1', 2)
    await app.reserve('k2')
    const [hello, sample] = await firstEvents(response, 2)
    expect(hello).toMatchObject({ event: 'hello', version: '0.0.0-test', who: { kind: 'anyone' } })
    expect(sample).toMatchObject({
      ...{ event: 'sample', at: app.now, reasons: [] },
      calls: { confirms: 0, errors: {}, rejected: {}, confirm: {} },
      process: { loopP99Ms: expect.any(Number), rssBytes: expect.any(Number) },
      partitions: [{ partition: 0, skus: 1, lastSeq: expect.any(String) }],
    })
    const { calls } = sample as {
      calls: { reservations: number; refusals: object; reserve: object }
    }
    expect(calls.reservations).toBeGreaterThan(0)
    expect(calls.refusals).toEqual({ sold_out: calls.reservations })
    expect(calls.reserve).toEqual({ p50Ms: expect.any(Number), p99Ms: expect.any(Number) })
  })

  test('is there for so many and no more, until one leaves', async () => {
    const app = await start()
    const url = await listening(app)
    const watch = (signal: AbortSignal) => fetch(`${url}/v1/console/stream`, { signal })
    const leaving = new AbortController()
    const staying = new AbortController()
    const others = Array.from({ length: WATCHERS_MAX - 1 }, () => watch(staying.signal))
    await Promise.all([watch(leaving.signal), ...others])
    const refused = await watch(staying.signal)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    await refused.text()
    leaving.abort()
    const deadline = Date.now() + WAIT_MS
    let status = 503
    while (status === 503 && Date.now() < deadline) {
      await delay(10)
      status = (await watch(staying.signal)).status
    }
    expect(status).toBe(200)
    staying.abort()
  })

  test('is refused behind an unfinished answer, where nobody would see its reader leave', async () => {
    const app = await start()
    await app.open(10)
    await listening(app)
    const { port } = app.app.server.address() as AddressInfo
    const sale = post('/v1/reservations', '{"sku":"shoe","buyer":"ada","quantity":1}')
    app.journal.hold()
    const leaving = await Promise.all([
      RawSocket.connect(port, true),
      RawSocket.connect(port, true),
    ])
    // More of them than may watch; the sale behind them tells that they were taken up.
    const streams = get('/v1/console/stream').repeat(WATCHERS_MAX / 2 + 1)
    for (const socket of leaving) socket.write(sale + streams + sale)
    await expect.poll(() => app.state.lastSeq, { timeout: WAIT_MS }).toBe(5)
    for (const socket of leaving) socket.destroy()
    const staying = await RawSocket.connect(port, true)
    staying.write(sale + get('/v1/console/stream') + sale)
    await expect.poll(() => app.state.lastSeq, { timeout: WAIT_MS }).toBe(7)
    app.journal.letGo()
    const replies = await staying.receive(3)
    expect(replies.map(({ status }) => status)).toEqual([201, 400, 201])
    staying.destroy()
    const watching = new AbortController()
    const { status } = await fetch(`http://127.0.0.1:${port}/v1/console/stream`, watching)
    expect(status).toBe(200)
    watching.abort()
  })
})
