// The native API on a real nats-server: every verb in both encodings answers what HTTP answers to the same.
import { describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../../gateway/api/problems.ts'
import type { NativeEncoding, NativeVerb } from '../../../gateway/nats/native-request.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { START } from '../../fixtures/commands.ts'
import {
  askHttp,
  ENCODINGS,
  expectSame,
  JSON_TYPE,
  NativeClient,
  PACK_TYPE,
  startNative,
} from '../../fixtures/native.ts'
import { testNats } from '../../fixtures/nats.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'

const nats = testNats()
const start = testApps()

const NOBODY = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'
const reserve = (key: string | undefined, quantity = 1, more: object = {}) => ({
  ...{ sku: 'shoe', buyer: 'ada', quantity, key },
  ...more,
})

/** The same sale three times: one to be asked by HTTP, two by the native API. */
async function threeFaces() {
  const server = await nats.server()
  const link = await nats.link(server, 'client')
  const http = await start()
  const faces: { app: TestApp; client: NativeClient; encoding: NativeEncoding }[] = []
  for (const [index, encoding] of ENCODINGS.entries()) {
    const app = await start()
    const cluster = `cluster-${index}`
    await startNative(nats, server, app.partitions, { cluster })
    faces.push({ app, client: new NativeClient(link, cluster), encoding })
  }
  const apps = [http, ...faces.map((face) => face.app)]
  return {
    each: async (change: (app: TestApp) => unknown) => {
      for (const app of apps) await change(app)
    },
    /** Asks all three, compares, and gives HTTP's answer. */
    ask: async (verb: NativeVerb, input: object) => {
      const asked = await askHttp(http, verb, input)
      for (const { client: caller, encoding } of faces) {
        const what = `${verb} ${JSON.stringify(input)} as ${encoding}`
        expectSame(await caller.call(verb, withoutUndefined(input), encoding), asked, what)
      }
      return asked
    },
  }
}

/** JSON has no undefined, so MessagePack shall have none either. */
function withoutUndefined(input: object): object {
  return JSON.parse(JSON.stringify(input))
}

describe('every verb', () => {
  test('answers as HTTP does, in both encodings', async () => {
    const { each, ask } = await threeFaces()
    await each((app) => app.open(20, { perBuyer: 12, unitPrice: 2 ** 33, currency: 'EUR' }))
    const made = await ask('reserve', reserve('k1', 4, { holdMs: 60_000, meta: 'ünïcödé 🎟' }))
    expect(made.status).toBe(201)
    const { id } = made.body
    expect(
      (await ask('reserve', reserve('k1', 4, { holdMs: 60_000, meta: 'ünïcödé 🎟' }))).status,
    ).toBe(200)
    expect((await ask('get', { id })).body).toMatchObject({ id, state: 'held' })
    expect((await ask('extend', { id, holdMs: 120_000 })).body.expiresAt).toBe(START + 120_000)
    const confirm = { id, quantity: 3, paymentId: 'pay-1' }
    expect((await ask('confirm', confirm)).body).toMatchObject({ state: 'confirmed' })
    expect((await ask('return', { id, returnedTotal: 2 })).body).toMatchObject({ returned: 2 })
    expect((await ask('return', { id })).body).toMatchObject({ returned: 3 })
    const second = await ask('reserve', reserve('k2', 2))
    expect((await ask('cancel', { id: second.body.id })).body.state).toBe('cancelled')
    const third = await ask('reserve', reserve('k3', 2))
    expect((await ask('confirm', { id: third.body.id })).body.state).toBe('confirmed')
    expect((await ask('sku', { sku: 'shoe' })).body).toMatchObject({ available: 18, sold: 2 })
    const operations = [
      { op: 'reserve', ...reserve('k4', 2) },
      { op: 'reserve', ...reserve('k4', 2) },
      { op: 'reserve', ...reserve('k5', 99) },
      { op: 'get', id },
      { op: 'nonsense' },
      { op: 'extend', id, holdMs: 1 },
    ]
    const { results } = (await ask('batch', { operations })).body
    expect(results?.map(({ status }) => status)).toEqual([201, 200, 409, 200, 400, 400])
  })

  test('without a key a reservation is a new one each time', async () => {
    const app = await start()
    await app.open(10)
    const server = await nats.server()
    await startNative(nats, server, app.partitions)
    const client = new NativeClient(await nats.link(server))
    const one = await client.call('reserve', { sku: 'shoe', buyer: 'ada', quantity: 1 })
    const other = await client.call(
      'reserve',
      { sku: 'shoe', buyer: 'ada', quantity: 1 },
      PACK_TYPE,
    )
    expect([one.status, other.status]).toEqual([201, 201])
    expect(other.body.id).not.toBe(one.body.id)
    expect(await app.units()).toEqual([8, 2, 0])
  })

  test('a key names the same reservation over HTTP, in batches and in both encodings', async () => {
    const app = await start()
    await app.open(10)
    const server = await nats.server()
    await startNative(nats, server, app.partitions)
    const client = new NativeClient(await nats.link(server))
    const first = await client.call('reserve', reserve('order-7', 2), PACK_TYPE)
    expect(first.status).toBe(201)
    expect(first.head).not.toHaveProperty('Idempotent-Replayed')
    const again = await client.call('reserve', reserve('order-7', 2), JSON_TYPE)
    expect(again).toMatchObject({ status: 200, head: { 'Idempotent-Replayed': 'true' } })
    expect(again.body).toEqual(first.body)
    expect((await app.reserve('order-7', 2)).body).toEqual(first.body)
    const operations = [{ op: 'reserve', ...reserve('order-7', 2) }]
    const { body } = await client.call('batch', { operations })
    expect(body.results).toEqual([{ status: 200, ...first.body, replayed: true }])
    expect((await client.call('reserve', reserve('order-7', 3))).body.code).toBe('key_reused')
    expect(await app.units()).toEqual([8, 2, 0])
  })
})

describe('what a call may be told', () => {
  type Case = [ProblemCode, NativeVerb, object, ((app: TestApp) => unknown)?]
  const cases: Case[] = [
    ['bad_request', 'reserve', reserve('k', 0)],
    ['unknown_sku', 'reserve', reserve('k', 1, { sku: 'nothing' })],
    ['unknown_sku', 'sku', { sku: 'nothing' }],
    ['unknown_reservation', 'get', { id: NOBODY }],
    ['unknown_reservation', 'confirm', { id: NOBODY }],
    ['sold_out', 'reserve', reserve('k', 2, { sku: 'last' })],
    ['buyer_limit', 'reserve', reserve('k', 9)],
    ['hold_limit', 'reserve', reserve('k', 1, { holdMs: 7_200_000 })],
    ['sale_paused', 'reserve', reserve('k', 1, { sku: 'paused' })],
    ['sale_not_open', 'reserve', reserve('k', 1, { sku: 'later' })],
    ['sale_closed', 'reserve', reserve('k', 1, { sku: 'over' })],
    ['key_reused', 'reserve', reserve('k1', 2)],
    ['disk_low', 'reserve', reserve('k'), (app) => Object.assign(app, { isDiskLow: true })],
    ['outcome_unknown', 'reserve', reserve('k'), (app) => app.journal.failNext('fail')],
    ['draining', 'reserve', reserve('k'), (app) => app.selling.drain()],
    ['partition_unavailable', 'reserve', reserve('k'), (app) => app.partitions.put([])],
  ]

  test.each(cases)('%s, to %s', async (code, verb, input, arrange = () => undefined) => {
    const { each, ask } = await threeFaces()
    await each(async (app) => {
      await app.open(10, { perBuyer: 8 })
      await app.open(1, {}, 'last')
      await app.open(1, { paused: true }, 'paused')
      await app.open(1, { opensAt: START + 1_000 }, 'later')
      await app.open(1, { closesAt: START }, 'over')
      expect((await app.reserve('k1')).status).toBe(201)
      await arrange(app)
    })
    const { body } = await ask(verb, input)
    expect(body.code).toBe(code)
  })

  test('of the states that a reservation can be in', async () => {
    const { each, ask } = await threeFaces()
    await each((app) => app.open(10))
    const [sold, cancelled, held, expired] = await Promise.all(
      ['k1', 'k2', 'k3', 'k4'].map((key) => ask('reserve', reserve(key, 2))),
    )
    const told = async (verb: NativeVerb, input: object) => (await ask(verb, input)).body.code
    const ids = { sold: sold?.body.id, cancelled: cancelled?.body.id, expired: expired?.body.id }
    await ask('confirm', { id: ids.sold })
    await ask('cancel', { id: ids.cancelled })
    expect(await told('return', { id: held?.body.id })).toBe('not_confirmed')
    await each((app) => {
      app.now += 3_600_000
    })
    expect(await told('confirm', { id: ids.expired })).toBe('reservation_expired')
    expect(await told('confirm', { id: ids.cancelled })).toBe('already_cancelled')
    expect(await told('cancel', { id: ids.sold })).toBe('already_confirmed')
    expect(await told('return', { id: ids.sold, returnedTotal: 3 })).toBe('quantity_too_large')
  })

  randomTest('anything goes as it goes over HTTP', async (random) => {
    const { each, ask } = await threeFaces()
    await each((app) => app.open(30, { perBuyer: 12 }))
    await each((app) => app.open(5, {}, 'hat'))
    const ids = [NOBODY]
    for (let step = 0; step < 120; step++) {
      const verb = random.pick([...VERBS])
      const { body } = await ask(verb, randomInput(random, verb, ids))
      for (const { id } of [body, ...(body.results ?? [])]) if (id !== undefined) ids.push(id)
      if (!random.oneIn(10)) continue
      const passedMs = random.integer(1, 20_000)
      await each((app) => {
        app.now += passedMs
      })
    }
  })
})

const SINGLES = ['reserve', 'confirm', 'cancel', 'extend', 'return', 'get'] as const
const VERBS = ['reserve', 'reserve', ...SINGLES, 'batch', 'sku'] as const

function randomInput(random: Random, verb: NativeVerb, ids: readonly string[]): object {
  const id = random.pick(ids)
  const quantity = random.pick([1, 1, 2, 3, 5, 0, 1.5])
  const holdMs = random.pick([1_000, 10_000, 900_000, 10])
  const maybe = (more: object) => (random.oneIn(2) ? more : {})
  const odd = random.oneIn(20) ? { color: 'red' } : {}
  switch (verb) {
    case 'reserve':
      return {
        sku: random.pick(['shoe', 'shoe', 'hat', 'nothing', 'a b']),
        buyer: random.pick(['ada', 'bob', 'eve']),
        key: `k${random.integer(1, 30)}`,
        ...{ quantity, ...maybe({ holdMs }), ...maybe({ meta: 'm' }), ...odd },
      }
    case 'confirm':
      return { id, ...maybe({ quantity }), ...maybe({ paymentId: 'p' }), ...odd }
    case 'extend':
      return { id, holdMs, ...odd }
    case 'return':
      return { id, ...maybe({ returnedTotal: quantity }), ...odd }
    case 'cancel':
      return { id, ...odd }
    case 'get':
      return { id }
    case 'sku':
      return { sku: random.pick(['shoe', 'hat', 'nothing', 'a-b']) }
    case 'batch': {
      const operation = () => {
        const op = random.pick([...SINGLES])
        return { op, ...randomInput(random, op, ids) }
      }
      return { operations: Array.from({ length: random.integer(1, 6) }, operation), ...odd }
    }
  }
}

test('before there are partitions every call is told so', async () => {
  const server = await nats.server()
  await startNative(nats, server, new Partitions('cluster_not_found'))
  const client = new NativeClient(await nats.link(server))
  for (const encoding of ENCODINGS) {
    const { body } = await client.call('reserve', reserve('k'), encoding)
    expect(body).toMatchObject({ code: 'partition_unavailable', retryable: true })
  }
})
