// watchStock against a real app and against servers that misbehave: what is told, resumed, waited for, given up.
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { EventParser } from '../../../gateway/client/event-parser.ts'
import type { StockNews } from '../../../gateway/client/stock-news.ts'
import { type WatchOptions, watchStock } from '../../../gateway/client/watch-stock.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { testApps } from '../../fixtures/test-app.ts'
import { faultOf } from './clients.ts'
import { endScriptedServersAfterEach, problem, ScriptedServer } from './scripted-server.ts'

const start = testApps()
endScriptedServersAfterEach()

const state = (seq: number, available = 10, sku = 'shoe') =>
  JSON.stringify({
    ...{ sku, stock: 10, available, held: 10 - available, sold: 0 },
    ...{ state: available === 0 ? 'sold_out' : 'open', seq: String(seq) },
  })
const stock = (seq: number, available = 10, id = '') =>
  `event: stock\n${id === '' ? '' : `id: ${id}\n`}data: ${state(seq, available)}\n\n`

/** A reaction that streams `text`, and then ends the connection unless told otherwise. */
const streaming =
  (text: string, ends = true) =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: 1\n\n${text}`)
    if (ends) response.end()
  }

/** The first `count` news, as [seq or kind, available]. */
async function first(count: number, urls: string | string[], options: WatchOptions = {}) {
  const news: StockNews[] = []
  for await (const item of watchStock(urls, ['shoe'], options)) {
    news.push(item)
    if (news.length === count) break
  }
  return news.map((item) =>
    item.kind === 'stock'
      ? [item.seq, item.available]
      : [item.kind, item.kind === 'gap' && item.reason],
  )
}

describe('watchStock', () => {
  test('tells a real server’s states and changes, and ends its stream when it is left', async () => {
    const app = await start()
    await app.open(10)
    const url = await app.app.listen({ port: 0, host: '127.0.0.1' })
    expect((app.app.server.address() as AddressInfo).port).toBeGreaterThan(0)
    const news: StockNews[] = []
    for await (const item of watchStock(url, ['shoe'])) {
      news.push(item)
      if (news.length === 1) await app.held('k', 10)
      if (news.length === 2) break
    }
    const shoe = { kind: 'stock', sku: 'shoe', stock: 10, sold: 0 }
    expect(news).toEqual([
      { ...shoe, available: 10, held: 0, state: 'open', seq: '1' },
      { ...shoe, available: 0, held: 10, state: 'sold_out', seq: '2' },
    ])
    await expect.poll(() => app.board.subscribers).toBe(0)
    const fault = await faultOf(watchStock(url, ['nothing']).next())
    expect([fault.code, fault.problemCode]).toEqual(['bad_request', 'unknown_sku'])
  })

  test('resumes with the last id that it has heard all of', async () => {
    const server = await ScriptedServer.start([
      streaming(stock(1, 10, '1') + stock(2, 9)),
      streaming(stock(2, 9) + stock(3, 8, '3')),
      streaming(stock(4, 7, '4'), false),
    ])
    expect(await first(4, server.url)).toEqual([
      ['1', 10],
      ['2', 9],
      ['3', 8],
      ['4', 7],
    ])
    const ids = server.received.map(({ headers }) => headers['last-event-id'])
    expect(ids).toEqual([undefined, '1', '3'])
    expect(server.received[0]?.url).toBe('/v1/stock/stream?sku=shoe')
  })

  test('lets nothing older through than it has told, except behind a gap', async () => {
    const gap = 'event: gap\ndata: {"reason":"restored"}\n\n'
    const text = stock(5, 5) + stock(4, 6) + stock(5, 5) + stock(6, 4) + gap + stock(2, 8)
    const server = await ScriptedServer.start([streaming(text, false)])
    expect(await first(4, server.url)).toEqual([
      ['5', 5],
      ['6', 4],
      ['gap', 'restored'],
      ['2', 8],
    ])
  })

  test('waits for servers that are away, busy or silent, and goes to others', async () => {
    const nobody = await ScriptedServer.start([])
    await nobody.close()
    const busy = await ScriptedServer.start([
      problem(503, 'busy'),
      streaming(stock(1), false),
      streaming(stock(2, 9), false),
    ])
    const news = await first(2, [nobody.url, busy.url], { silenceMs: 100 })
    expect(news).toEqual([
      ['1', 10],
      ['2', 9],
    ])
    expect(busy.received).toHaveLength(3)
  })

  test.each([
    ['a page', (response: ServerResponse) => response.end('<html>'), 'bad_answer'],
    ['no JSON', streaming('event: stock\ndata: {\n\n'), 'bad_answer'],
    [
      'units that do not add up',
      streaming(`event: stock\ndata: ${state(1).replace('"held":0', '"held":1')}\n\n`),
      'bad_answer',
    ],
    ['no rights', problem(401, 'unauthorized'), 'unauthorized'],
    ['a bug', problem(500, 'internal_error'), 'server_error'],
  ] as const)('gives up on %s', async (_, reaction, code) => {
    const server = await ScriptedServer.start([reaction])
    expect((await faultOf(watchStock(server.url, ['shoe']).next())).code).toBe(code)
  })

  test('ends with the signal’s reason, while it hears and while it waits', async () => {
    const reason = new Error('enough')
    const open = await ScriptedServer.start([streaming(stock(1), false)])
    const ending = new AbortController()
    const watch = watchStock(open.url, ['shoe'], { signal: ending.signal })
    await watch.next()
    setTimeout(() => ending.abort(reason), 20)
    await expect(watch.next()).rejects.toBe(reason)
    const busy = await ScriptedServer.start([problem(503, 'busy')])
    const waiting = first(1, busy.url, { signal: AbortSignal.any([AbortSignal.timeout(50)]) })
    await expect(waiting).rejects.toThrow(/timeout/)
  })

  test.each([[[]], [['a b']], [['']], [Array.from({ length: 101 }, (_, n) => `s${n}`)]])(
    'refuses %j before anything is sent',
    async (skus) => {
      const fault = await faultOf(watchStock('http://127.0.0.1:1', skus).next())
      expect(fault.code).toBe('bad_request')
    },
  )
})

randomTest('events are read the same however their text is cut', (random) => {
  const text = `:\n\nretry: 5\r\n\r\nid: 7\ndata: a\ndata:b\n\nevent: x\rdata: c\r\rdata\n\nid\n\ndata: d\n\n`
  const whole = new EventParser().take(text)
  expect(whole).toEqual([
    { event: 'message', data: 'a\nb', lastId: '7' },
    { event: 'x', data: 'c', lastId: '7' },
    { event: 'message', data: '', lastId: '7' },
    { event: 'message', data: 'd', lastId: '' },
  ])
  for (let round = 0; round < 200; round++) {
    const parser = new EventParser()
    const events = []
    for (let from = 0; from < text.length; ) {
      const to = from + random.integer(1, 9)
      events.push(...parser.take(text.slice(from, to)))
      from = to
    }
    expect(events).toEqual(whole)
  }
})
