// Servers that hang, break off, refuse or talk nonsense: every call ends, and says exactly what may have happened.
import { describe, expect, test } from 'vitest'
import { testApps } from '../../fixtures/test-app.ts'
import { faultOf, granted, testClients } from './clients.ts'
import {
  endScriptedServersAfterEach,
  hang,
  heldResult,
  ID,
  json,
  problem,
  problemOf,
  type Reaction,
  reset,
  results,
  ScriptedServer,
  text,
} from './scripted-server.ts'

const startApp = testApps()
const newClient = testClients()
endScriptedServersAfterEach()

const ANN = { sku: 'shoe', buyer: 'ann', quantity: 1 } as const
const held = results(heldResult)
const busy = problem(503, 'busy')
/** Ends a call at once: nothing is on its way then that could leave it open. */
const theLast = problem(503, 'busy', { 'retry-after': '60' })
/** Long enough for several attempts, short enough for a test. */
const SOON = { deadlineMs: 150, attemptMs: 40 }
/** One attempt: the wait for a second would outlast any deadline, so nothing is on its way at the end. */
const ONCE = { backoffMs: 2 ** 31 - 1, backoffMsMax: 2 ** 31 - 1 }

describe('what is worth another attempt', () => {
  test.each<[string, Reaction]>([
    ['503 for the whole batch', busy],
    ['503 of a proxy', text(503, '<h1>no</h1>')],
    ['429', problem(429, 'too_many_requests')],
    ['408', problem(408, 'request_timeout')],
    ['502', text(502, '')],
    ['504', problem(504, 'outcome_unknown')],
    ['503 for the operation', results(() => problemOf(503, 'partition_unavailable'))],
    ['504 for the operation', results(() => problemOf(504, 'outcome_unknown'))],
    ['a reset', reset],
    ['a hang', hang],
    [
      'half an answer',
      (response) => response.writeHead(200).write('{"results":[', () => response.destroy()),
    ],
  ])('%s is repeated with the same key', async (_, reaction) => {
    const server = await ScriptedServer.start([reaction, reaction, held])
    const client = newClient(server.url, { attemptMs: 100 })
    expect(granted(await client.reserve(ANN)).id).toBe(ID)
    const keys = server.received.map(({ operations: [operation] }) => operation?.key)
    expect(keys.length).toBeGreaterThan(2)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('is repeated for the operations that need it only', async () => {
    const server = await ScriptedServer.start([
      results((operation) =>
        operation.buyer === 'bob' ? problemOf(503, 'busy') : heldResult(operation),
      ),
      held,
    ])
    const client = newClient(server.url)
    const calls = ['ann', 'bob', 'cid'].map((buyer) => client.reserve({ ...ANN, buyer }))
    const buyers = (await Promise.all(calls)).map((result) => granted(result).buyer)
    expect(buyers).toEqual(['ann', 'bob', 'cid'])
    expect(server.received.map(({ operations }) => operations.map(({ buyer }) => buyer))).toEqual([
      ['ann', 'bob', 'cid'],
      ['bob'],
    ])
  })

  test('waits as long as Retry-After asks', async () => {
    const times: number[] = []
    const noting =
      (reaction: Reaction): Reaction =>
      (response, received) => {
        times.push(performance.now())
        return reaction(response, received)
      }
    const server = await ScriptedServer.start([
      noting(problem(429, 'too_many_requests', { 'retry-after': '1' })),
      noting(held),
    ])
    granted(await newClient(server.url).reserve(ANN))
    const [first = 0, second = 0] = times
    // Timers may be a moment early.
    expect(second - first).toBeGreaterThan(990)
  })

  test('is not waited for when Retry-After lies beyond the deadline', async () => {
    const server = await ScriptedServer.start([theLast])
    const fault = await faultOf(newClient(server.url).reserve(ANN))
    expect(fault.code).toBe('unavailable')
    expect(server.received.length).toBe(1)
  })
})

describe('at the deadline', () => {
  test.each<[string, readonly Reaction[]]>([
    ['503 for the batch', [busy, busy]],
    ['503 for the operation', [results(() => problemOf(503, 'draining'))]],
    ['429, then 503', [problem(429, 'too_many_requests'), busy]],
    ['408', [problem(408, 'request_timeout')]],
  ])('a call that met only %s certainly was not executed', async (_, reactions) => {
    const server = await ScriptedServer.start([...reactions, theLast])
    const fault = await faultOf(newClient(server.url).reserve(ANN))
    expect(fault).toMatchObject({ code: 'unavailable', retryable: true, mayHaveHappened: false })
    expect(server.received.length).toBe(reactions.length + 1)
  })

  test.each<[string, readonly Reaction[]]>([
    ['a hang', [hang]],
    ['a reset, then 503', [reset, busy]],
    ['503, then a reset, then 503', [busy, reset, busy]],
    ['502, then 503', [text(502, ''), busy]],
    ['504, then 503', [problem(504, 'outcome_unknown'), busy]],
    ['504 for the operation, then 503', [results(() => problemOf(504, 'outcome_unknown')), busy]],
    ['503 that is not of Holdfast, then its own', [text(503, 'upstream reset'), busy]],
    ['408 that is not of Holdfast', [text(408, '')]],
    [
      'half an answer, then 503',
      [(response) => response.writeHead(200).write('{', () => response.destroy()), busy],
    ],
  ])('a call that met %s may have happened', async (_, reactions) => {
    const server = await ScriptedServer.start([...reactions, theLast])
    const client = newClient(server.url, { attemptMs: 40 })
    const fault = await faultOf(client.reserve({ ...ANN, key: 'cart-1' }))
    expect(fault).toMatchObject({ code: 'outcome_unknown', retryable: true })
    expect(fault).toMatchObject({ mayHaveHappened: true, key: 'cart-1', id: undefined })
    const cancelled = await faultOf(client.cancel(ID))
    expect([cancelled.id, cancelled.key]).toEqual([ID, undefined])
  })

  test('a call that no server heard was not executed', async () => {
    const server = await ScriptedServer.start([held])
    await server.close()
    const fault = await faultOf(newClient(server.url, ONCE).reserve(ANN))
    expect(fault).toMatchObject({ code: 'unavailable', mayHaveHappened: false })
    expect(fault.message).toContain('ECONNREFUSED')
  })

  const at = (syscall: string) => Object.assign(new Error(syscall), { syscall })

  test.each<[string, unknown, string]>([
    ['no name was found', at('getaddrinfo'), 'unavailable'],
    ['no address took the call', new AggregateError([at('connect'), at('connect')]), 'unavailable'],
    ['it took too long', { code: 'UND_ERR_CONNECT_TIMEOUT' }, 'unavailable'],
    ['one of the errors came later', new AggregateError([at('connect'), at('read')]), ''],
    ['the connection broke', at('read'), ''],
    ['there is a list of nothing', new AggregateError([]), ''],
    ['nobody says why', undefined, ''],
  ])(
    'a call that met no server may have happened unless it was never sent: %s',
    async (_, cause, code) => {
      const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }))
      const client = newClient('http://127.0.0.1:1', { fetch, ...ONCE })
      expect((await faultOf(client.reserve(ANN))).code).toBe(code || 'outcome_unknown')
    },
  )

  test('a call that never left the queue was not executed', async () => {
    const server = await ScriptedServer.start([hang])
    const client = newClient(server.url, { inFlightMax: 1, deadlineMs: 1_000 })
    const first = faultOf(client.reserve(ANN))
    await expect.poll(() => server.received.length).toBe(1)
    const second = await faultOf(client.reserve(ANN, { deadlineMs: 50 }))
    expect(second).toMatchObject({ code: 'unavailable', mayHaveHappened: false })
    expect((await first).code).toBe('outcome_unknown')
    expect(server.received.length).toBe(1)
  })

  test('a read has not happened, whatever it met', async () => {
    const server = await ScriptedServer.start([hang])
    const client = newClient(server.url, SOON)
    const ended = { code: 'unavailable', mayHaveHappened: false }
    expect(await faultOf(client.get(ID))).toMatchObject(ended)
    expect(await faultOf(client.sku('shoe'))).toMatchObject(ended)
  })

  test('an open call is resumed with the key that its fault carries', async () => {
    const app = await startApp()
    await app.open(10)
    // The reservation is made, and every answer is lost.
    const lossy = await ScriptedServer.start([
      async (response, { operations }) => {
        await app.post('/v1/batch', { operations })
        response.destroy()
      },
    ])
    const fault = await faultOf(newClient(lossy.url, ONCE).reserve(ANN))
    expect(fault.code).toBe('outcome_unknown')
    const client = newClient(await app.app.listen({ port: 0, host: '127.0.0.1' }))
    const resumed = granted(await client.reserve({ ...ANN, key: fault.key }))
    expect(resumed.isReplay).toBe(true)
    expect(await app.units()).toEqual([9, 1, 0])
  })

  test('a stock adjustment says its key as well', async () => {
    const server = await ScriptedServer.start([reset])
    const client = newClient(server.url, ONCE)
    const fault = await faultOf(client.adjustStock('shoe', { delta: 1, reason: 'found' }))
    expect(fault).toMatchObject({ code: 'outcome_unknown', mayHaveHappened: true })
    expect(server.received[0]?.headers['idempotency-key']).toBe(`"${fault.key}"`)
    const opening = await faultOf(client.openSku('shoe', { stock: 1 }))
    expect(opening).toMatchObject({ code: 'outcome_unknown', key: undefined })
  })
})

describe('faults of the server', () => {
  test.each<[number, string, boolean]>([
    [400, 'bad_request', false],
    [401, 'unauthorized', false],
    [403, 'forbidden', false],
    [404, 'bad_request', false],
    [413, 'bad_request', false],
    [415, 'bad_request', false],
    [431, 'bad_request', false],
    [500, 'server_error', true],
    [501, 'server_error', true],
  ])('%d is final: %s', async (status, code, mayHaveHappened) => {
    const body = { ...problemOf(status, 'of_the_server'), requestId: 'abc-1' }
    const server = await ScriptedServer.start([json(status, body), text(status, '<html>')])
    const client = newClient(server.url)
    const fault = await faultOf(client.reserve(ANN))
    expect(fault).toMatchObject({ code, mayHaveHappened, retryable: false, requestId: 'abc-1' })
    expect(fault.problemCode).toBe('of_the_server')
    expect(server.received.length).toBe(1)
    expect((await faultOf(client.get(ID))).code, 'in any form').toBe(code)
  })

  test('do not hide that an attempt before them may have happened', async () => {
    const server = await ScriptedServer.start([reset, text(401, '')])
    const fault = await faultOf(newClient(server.url).reserve(ANN))
    expect(fault).toMatchObject({ code: 'unauthorized', mayHaveHappened: true })
  })
})

describe('nonsense', () => {
  const good = heldResult(ANN)
  const one = (change: object): Reaction => results(() => ({ ...good, ...change }))
  const { id: _, ...withoutId } = good
  const latin = JSON.stringify({ results: [good], by: '\u00ff' })

  test.each<[string, Reaction]>([
    ['garbage', text(200, 'Welcome to the hotel')],
    ['no body', text(200, '')],
    [
      'bytes that are no UTF-8',
      (response) => response.writeHead(200).end(Buffer.from(latin, 'latin1')),
    ],
    ['an endless body', text(200, JSON.stringify({ results: [good] }).padEnd(9 * 2 ** 20))],
    ['a list', json(200, [good])],
    ['no results', json(200, {})],
    ['results that are no list', json(200, { results: { 0: good } })],
    ['too few results', json(200, { results: [] })],
    ['too many results', json(200, { results: [good, good] })],
    ['a result that is no object', json(200, { results: [null] })],
    ['a result without status', results(() => ({ ...good, status: undefined }))],
    ['a status that is text', one({ status: '201' })],
    ['another status', one({ status: 202 })],
    ['no id', results(() => withoutId)],
    ['an id that is none', one({ id: 'abc' })],
    ['the SKU of another', one({ sku: 'hat' })],
    ['the buyer of another', one({ buyer: 'bob' })],
    ['the quantity of another', one({ quantity: 2 })],
    ['a quantity that is text', one({ quantity: '1' })],
    ['a state that is none', one({ state: 'sold' })],
    ['another state', one({ state: 'cancelled', expiresAt: undefined, endedAt: 1 })],
    ['a hold without end', one({ expiresAt: undefined })],
    ['a hold that has ended', one({ endedAt: 1 })],
    ['a negative rest', one({ remaining: -1 })],
    ['half a unit', one({ remaining: 0.5 })],
    ['a seq that is a number', one({ seq: 3 })],
    ['a seq that is no number', one({ seq: 'three' })],
    ['a replay that is not said plainly', one({ replayed: 'no' })],
    ['a refusal that does not exist', one(problemOf(409, 'sold_up'))],
    ['a refusal with another status', one({ ...problemOf(422, 'sale_closed') })],
    ['a refusal without its members', one(problemOf(409, 'sold_out'))],
    ['a refusal that is a property of all objects', one(problemOf(409, 'toString'))],
    ['a redirect', text(307, '', { location: '/v1/elsewhere' })],
    ['a success without content', text(204, '')],
  ])('is a fault, never a success: %s', async (_, reaction) => {
    const server = await ScriptedServer.start([reaction])
    const fault = await faultOf(newClient(server.url).reserve(ANN))
    expect(fault).toMatchObject({ code: 'bad_answer', mayHaveHappened: true })
    expect(fault.key, 'so that it can be resumed').toBe(server.received[0]?.operations[0]?.key)
    expect(server.received.length).toBe(1)
  })

  const sold = {
    ...good,
    state: 'confirmed',
    status: 200,
    confirmed: 1,
    returned: 0,
    endedAt: 1,
    expiresAt: undefined,
  }

  test.each<[string, object, number]>([
    ['of another reservation', { id: ID.replace('0', '1') }, 1],
    ['of fewer units', { quantity: 3, confirmed: 1 }, 2],
    ['of more units than there are', { confirmed: 2 }, 2],
    ['of nothing', { confirmed: undefined }, 1],
    ['that did not happen', { ...good, status: 200 }, 1],
    ['with the status of a new reservation', { status: 201 }, 1],
  ])('is a confirmation %s', async (_, change, quantity) => {
    const server = await ScriptedServer.start([
      results(() => ({ ...sold, ...change })),
      results(() => sold),
    ])
    const client = newClient(server.url)
    const fault = await faultOf(client.confirm(ID, { quantity }))
    expect(fault).toMatchObject({ code: 'bad_answer', id: ID, mayHaveHappened: true })
    expect(granted(await client.confirm(ID, { quantity: 1 })).confirmed).toBe(1)
  })

  const rules = { holdMs: 1, maxHoldMs: 2, paused: false }
  const sku = {
    sku: 'shoe',
    stock: 3,
    available: 1,
    held: 1,
    sold: 1,
    state: 'open',
    rules,
    seq: '1',
  }

  test.each<[string, object]>([
    ['whose units do not add up', { stock: 4 }],
    ['of another name', { sku: 'hat' }],
    ['in no state', { state: 'sold' }],
    ['without rules', { rules: undefined }],
    ['with half a rule', { rules: { ...rules, perBuyer: 'many' } }],
  ])('is a SKU %s', async (_, change) => {
    const server = await ScriptedServer.start([json(200, { ...sku, ...change }), json(200, sku)])
    const client = newClient(server.url)
    expect((await faultOf(client.sku('shoe'))).code).toBe('bad_answer')
    expect(await client.sku('shoe')).toMatchObject({ ok: true, sku: { available: 1 } })
  })
})
