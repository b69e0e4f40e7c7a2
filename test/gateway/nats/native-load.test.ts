// The native API under load on a real nats-server: floods, several gateways, stopping, restarts, and being found.
import { errors, type Msg, RequestError } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../../core/invariant.ts'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import { LoadGauge } from '../../../gateway/load-gauge.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { NATIVE_IN_FLIGHT_MAX } from '../../../gateway/nats/native-api.ts'
import { NATIVE_VERBS } from '../../../gateway/nats/native-request.ts'
import type { PartitionPort } from '../../../gateway/partition-port.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import {
  CLUSTER,
  ENCODINGS,
  NativeClient,
  type NativeReply,
  readReply,
  startNative,
} from '../../fixtures/native.ts'
import { testNats } from '../../fixtures/nats.ts'
import { testApps } from '../../fixtures/test-app.ts'

const nats = testNats()
const start = testApps()

const INPUT = { sku: 'shoe', buyer: 'ada', quantity: 1 }
const GOOD = JSON.stringify(INPUT)
const SOLD = { op: 'reserve', ...INPUT }
const RESERVE = `holdfast.${CLUSTER}.api.reserve`

async function shop(stock = 100_000) {
  const app = await start()
  await app.open(stock)
  const server = await nats.server()
  const client = new NativeClient(await nats.link(server, 'client'))
  return { app, server, client }
}

interface Stats {
  readonly id: string
  readonly name: string
  readonly endpoints: readonly {
    readonly name: string
    readonly subject: string
    readonly queue_group: string
    readonly num_requests: number
    readonly num_errors: number
    readonly last_error: string
    readonly processing_time: number
  }[]
}

/** What each gateway says of itself, by id. */
async function statsOf({ connection }: NatsLink, count: number): Promise<Stats[]> {
  const options = { strategy: 'count', maxMessages: count, maxWait: 5_000 } as const
  const answers: Stats[] = []
  for await (const message of await connection.requestMany(
    '$SRV.STATS.holdfast-gateway',
    '',
    options,
  )) {
    answers.push(message.json())
  }
  return answers.sort((one, other) => one.id.localeCompare(other.id))
}

/** Sends without waiting; the answers come in by one subject. */
async function flood(link: NatsLink, subject: string, payload: string, count: number) {
  const inbox = `_INBOX.flood.${count}`
  const answers: Msg[] = []
  let onAnswer = () => undefined as unknown
  const subscription = link.connection.subscribe(`${inbox}.*`, {
    callback: (_, message) => {
      answers.push(message)
      onAnswer()
    },
  })
  for (let index = 0; index < count; index++) {
    link.connection.publish(subject, payload, { reply: `${inbox}.${index}` })
  }
  await link.connection.flush()
  return {
    answers,
    /** The first `wanted` answers, once they are there. */
    first: async (wanted: number) => {
      await new Promise<void>((resolve) => {
        onAnswer = () => answers.length >= wanted && resolve()
        onAnswer()
      })
      return answers.slice(0, wanted)
    },
    end: () => subscription.unsubscribe(),
  }
}

describe('a flood', () => {
  test('that keeps the gateway late costs new reservations first, and confirmations never', async () => {
    const { app, server, client } = await shop()
    const id = await app.held('paid')
    const endings: (() => void)[] = []
    let nowMs = 0
    const afterPoll = (end: () => void) => void endings.push(end)
    const gauge = new LoadGauge({ targetMs: 20, monotonicMs: () => nowMs, afterPoll })
    for (let poll = 0; poll < 6; poll++) {
      for (let count = 0; count < 512; count++) gauge.refuses('server')
      nowMs += 25
      endings[poll]?.()
    }
    const underWay: (() => void)[] = []
    while (!gauge.refuses('reserve')) underWay.push(gauge.take())
    nowMs += 21
    await startNative(nats, server, app.partitions, { gauge })
    const refused = await client.call('reserve', INPUT)
    expect(refused).toMatchObject({ status: 503, body: { code: 'busy', retryable: true } })
    expect((await client.call('get', { id })).status).toBe(503)
    expect((await client.call('confirm', { id })).status).toBe(200)
    const operations = [{ op: 'reserve', ...INPUT }]
    const batch = await client.call('batch', { operations })
    expect(batch.body.results).toMatchObject([{ status: 503, code: 'busy' }])
    expect(gauge.shed).toEqual({ reserve: 3, read: 1 })
    underWay.pop()?.()
    expect((await client.call('reserve', INPUT)).status).toBe(201)
    expect((await client.call('reserve', INPUT)).status, 'it is under way no more').toBe(201)
  })

  test('beyond what may be in flight is told busy at once, and all else is answered', async () => {
    const { app, server, client } = await shop()
    const native = await startNative(nats, server, app.partitions)
    app.journal.hold()
    const operations = Array.from({ length: 1_000 }, () => SOLD)
    const batches = Math.ceil(NATIVE_IN_FLIGHT_MAX / operations.length)
    const subject = `holdfast.${CLUSTER}.api.batch`
    const sent = await flood(client.link, subject, JSON.stringify({ operations }), batches + 2)
    const refused = (await sent.first(2)).map(readReply)
    expect(refused.map(({ body }) => body.code)).toEqual(['busy', 'busy'])
    for (const encoding of ENCODINGS) {
      const reply = await client.call('reserve', INPUT, encoding)
      expect(reply).toMatchObject({ status: 503, body: { code: 'busy', retryable: true } })
    }
    expect(native.api.inFlight).toBe(batches * operations.length)
    expect(sent.answers).toHaveLength(2)
    app.journal.letGo()
    const taken = (await sent.first(batches + 2)).slice(2).map(readReply)
    const results = taken.flatMap(({ body }) => body.results ?? [])
    expect(results.filter(({ status }) => status === 201)).toHaveLength(batches * 1_000)
    expect(native.api.inFlight).toBe(0)
    expect((await client.call('reserve', INPUT)).status).toBe(201)
    expect(await app.units()).toEqual([100_000 - batches * 1_000 - 1, batches * 1_000 + 1, 0])
  })

  test('of one turn shares its commits', async () => {
    const { app, server, client } = await shop()
    await startNative(nats, server, app.partitions)
    const before = app.disk.blocks.length
    const sent = await flood(client.link, RESERVE, GOOD, 2_000)
    await sent.first(2_000)
    expect(app.disk.blocks.length - before).toBeLessThan(500)
    expect(await app.units()).toEqual([98_000, 2_000, 0])
  })
})

describe('several gateways', () => {
  test('share the calls, and each call is executed once', async () => {
    const { app, server, client } = await shop()
    const gateways = ['gateway-1', 'gateway-2', 'gateway-3']
    for (const gatewayId of gateways) await startNative(nats, server, app.partitions, { gatewayId })
    const sent = await flood(client.link, RESERVE, GOOD, 600)
    const replies = (await sent.first(600)).map(readReply)
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(600)
    expect(await app.units()).toEqual([99_400, 600, 0])
    const stats = await statsOf(client.link, 3)
    const counts = stats.map(({ endpoints }) => endpoints[0]?.num_requests ?? 0)
    expect(stats.map(({ id }) => id)).toEqual(gateways)
    expect(counts.reduce((sum, count) => sum + count)).toBe(600)
    for (const count of counts) expect(count).toBeGreaterThan(0)
    expect(sent.answers).toHaveLength(600)
  })

  test('when one stops under load, nothing is lost', async () => {
    const { app, server, client } = await shop()
    const leaving = await startNative(nats, server, app.partitions)
    await startNative(nats, server, app.partitions, { gatewayId: 'gateway-2' })
    const calls = Array.from({ length: 1_500 }, () => client.call('reserve', INPUT))
    await calls[0]
    await leaving.api.stop()
    const late = Array.from({ length: 500 }, () => client.call('reserve', INPUT))
    const replies = await Promise.all([...calls, ...late])
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(2_000)
    expect(await app.units()).toEqual([98_000, 2_000, 0])
    expect(await statsOf(client.link, 1)).toMatchObject([{ id: 'gateway-2' }])
  })
})

describe('stopping', () => {
  /** Its answer, or that nobody was there: certainly not executed. */
  const settled = (call: Promise<NativeReply>): Promise<NativeReply | 'nobody'> =>
    call.catch((error: unknown) => {
      if (error instanceof RequestError && error.isNoResponders()) return 'nobody' as const
      throw error
    })

  test('answers what was taken, and tells all others that nobody is there', async () => {
    const { app, server, client } = await shop()
    let stopped: Promise<void> | undefined
    // Stops while the first call is being taken: those behind it have left the server already.
    class Stopping extends Partitions {
      override submit(...command: Parameters<Partitions['submit']>): void {
        stopped ??= native.api.stop()
        super.submit(...command)
      }
    }
    const partitions = new Stopping()
    partitions.put([app.selling])
    const native = await startNative(nats, server, partitions)
    const calls = Array.from({ length: 1_000 }, () => settled(client.call('reserve', INPUT)))
    await calls[0]
    const late = Array.from({ length: 200 }, () => settled(client.call('reserve', INPUT)))
    await stopped
    expect(native.api.inFlight).toBe(0)
    const replies = await Promise.all([...calls, ...late])
    const made = replies.filter((reply) => reply !== 'nobody')
    expect(made.every(({ status }) => status === 201)).toBe(true)
    expect(made.length, 'it was stopped under load').toBeGreaterThan(1)
    expect(await app.units()).toEqual([100_000 - made.length, made.length, 0])
    expect(await settled(client.call('reserve', INPUT))).toBe('nobody')
    await native.api.stop()
  })

  test('waits for answers that the disk still keeps back', async () => {
    const { app, server, client } = await shop()
    const native = await startNative(nats, server, app.partitions)
    app.journal.hold()
    const call = client.call('reserve', INPUT)
    const operations = [SOLD, SOLD]
    const batch = client.call('batch', { operations })
    await expect.poll(() => native.api.inFlight).toBe(3)
    let isStopped = false
    const stopped = native.api.stop().then(() => {
      isStopped = true
    })
    // From here on the server knows.
    await native.link.connection.flush()
    await expect(client.call('reserve', INPUT)).rejects.toMatchObject({
      cause: expect.any(errors.NoRespondersError),
    })
    expect(isStopped).toBe(false)
    const again = native.api.stop()
    app.journal.letGo()
    await Promise.all([stopped, again])
    expect((await call).status).toBe(201)
    expect((await batch).body.results).toHaveLength(2)
  })

  test('is quick while nats-server is away, and harmless before the start and twice', async () => {
    const { app, server } = await shop()
    const native = await startNative(nats, server, app.partitions)
    await killAndNotice(server, native.link)
    await native.api.stop()
    await native.api.stop()
  })
})

function killAndNotice(server: NatsServer, link: NatsLink): Promise<unknown> {
  const down = new Promise<void>((resolve) => link.onChange((isUp) => !isUp && resolve()))
  return Promise.all([down, server.kill()])
}

test('when nats-server was killed and came back, calls are taken again; its lost answers are lost', async () => {
  const { app, server, client } = await shop()
  const native = await startNative(nats, server, app.partitions)
  app.journal.hold()
  const lost = client.call('reserve', { ...INPUT, key: 'k1' }).catch(() => 'lost')
  await expect.poll(() => native.api.inFlight).toBe(1)
  const back = Promise.all(
    [native.link, client.link].map(
      (link) => new Promise<void>((resolve) => link.onChange((isUp) => isUp && resolve())),
    ),
  )
  await killAndNotice(server, native.link)
  app.journal.letGo()
  await expect.poll(() => native.api.inFlight).toBe(0)
  await server.start()
  await back
  await native.link.connection.flush()
  const again = await client.call('reserve', { ...INPUT, key: 'k1' })
  expect(again).toMatchObject({ status: 200, head: { 'Idempotent-Replayed': 'true' } })
  expect(await app.units()).toEqual([99_999, 1, 0])
  const [stats] = await statsOf(client.link, 1)
  expect(stats?.endpoints[0]).toMatchObject({
    num_requests: 2,
    num_errors: 1,
    last_error: 'the answer could not be sent',
  })
  expect(await Promise.race([lost, 'still waiting'])).toBe('still waiting')
})

test('it is found with all its verbs, and counts each', async () => {
  const { app, server, client } = await shop()
  await startNative(nats, server, app.partitions)
  const info = await client.link.connection.request('$SRV.INFO.holdfast-gateway.gateway-1')
  expect(info.json()).toMatchObject({
    ...{ name: 'holdfast-gateway', id: 'gateway-1', version: '1.2.3' },
    metadata: { cluster: CLUSTER },
    endpoints: NATIVE_VERBS.map((name) => ({
      ...{ name, subject: `holdfast.${CLUSTER}.api.${name}`, queue_group: 'gateways' },
    })),
  })
  const made = await client.call('reserve', INPUT)
  await client.call('reserve', { ...INPUT, sku: 'nothing' })
  await client.call('sku', { sku: 'shoe' })
  for (const verb of ['confirm', 'cancel', 'extend', 'return', 'get'] as const) {
    await client.call(verb, { id: made.body.id, ...(verb === 'extend' ? { holdMs: 1_000 } : {}) })
  }
  await client.call('batch', { operations: [SOLD, { op: 'x' }] })
  client.link.connection.publish(RESERVE, GOOD)
  await client.link.connection.flush()
  const [stats] = await statsOf(client.link, 1)
  const counts = stats?.endpoints.map((endpoint) => [
    endpoint.name,
    endpoint.num_requests,
    endpoint.num_errors,
    endpoint.last_error,
  ])
  expect(counts).toEqual([
    ['reserve', 3, 2, 'no reply subject that we answer to'],
    ['confirm', 1, 0, ''],
    ['cancel', 1, 1, '409 already_confirmed'],
    ['extend', 1, 1, '409 already_confirmed'],
    ['return', 1, 0, ''],
    ['get', 1, 0, ''],
    ['batch', 1, 0, ''],
    ['sku', 1, 0, ''],
  ])
  expect(stats?.endpoints[0]?.processing_time).toBeGreaterThan(0)
})

describe('a bug on the way', () => {
  /** Partitions of which the only one does `submit`. */
  function partitionsThat(submit: PartitionPort['submit']): Partitions {
    const partitions = new Partitions()
    partitions.put([{ submit, unreadyReasons: () => [] }])
    return partitions
  }

  test('after an answer changes nothing of it', async () => {
    const late = partitionsThat((_, ticket) => {
      ticket.answer({ kind: 'fault', code: 'partition_unavailable' })
      throw new InvariantError('planted')
    })
    const server = await nats.server()
    const native = await startNative(nats, server, late)
    const { link } = new NativeClient(await nats.link(server))
    const sent = await flood(link, RESERVE, GOOD, 1)
    await sent.first(1)
    await native.link.connection.flush()
    await link.connection.flush()
    expect(sent.answers.map((answer) => readReply(answer).status)).toEqual([503])
    expect(native.bugs).toHaveLength(1)
    expect(native.api.inFlight).toBe(0)
  })

  test('is answered 500, stops the process, and costs no connection', async () => {
    const server = await nats.server()
    const broken = partitionsThat(() => {
      throw new InvariantError('planted')
    })
    const native = await startNative(nats, server, broken)
    const client = new NativeClient(await nats.link(server))
    for (const encoding of ENCODINGS) {
      const single = await client.call('reserve', INPUT, encoding)
      expect(single).toMatchObject({ status: 500, body: { code: 'internal_error' } })
      expect(JSON.stringify(single.body)).not.toMatch(/planted/)
      const batch = await client.call('batch', { operations: [SOLD] }, encoding)
      expect(batch.status).toBe(500)
    }
    expect(native.bugs).toHaveLength(4)
    expect(native.troubles).toHaveLength(4)
    expect(native.api.inFlight).toBe(0)
    expect(native.linkChanges).toEqual([])
  })
})
