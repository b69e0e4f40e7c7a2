// The client's fast path on real owners behind a real nats-server: the same calls, results and faults as over HTTP.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { partitionOfSku } from '../../../core/partition-of.ts'
import { type ClientOptions, HoldfastClient } from '../../../gateway/client/holdfast-client.ts'
import { natsTransport } from '../../../gateway/client/nats-transport.ts'
import { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { faultOf, granted } from './clients.ts'

const directory = directoryForAll()
const clients: HoldfastClient[] = []
let nats: NatsServer
let cores: readonly HoldfastProcess[]

beforeAll(async () => {
  nats = new NatsServer({ directory: `${directory()}/nats` })
  await nats.start()
  cores = [0, 1].map((partition) => {
    const place = ['--partition', `${partition}/2`, '--data', directory(), '--lease-ms', '10000']
    const words = () => ['core', '--nats', nats.url, ...place]
    return new HoldfastProcess({ name: `core ${partition}`, words, readyWhen: 'serving' })
  })
  await Promise.all(cores.map((core) => core.start()))
})

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

afterAll(async () => {
  for (const core of cores) expect(await core.stop(), 'the journal proved the live state').toBe(0)
  await nats.stop()
})

function newClient(options: ClientOptions = {}, url = nats.url): HoldfastClient {
  const client = new HoldfastClient(natsTransport({ nats: url }), options)
  clients.push(client)
  return client
}

/** A name of a SKU that falls to the partition. */
function skuOf(partition: number, base: string): string {
  for (let number = 0; ; number++) {
    if (partitionOfSku(`${base}-${number}`, 2) === partition) return `${base}-${number}`
  }
}

describe('the fast path', () => {
  test('sells on every partition, from opening to return', async () => {
    const client = newClient()
    for (const sku of [skuOf(0, 'shoe'), skuOf(1, 'shoe')]) {
      const opened = await client.openSku(sku, { stock: 3, perBuyer: 2 })
      expect(opened).toMatchObject({ ok: true, sku: { sku, stock: 3, available: 3 } })
      const held = granted(await client.reserve({ sku, buyer: 'ann', quantity: 2, meta: 'gift' }))
      expect(held).toMatchObject({ sku, buyer: 'ann', quantity: 2, state: 'held', remaining: 1 })
      expect(granted(await client.confirm(held.id, { paymentId: 'p' })).state).toBe('confirmed')
      expect(granted(await client.return(held.id, { returnedTotal: 1 })).returned).toBe(1)
      expect(granted(await client.get(held.id)).confirmed).toBe(2)
      const adjusted = await client.adjustStock(sku, { delta: 5, reason: 'found', key: 'a-1' })
      expect(adjusted).toMatchObject({ ok: true, sku: { stock: 8, available: 7, isReplay: false } })
      const again = await client.adjustStock(sku, { delta: 5, reason: 'found', key: 'a-1' })
      expect(again).toMatchObject({ ok: true, sku: { stock: 8, isReplay: true } })
      const amended = await client.amendSku(sku, { perBuyer: null, paused: true })
      const rules = { perBuyer: undefined, paused: true, holdMs: 900_000 }
      expect(amended).toMatchObject({ ok: true, sku: { stock: 8, state: 'paused', rules } })
      const resumed = await client.amendSku(sku, { paused: false, opensAt: undefined })
      expect(resumed).toMatchObject({ ok: true, sku: { state: 'open' } })
      expect(await client.sku(sku)).toMatchObject({ ok: true, sku: { sold: 1 } })
    }
  })

  test('gives refusals as data, and mistakes as faults', async () => {
    const client = newClient()
    const sku = skuOf(1, 'hat')
    await client.openSku(sku, { stock: 1 })
    const order = { sku, buyer: 'ann', quantity: 1, key: 'cart' }
    const first = granted(await client.reserve(order))
    expect(granted(await client.reserve(order))).toMatchObject({ id: first.id, isReplay: true })
    const soldOut = await client.reserve({ ...order, buyer: 'bob' })
    expect(soldOut).toMatchObject({ ok: false, refusal: { code: 'sold_out', heldUnits: 1 } })
    expect(await client.sku('nobody')).toMatchObject({ refusal: { code: 'unknown_sku' } })
    const mistaken = client.reserve({ ...order, quantity: 1.5 })
    expect(await faultOf(mistaken)).toMatchObject({ code: 'bad_request' })
    for (const changes of [{}, { perBuyer: undefined }, { perBuyer: 0 }]) {
      expect(await faultOf(client.amendSku(sku, changes))).toMatchObject({ code: 'bad_request' })
    }
    expect(await client.amendSku(sku, { maxHoldMs: 1_000 })).toMatchObject({
      refusal: { code: 'rules_contradict', contradiction: 'holdMs must not exceed maxHoldMs' },
    })
    const contradicting = client.openSku('coat', { stock: 1, holdMs: 9_000, maxHoldMs: 2_000 })
    expect(await faultOf(contradicting)).toMatchObject({ code: 'bad_request' })
  })

  test('survives the kill of an owner: every call ends, and what was acknowledged is there once', async () => {
    const client = newClient({ deadlineMs: 30_000 })
    const sku = skuOf(0, 'bag')
    await client.openSku(sku, { stock: 10_000 })
    const calls = Array.from({ length: 2_000 }, (_, number) =>
      client.reserve({ sku, buyer: `b${number % 50}`, quantity: 1, key: `k${number}` }),
    )
    await Promise.race(calls)
    await cores[0]?.kill()
    await cores[0]?.start()
    const ids = (await Promise.all(calls)).map((result) => granted(result).id)
    expect(new Set(ids).size).toBe(2_000)
    expect(await client.sku(sku)).toMatchObject({
      ok: true,
      sku: { available: 8_000, held: 2_000 },
    })
  })

  test('that finds no cluster fails by the deadline as not executed', async () => {
    const client = newClient({ deadlineMs: 300 }, 'nats://127.0.0.1:9')
    const fault = await faultOf(client.reserve({ sku: 'shoe', buyer: 'ann', quantity: 1 }))
    expect(fault).toMatchObject({ code: 'unavailable' })
  })
})
