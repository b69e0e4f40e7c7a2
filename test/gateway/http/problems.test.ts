// The table of problems: every code can be met over HTTP, every refusal and fault has a row, and the documents agree.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { invariant } from '../../../core/invariant.ts'
import { ACCESS_FOR_ANYONE } from '../../../gateway/access/access.ts'
import { KEY_FAULTS } from '../../../gateway/access/errors.ts'
import { PROBLEMS, type ProblemCode } from '../../../gateway/api/problems.ts'
import { buildApp } from '../../../gateway/http/app.ts'
import { NATS_FAULTS } from '../../../gateway/nats/errors.ts'
import type { Answer, AnswerTicket } from '../../../gateway/partition-port.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import {
  describeSetting,
  flagOf,
  PROCESSES,
  settingNames,
  variableOf,
} from '../../../gateway/settings.ts'
import { JOURNAL_FAULTS } from '../../../journal/errors.ts'
import { REPLAY_FAULTS } from '../../../replay/errors.ts'
import { type GuardedApp, guarded, SECRET_TOKENS } from '../../fixtures/guarded-app.ts'
import { expectProblem } from '../../fixtures/problem.ts'
import { get, RawSocket } from '../../fixtures/raw-socket.ts'
import { type Reply, type TestApp, testApps } from '../../fixtures/test-app.ts'
import { testBoard } from '../../fixtures/test-board.ts'
import { tokenOf } from '../../fixtures/tokens.ts'

const start = testApps()

const REGENERATE = 'The page is generated: run `npm run docs` and commit what it writes.'

type Provoke = (app: TestApp) => Promise<Reply>

const change =
  (verb: string, after: readonly string[], body?: object): Provoke =>
  async (app) => {
    const id = await app.held('k', 2)
    for (const earlier of after) await app.post(`/v1/reservations/${id}/${earlier}`)
    return app.post(`/v1/reservations/${id}/${verb}`, body)
  }
const withRules =
  (rules: (now: number) => object, quantity = 1): Provoke =>
  async (app) => {
    await app.open(10, rules(app.now), 'hat')
    return app.reserve('k', quantity, { sku: 'hat' })
  }
const adjust = (delta: number): Provoke => {
  const body = { delta, reason: 'count' }
  return (app) => app.post('/v1/skus/shoe/stock', body, { 'idempotency-key': 'k' })
}
const overSocket = async (app: TestApp, bytes: string): Promise<Reply> => {
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.app.server.address() as AddressInfo
  const socket = await RawSocket.connect(port)
  const reply = (await socket.write(bytes).drain()).at(-1)
  invariant(reply !== undefined, 'the server answers before it closes')
  const headers = Object.fromEntries(reply.headers)
  return { status: reply.status, headers, text: reply.body, body: JSON.parse(reply.body) }
}

/** How to meet each code over HTTP. A code without a way here does not compile. */
const WAYS: Record<ProblemCode, Provoke> = {
  bad_request: (app) => app.reserve('k', 0),
  bad_json: (app) =>
    app.call({
      method: 'POST',
      url: '/v1/reservations',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    }),
  bad_idempotency_key: (app) => app.reserve('a b'),
  unauthorized: (app) => withTokens(app, (shop) => shop.get(undefined, '/v1/skus/shoe')),
  forbidden: (app) => withTokens(app, (shop) => shop.get(tokenOf('ada'), '/v1/skus/shoe')),
  other_buyer: (app) =>
    withTokens(app, (shop) =>
      shop.post(tokenOf('bob'), '/v1/reservations', { sku: 'shoe', buyer: 'ada', quantity: 1 }),
    ),
  rate_limited: (app) =>
    withTokens(app, async (shop) => {
      const ask = () => shop.get(tokenOf('ada'), `/v1/reservations/${'0'.repeat(26)}`)
      await ask()
      return ask()
    }),
  unknown_sku: (app) => app.get('/v1/skus/none'),
  unknown_reservation: (app) => app.get(`/v1/reservations/${'0'.repeat(26)}`),
  not_found: (app) => app.get('/nowhere'),
  request_timeout: (app) => overSocket(app, 'GET /v1/time HTTP/1.1\r\n'),
  sold_out: (app) => app.reserve('k', 11),
  buyer_limit: withRules(() => ({ perBuyer: 1 }), 2),
  sale_not_open: withRules((now) => ({ opensAt: now + 1 })),
  sale_closed: withRules((now) => ({ closesAt: now })),
  sale_paused: withRules(() => ({ paused: true })),
  hold_limit: (app) => app.reserve('k', 1, { holdMs: 3_600_001 }),
  quantity_too_large: change('confirm', [], { quantity: 3 }),
  already_confirmed: change('cancel', ['confirm']),
  already_cancelled: change('confirm', ['cancel']),
  not_confirmed: change('return', []),
  insufficient_available: adjust(-11),
  stock_required: (app) => app.put('/v1/skus/hat', {}),
  stock_fixed: (app) => app.put('/v1/skus/shoe', { stock: 11 }),
  rules_contradict: (app) => app.patch('/v1/skus/shoe', { maxHoldMs: 899_999 }),
  stock_limit: adjust(1_000_000_000),
  sku_limit: () => answered({ kind: 'refusal', code: 'sku_limit' }),
  adjustment_limit: () => answered({ kind: 'refusal', code: 'adjustment_limit' }),
  reservation_expired: async (app) => {
    const id = await app.held('k')
    app.now += 900_000
    return app.post(`/v1/reservations/${id}/cancel`)
  },
  too_large: (app) => app.reserve('k', 1, { meta: 'm'.repeat(17_000) }),
  unsupported_media_type: (app) => app.get('/v1/skus', { 'content-type': 'text/plain' }),
  key_reused: async (app) => {
    await app.held('k', 1)
    return app.reserve('k', 2)
  },
  too_many_requests: (app) => overSocket(app, get('/v1/skus/shoe').repeat(65)),
  headers_too_large: (app) => overSocket(app, get('/', [`A: ${'a'.repeat(9_000)}`])),
  internal_error: () => answered({ kind: 'skus', skus: [], next: undefined }),
  busy: () => answered({ kind: 'fault', code: 'busy' }),
  disk_low: (app) => {
    app.isDiskLow = true
    return app.reserve('k')
  },
  draining: async (app) => {
    await app.selling.drain()
    return app.get('/v1/skus/shoe')
  },
  partition_unavailable: () => answered({ kind: 'fault', code: 'partition_unavailable' }),
  outcome_unknown: (app) => {
    app.journal.failNext('fail')
    return app.reserve('k')
  },
}

/** The reply of the same shop where buyers need tokens, and may call once a second. */
async function withTokens(
  test: TestApp,
  ask: (shop: GuardedApp) => Promise<Reply>,
): Promise<Reply> {
  const rates = { ...ACCESS_FOR_ANYONE.rates, perBuyer: 1 }
  const shop = await guarded(test, { tokens: SECRET_TOKENS, rates })
  const reply = await ask(shop)
  await shop.app.close()
  return reply
}

/** The reply of an app whose partition answers everything with `answer`. */
async function answered(answer: Answer): Promise<Reply> {
  const bugs: unknown[] = []
  const partitions = new Partitions()
  const submit = (_: unknown, ticket: AnswerTicket) => ticket.answer(answer)
  partitions.put([{ submit, unreadyReasons: () => [] }])
  const app = await buildApp({
    access: ACCESS_FOR_ANYONE,
    partitions,
    board: testBoard(partitions),
    logger: undefined,
    now: () => 0,
    onBug: (bug) => bugs.push(bug),
    version: '0.0.0-test',
  })
  const { statusCode, headers, payload } = await app.inject('/v1/skus/shoe')
  await app.close()
  expect(bugs, 'a bug is given to the host, and nothing else is').toHaveLength(
    answer.kind === 'skus' ? 1 : 0,
  )
  return { status: statusCode, headers, text: payload, body: JSON.parse(payload) }
}

/** What Node's parser refuses has no request yet, and so no id. */
const WITHOUT_REQUEST: readonly string[] = ['request_timeout', 'headers_too_large']

describe('a problem', () => {
  test.each(Object.entries(WAYS))('%s is met over HTTP, with its status', async (code, provoke) => {
    const app = await start()
    await app.open(10)
    const reply = await provoke(app)
    if (!WITHOUT_REQUEST.includes(code)) return expectProblem(reply, code as ProblemCode)
    expect(reply.status).toBe(PROBLEMS[code as ProblemCode].status)
    expect(reply.body.code).toBe(code)
  })

  test('that is a bug says nothing of its cause', async () => {
    const reply = await WAYS.internal_error(await start())
    expect(reply.text).not.toContain('a partition answers')
  })

  test('of class 5xx that certainly had no effect, and any 429, may be retried', () => {
    for (const [code, { status, isRetryable }] of Object.entries(PROBLEMS)) {
      if (status === 503 || status === 429 || status === 504) expect(isRetryable, code).toBe(true)
      if (status === 400 || status === 500) expect(isRetryable, code).toBe(false)
    }
  })

  test('has words that tell the client what it means', () => {
    for (const [code, { title, meaning }] of Object.entries(PROBLEMS)) {
      expect(title, code).toMatch(/^[A-Z][A-Za-z -]+$/)
      expect(meaning, code).toMatch(/^[A-Z`].+\.$/)
    }
  })
})

describe('the documents', () => {
  /** Rows of the tables of a page, by the name in back quotes in their first or second cell. */
  const rowsOf = (page: string): Map<string, string> => {
    const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8')
    const rows = text.split('\n').filter((line) => line.startsWith('|'))
    return new Map(
      rows.flatMap((row) => {
        const name = /^\|(?:[^|`]*\|)?\s*`([^`]+)`\s*\|/.exec(row)?.[1]
        return name === undefined ? [] : [[name, row] as const]
      }),
    )
  }

  test('errors.md lists exactly the problems, and the faults of journal, replay, NATS and keys', () => {
    const rows = rowsOf('errors.md')
    const faults = { ...JOURNAL_FAULTS, ...REPLAY_FAULTS, ...NATS_FAULTS, ...KEY_FAULTS }
    const codes = [...Object.keys(PROBLEMS), ...Object.keys(faults)]
    expect([...rows.keys()].sort(), REGENERATE).toEqual(codes.sort())
    for (const [code, { status, meaning }] of Object.entries(PROBLEMS)) {
      expect(rows.get(code), REGENERATE).toContain(String(status))
      expect(rows.get(code), REGENERATE).toContain(meaning)
    }
    for (const [code, meaning] of Object.entries(faults)) {
      expect(rows.get(code), REGENERATE).toContain(meaning)
    }
  })

  test('configuration.md lists exactly the settings, with variable and default', () => {
    const rows = rowsOf('configuration.md')
    const ofFlags = [...rows].filter(([name]) => name.startsWith('--'))
    const all = new Set(Object.values(PROCESSES).flatMap(settingNames))
    expect(ofFlags.map(([flag]) => flag).sort(), REGENERATE).toEqual([...all].map(flagOf).sort())
    for (const [command, schema] of Object.entries(PROCESSES)) {
      for (const name of settingNames(schema)) {
        const row = ofFlags.find(([flag]) => flag === flagOf(name))?.[1]
        const setting = describeSetting(schema, name)
        expect(row, REGENERATE).toContain(variableOf(name))
        expect(row, REGENERATE).toContain(String(setting.default ?? ''))
        expect(row, REGENERATE).toContain(setting.description)
        expect(row, REGENERATE).toContain(command)
      }
    }
  })
})
