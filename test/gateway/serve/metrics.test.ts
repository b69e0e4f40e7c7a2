// What a real server tells Prometheus after a known sequence of calls: every count, no name of a SKU or buyer.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { promtoolTest, runPromtool } from '../../fixtures/promtool.ts'
import { RealServer } from '../../fixtures/real-server.ts'
import { Scrape } from '../../fixtures/scrape.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'

const directory = directoryForAll()
const word = (): string => randomBytes(9).toString('hex')
/** What must show nowhere. */
const SECRETS = { sku: word(), buyer: word(), key: word(), meta: word(), payment: word() }
const { sku, buyer } = SECRETS

let server: RealServer
let before: Scrape
let after: Scrape

beforeAll(async () => {
  server = await RealServer.start(directory())
  before = await scrape()
  await sell()
  after = await scrape()
})
afterAll(() => server?.end('SIGKILL'))

async function scrape(): Promise<Scrape> {
  const reply = await server.call('GET', '/metrics')
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return new Scrape(reply.text)
}

/** 15 operations whose answers are known: 7 fine, 5 refused, 3 malformed. */
async function sell(): Promise<void> {
  const call = async (status: number, method: string, path: string, body?: object) => {
    const reply = await server.call(method, path, body, { 'idempotency-key': word() })
    expect(reply.status, reply.text).toBe(status)
    return String(reply.body.id)
  }
  const units = (quantity: unknown) => ({ sku, buyer, quantity, meta: SECRETS.meta })
  const unknown = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'
  await call(201, 'PUT', `/v1/skus/${sku}`, { stock: 5 })
  const id = await call(201, 'POST', '/v1/reservations', units(3))
  await call(409, 'POST', '/v1/reservations', units(3))
  await call(400, 'POST', '/v1/reservations', units('3'))
  await call(404, 'GET', `/v1/reservations/${unknown}`)
  await call(200, 'POST', `/v1/reservations/${id}/confirm`, { paymentId: SECRETS.payment })
  await call(200, 'POST', `/v1/reservations/${id}/confirm`)
  await call(404, 'POST', `/v1/reservations/${unknown}/confirm`)
  await call(400, 'POST', `/v1/reservations/${id}/confirm`, { quantity: 0 })
  await call(409, 'POST', `/v1/reservations/${id}/cancel`)
  const operations = [
    { op: 'reserve', ...units(1), key: SECRETS.key },
    { op: 'reserve', ...units(1) },
    { op: 'reserve', ...units(1) },
    { op: 'confirm', id },
    { op: 'steal', id },
  ]
  await call(200, 'POST', '/v1/batch', { operations })
}

const label = (labels: Readonly<Record<string, string>>, name: string): string => labels[name] ?? ''

test('requests are counted by route and status, a batch as one', () => {
  const value = (route: string, status: string) =>
    after.value('holdfast_requests_total', { route, status })
  expect(value('PUT /v1/skus/:sku', '201')).toBe(1)
  expect(value('POST /v1/reservations', '201')).toBe(1)
  expect(value('POST /v1/reservations', '409')).toBe(1)
  expect(value('POST /v1/reservations', '400')).toBe(1)
  expect(value('GET /v1/reservations/:id', '404')).toBe(1)
  expect(value('POST /v1/reservations/:id/confirm', '200')).toBe(2)
  expect(value('POST /v1/batch', '200')).toBe(1)
})

test('operations are counted by what they came to, each of a batch by itself', () => {
  const outcomes = (operation: string) => {
    const ofIt = after.samples.filter(({ labels }) => label(labels, 'operation') === operation)
    return Object.fromEntries(
      ofIt
        .filter(({ value }) => value !== 0)
        .map(({ labels, value }) => [label(labels, 'outcome'), value]),
    )
  }
  expect(outcomes('reserve')).toEqual({ ok: 3, refused: 2, rejected: 1 })
  expect(outcomes('confirm')).toEqual({ ok: 3, refused: 1, rejected: 1 })
  expect(outcomes('cancel')).toEqual({ refused: 1 })
  expect(outcomes('get')).toEqual({ refused: 1 })
  expect(outcomes('malformed')).toEqual({ rejected: 1 })
  expect(outcomes('other')).toEqual({ ok: 1 })
  expect(outcomes('extend')).toEqual({})
})

test('refusals, rejections and faults are counted apart, by code', () => {
  expect(after.counted('holdfast_refusals_total', 'code')).toEqual({
    ...{ sold_out: 2, unknown_reservation: 2, already_confirmed: 1 },
  })
  expect(after.counted('holdfast_rejections_total', 'code')).toEqual({ bad_request: 3 })
  expect(after.counted('holdfast_faults_total', 'code')).toEqual({})
  expect(before.value('holdfast_faults_total', { code: 'outcome_unknown' }), 'from the start').toBe(
    0,
  )
})

test('payments are counted by what became of them', () => {
  expect(after.counted('holdfast_payments_total', 'outcome')).toEqual({ ok: 3, refused: 2 })
  expect(before.value('holdfast_payments_total', { outcome: 'failed' }), 'from the start').toBe(0)
})

test('durations are told by route, in buckets that grow to the count', () => {
  const route = 'POST /v1/reservations'
  const buckets = after.samples.filter(
    ({ name, labels }) =>
      name === 'holdfast_request_duration_seconds_bucket' && label(labels, 'route') === route,
  )
  const counts = buckets.map(({ value }) => value)
  expect(counts).toEqual(counts.toSorted((left, right) => left - right))
  expect(counts.at(-1)).toBe(3)
  expect(after.value('holdfast_request_duration_seconds_count', { route })).toBe(3)
  const bounds = buckets.map(({ labels }) =>
    Number(label(labels, 'le').replace('+Inf', 'Infinity')),
  )
  expect(bounds[2]).toBeCloseTo(0.001, 3)
  expect(bounds.at(-2)).toBeGreaterThanOrEqual(10)
})

test('gauges of the partition move with the sale', () => {
  const value = (scraped: Scrape, name: string) =>
    scraped.value(`holdfast_partition_${name}`, { partition: '0' })
  expect([value(before, 'last_seq'), value(before, 'holds'), value(before, 'skus')]).toEqual([
    0, 0, 0,
  ])
  // Opened, reserved, confirmed, and two more holds of the batch.
  expect([value(after, 'last_seq'), value(after, 'durable_seq')]).toEqual([5, 5])
  expect([value(after, 'holds'), value(after, 'skus'), value(after, 'reservations')]).toEqual([
    2, 1, 3,
  ])
  expect(value(after, 'block_events_sum')).toBe(5)
  expect(value(after, 'commit_duration_seconds_count')).toBe(value(after, 'block_events_count'))
  expect(value(after, 'commit_duration_seconds_sum')).toBeGreaterThan(0)
  expect(value(after, 'disk_free_bytes')).toBeGreaterThan(value(after, 'disk_low_bytes'))
  expect(value(after, 'watermark_lag_events')).toBe(0)
  expect(value(after, 'epoch')).toBe(1)
})

test('the scrape itself is in flight, and nothing is shed', () => {
  expect(after.value('holdfast_requests_in_flight')).toBe(1)
  expect(after.value('holdfast_shed_requests_total', { lane: 'reserve' })).toBe(0)
})

test('who listens to live stock is told, and a connection that breaks is in flight no more', async () => {
  const leaving = new AbortController()
  const { signal } = leaving
  const stream = await fetch(`${server.url}/v1/stock/stream?sku=${sku}`, { signal })
  await stream.body?.getReader().read()
  const during = await scrape()
  expect(during.value('holdfast_stream_subscribers')).toBe(1)
  expect(during.value('holdfast_requests_in_flight')).toBe(2)
  leaving.abort()
  await vi.waitFor(async () => {
    const then = await scrape()
    expect(then.value('holdfast_stream_subscribers')).toBe(0)
    expect(then.value('holdfast_requests_in_flight')).toBe(1)
  }, 10_000)
})

test('a walk passes everything again and again, and finds no unit oversold or stranded', async () => {
  const sweeps = (scraped: Scrape) =>
    scraped.value('holdfast_conservation_sweeps_total', { partition: '0' })
  await vi.waitFor(
    async () => expect(sweeps(await scrape())).toBeGreaterThan(sweeps(after) + 1),
    10_000,
  )
  const now = await scrape()
  expect(now.value('holdfast_oversold_units', { partition: '0' })).toBe(0)
  expect(now.value('holdfast_stranded_units', { partition: '0' })).toBe(0)
})

test('says what runs, and how its event loop does', () => {
  expect(after.value('holdfast_build_info', { role: 'serve' })).toBe(1)
  for (const name of [
    'holdfast_event_loop_active_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
    'process_resident_memory_bytes',
  ]) {
    expect(after.value(name), name).toBeGreaterThan(0)
  }
})

test('no label names a SKU, a buyer, a key, a payment or a reservation', () => {
  for (const [what, secret] of Object.entries(SECRETS)) {
    expect(after.text.includes(secret), what).toBe(false)
  }
  const values = after.samples.flatMap(({ labels }) => Object.values(labels))
  expect(values.filter((value) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(value))).toEqual([])
  expect(after.samples.length, 'few enough series').toBeLessThan(700)
})

promtoolTest('promtool finds nothing to say about the scrape', async () => {
  expect(await runPromtool(['check', 'metrics'], directory(), after.text)).toEqual({
    ...{ status: 0, output: '' },
  })
})
