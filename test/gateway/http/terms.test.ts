// What callers ask for by headers: a deadline, a trace, the times of the stages. Over both ways to the partition.
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectProblem, expectRefused } from '../../fixtures/problem.ts'
import { isOverNats, type TestApp, testApps } from '../../fixtures/test-app.ts'

const start = testApps()
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const timeout = (ms: unknown) => ({ 'request-timeout-ms': String(ms) })
/** Time enough for a command to be decided, also on a busy machine. */
const DECIDED_MS = 400
const BODY = { sku: 'shoe', buyer: 'ada', quantity: 1 }

/** RFC 7230's token, and the header's grammar as W3C has it, of which we use the half. */
const METRIC = /^([!#$%&'*+.^_`|~0-9a-z-]+);dur=(\d+\.\d{2,3})$/i

/** The stages of an answer and their times in ms. @throws when the header breaks its grammar. */
function stagesOf(headers: Record<string, unknown>): Record<string, number> {
  const header = headers['server-timing']
  if (typeof header !== 'string') throw new Error('the answer has no Server-Timing')
  const stages = header.split(', ').map((metric) => {
    const [, name, ms] = METRIC.exec(metric) ?? []
    if (name === undefined) throw new Error(`no metric: ${metric}`)
    return [name, Number(ms)] as const
  })
  expect(new Set(stages.map(([name]) => name)).size, 'each stage once').toBe(stages.length)
  return Object.fromEntries(stages)
}

const STAGES = isOverNats ? ['queue', 'actor', 'journal', 'nats'] : ['queue', 'actor', 'journal']

/** Every call that asks a partition, by its name. */
async function everyCall(app: TestApp, headers: Record<string, string>) {
  const id = await app.held('held')
  const place = `/v1/reservations/${id}`
  return {
    reserve: () => app.post('/v1/reservations', BODY, headers),
    'look up': () => app.get(place, headers),
    extend: () => app.post(`${place}/extend`, { holdMs: 60_000 }, headers),
    confirm: () => app.post(`${place}/confirm`, {}, headers),
    return: () => app.post(`${place}/return`, {}, headers),
    cancel: () => app.post(`${place}/cancel`, {}, headers),
    'open a SKU': () => app.put('/v1/skus/shoe', { perBuyer: 9 }, headers),
    'look a SKU up': () => app.get('/v1/skus/shoe', headers),
    adjust: () =>
      app.post(
        '/v1/skus/shoe/stock',
        { delta: 1, reason: 'found' },
        { ...headers, 'idempotency-key': 'a' },
      ),
    batch: () => app.post('/v1/batch', { operations: [{ op: 'reserve', ...BODY }] }, headers),
  }
}

describe('Request-Timeout-Ms', () => {
  test('that is no whole number from 1 to 60000 is bad_request on every call, and nothing happens', async () => {
    const app = await start()
    await app.open(10)
    const values = ['', '0', '-1', '+5', '1.5', '1e3', '0x10', '007', '60001', '99999', '100000']
    for (const value of [...values, ' ', '5, 5', 'soon', '５']) {
      const reply = await expectRefused(app, 'bad_request', () =>
        app.post('/v1/reservations', BODY, timeout(value)),
      )
      expect(reply.body.detail, value).toContain('Request-Timeout-Ms')
    }
    const calls = await everyCall(app, timeout('soon'))
    for (const call of Object.values(calls)) await expectRefused(app, 'bad_request', call)
    const list = () => app.get('/v1/skus', timeout('soon'))
    await expectRefused(app, 'bad_request', list)
  })

  test('that leaves time enough changes no answer', async () => {
    const app = await start()
    await app.open(10)
    const calls = await everyCall(app, timeout(60_000))
    for (const [name, call] of Object.entries(calls)) {
      const { status, text } = await call()
      expect(status, `${name}: ${text}`).toBeOneOf([200, 201, ...(name === 'cancel' ? [409] : [])])
    }
    expect((await app.get('/v1/skus', timeout(60_000))).status).toBe(200)
  })

  test('has a call that was decided but is not durable by then answered 504, and its retry finds it', async () => {
    const app = await start()
    await app.open(10)
    const settled = app.state.lastSeq
    app.journal.hold()
    const headers = { ...timeout(DECIDED_MS), 'idempotency-key': 'k' }
    const reply = await app.post('/v1/reservations', BODY, headers)
    expectProblem(reply, 'outcome_unknown')
    expect(app.state.lastSeq, 'decided').toBe(settled + 1)
    app.journal.letGo()
    const retry = await app.post('/v1/reservations', BODY, { ...headers, ...timeout(60_000) })
    expect(retry.status, retry.text).toBe(200)
    expect(retry.headers['idempotent-replayed']).toBe('true')
    expect(app.state.lastSeq, 'once').toBe(settled + 1)
  })

  test('that ended while the process stood still has the command dropped: 503 busy, no effect', async () => {
    const app = await start()
    await app.open(10)
    standStillAfterSubmit(app, 30)
    for (const call of [
      () => app.post('/v1/reservations', BODY, timeout(20)),
      () => app.put('/v1/skus/shoe', { perBuyer: 1 }, timeout(20)),
    ]) {
      await expectRefused(app, 'busy', call)
    }
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('of a batch holds for every operation, and each has its own result', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const operations = [
      { op: 'reserve', ...BODY, key: 'k' },
      { op: 'nonsense' },
      { op: 'reserve', ...BODY, key: 'l' },
    ]
    const reply = await app.post('/v1/batch', { operations }, timeout(DECIDED_MS))
    expect(reply.status).toBe(200)
    expect(reply.body.results).toMatchObject([
      { status: 504, code: 'outcome_unknown' },
      { status: 400, code: 'bad_request' },
      { status: 504, code: 'outcome_unknown' },
    ])
    app.journal.letGo()
    const again = await app.post('/v1/batch', { operations }, timeout(60_000))
    expect(again.body.results).toMatchObject([
      { status: 200, replayed: true },
      { status: 400 },
      { status: 200, replayed: true },
    ])
  })

  test('costs those without it nothing: they wait as long as it takes', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const patient = app.reserve('patient')
    expectProblem(await app.post('/v1/reservations', BODY, timeout(DECIDED_MS)), 'outcome_unknown')
    app.journal.letGo()
    expect((await patient).status).toBe(201)
  })
})

describe('Server-Timing', () => {
  test('says of every call of a trace how long each stage took', async () => {
    const app = await start()
    await app.open(10)
    const calls = await everyCall(app, { traceparent: TRACEPARENT })
    for (const [name, call] of Object.entries(calls)) {
      const { headers } = await call()
      const stages = stagesOf(headers)
      expect(Object.keys(stages), name).toEqual(STAGES)
      for (const ms of Object.values(stages)) expect(ms, name).toBeGreaterThanOrEqual(0)
    }
  })

  test('puts the wait for the disk down to the journal', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const asked = app.post('/v1/reservations', BODY, { traceparent: TRACEPARENT })
    await expect.poll(() => app.partition.answersLength).toBe(1)
    const decidedAt = performance.now()
    await expect.poll(() => performance.now() - decidedAt).toBeGreaterThan(40)
    app.journal.letGo()
    const { journal } = stagesOf((await asked).headers)
    expect(journal).toBeGreaterThanOrEqual(40)
  })

  test('puts the wait for the turn down to the queue', async () => {
    const app = await start()
    await app.open(10)
    standStillAfterSubmit(app, 30)
    const reply = await app.post('/v1/reservations', BODY, { traceparent: TRACEPARENT })
    const { queue = 0, nats = 0 } = stagesOf(reply.headers)
    expect(isOverNats ? nats : queue).toBeGreaterThan(29)
  })

  test('is on refusals and on answers at the deadline, too', async () => {
    const app = await start()
    await app.open(1)
    const traced = { traceparent: TRACEPARENT }
    const many = await app.post('/v1/reservations', { ...BODY, quantity: 5 }, traced)
    expect(many.body.code).toBe('sold_out')
    expect(Object.keys(stagesOf(many.headers))).toEqual(STAGES)
    app.journal.hold()
    const late = await app.post('/v1/reservations', BODY, { ...traced, ...timeout(DECIDED_MS) })
    expectProblem(late, 'outcome_unknown')
    expect(Object.keys(stagesOf(late.headers))).toEqual(isOverNats ? ['nats'] : STAGES)
  })

  test('is left out without a trace, and with one that is malformed', async () => {
    const app = await start()
    await app.open(100)
    const bad = [
      ...['', 'x', TRACEPARENT.toUpperCase(), `${TRACEPARENT}-00`, TRACEPARENT.slice(0, -1)],
      ...[`ff${TRACEPARENT.slice(2)}`, `${TRACEPARENT}, ${TRACEPARENT}`],
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    ]
    for (const headers of [{}, timeout(60_000), ...bad.map((traceparent) => ({ traceparent }))]) {
      const reply = await app.post('/v1/reservations', { ...BODY, buyer: 'bob' }, headers as never)
      expect(reply.status, 'it is ignored, as the standard asks').toBe(201)
      expect(reply.headers).not.toHaveProperty('server-timing')
    }
  })
})

/** From now on the process stands still, for so long, when it has submitted a command. */
function standStillAfterSubmit({ partitions }: TestApp, ms: number): void {
  const submit = partitions.submit.bind(partitions)
  // The face is another test's next.
  onTestFinished(() => void Reflect.deleteProperty(partitions, 'submit'))
  partitions.submit = (...call) => {
    submit(...call)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  }
}
