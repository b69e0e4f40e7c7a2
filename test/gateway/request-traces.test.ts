// Log lines of requests that belong to a trace, and Server-Timing where the operator wants it on every answer.
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { ACCESS_FOR_ANYONE } from '../../gateway/access/access.ts'
import { buildApp } from '../../gateway/http/app.ts'
import type { Answer, AnswerTicket } from '../../gateway/partition-port.ts'
import { Partitions } from '../../gateway/partitions.ts'
import { testBoard } from '../fixtures/test-board.ts'

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const TRACEPARENT = `00-${IDS.traceId}-${IDS.spanId}-01`

/** An app whose partition answers everything with `answer`, and what it logs. */
async function meet(answer: Answer, serverTiming = false) {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  const partitions = new Partitions()
  const submit = (_: unknown, ticket: AnswerTicket) => ticket.answer(answer)
  partitions.put([{ submit, unreadyReasons: () => [] }])
  const app = await buildApp({
    access: ACCESS_FOR_ANYONE,
    board: testBoard(partitions),
    partitions,
    logger: pino({ level: 'debug' }, { write }),
    now: () => 0,
    onBug: () => undefined,
    version: '0.0.0-test',
    serverTiming,
  })
  const get = async (headers: Record<string, string> = {}) => {
    const reply = await app.inject({ url: '/v1/skus/shoe', headers })
    // Written when the response has ended.
    await expect
      .poll(() => lines.some(({ requestId }) => requestId === reply.headers['x-request-id']))
      .toBe(true)
    return reply
  }
  return { app, lines, get }
}

test('every line of a request carries its trace, and other requests carry none', async () => {
  const { app, lines, get } = await meet({ kind: 'refusal', code: 'unknown_sku' } as Answer)
  await get({ traceparent: TRACEPARENT })
  expect(lines).toMatchObject([{ msg: 'request', statusCode: 404, ...IDS }])
  await get()
  await get({ traceparent: TRACEPARENT.toUpperCase() })
  for (const line of lines.slice(1)) expect(line).not.toHaveProperty('traceId')
  await app.close()
})

test('a bug is logged with the trace of the request that met it', async () => {
  const { app, lines, get } = await meet({ kind: 'skus', skus: [], next: undefined } as Answer)
  expect((await get({ traceparent: TRACEPARENT })).statusCode).toBe(500)
  const errors = lines.filter(({ level }) => level === 50)
  expect(errors).toMatchObject([{ msg: 'request failed by a bug', ...IDS }])
  await app.close()
})

test('with the setting every answer says how long its stages took', async () => {
  const refused = { kind: 'refusal', code: 'unknown_sku' } as Answer
  const always = await meet(refused, true)
  const stages = /^queue;dur=\d+\.\d{3}, actor;dur=\d+\.\d{3}, journal;dur=\d+\.\d{3}$/
  expect((await always.get()).headers['server-timing']).toMatch(stages)
  const asked = await meet(refused)
  expect((await asked.get()).headers).not.toHaveProperty('server-timing')
  expect((await asked.get({ traceparent: TRACEPARENT })).headers['server-timing']).toMatch(stages)
  await always.app.close()
  await asked.app.close()
})

test('the documents name the headers on every call that asks a partition, and on no other', async () => {
  const { app } = await meet({ kind: 'refusal', code: 'unknown_sku' } as Answer)
  const { paths } = (await app.inject('/openapi.json')).json() as OpenApi
  await app.close()
  for (const [path, calls] of Object.entries(paths)) {
    const isAsking = /^\/v1\/(skus|reservations|batch)/.test(path)
    for (const [method, { parameters = [] }] of Object.entries(calls)) {
      const names = parameters.flatMap(({ in: place, name }) => (place === 'header' ? [name] : []))
      const asked = names.filter((name) => name !== 'idempotency-key').sort()
      const expected = isAsking ? ['request-timeout-ms', 'traceparent'] : []
      expect(asked, `${method} ${path}`).toEqual(expect.arrayContaining(expected))
      if (!isAsking) expect(asked, `${method} ${path}`).not.toContain('request-timeout-ms')
    }
  }
  expect(Object.keys(paths)).toContain('/v1/reservations')
})

interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      { readonly parameters?: readonly { readonly in: string; readonly name: string }[] }
    >
  >
}
