// Every call against the real HTTP face: results, refusals with their members, replays, keys.
import { describe, expect, test } from 'vitest'
import type { HoldfastClient } from '../../../gateway/client/holdfast-client.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'
import { CountingFetch, faultOf, granted, testClients } from './clients.ts'

const startApp = testApps()
const newClient = testClients()

/** Looks like a key, and falls out of JSON. */
const UNWRITABLE = Object.assign(() => 1, { toString: () => 'x' })

const ANN = { sku: 'shoe', buyer: 'ann', quantity: 2 } as const

async function selling(stock = 10, rules: object = {}): Promise<[TestApp, HoldfastClient, string]> {
  const app = await startApp()
  await app.open(stock, rules)
  const url = await app.app.listen({ port: 0, host: '127.0.0.1' })
  return [app, newClient(url), url]
}

describe('a reservation', () => {
  test('is held, confirmed in part, and returned', async () => {
    const [app, client] = await selling()
    const held = granted(await client.reserve({ ...ANN, holdMs: 5_000, meta: 'gift' }))
    expect(held).toEqual({
      id: held.id,
      ...ANN,
      state: 'held',
      confirmed: 0,
      returned: 0,
      expiresAt: app.now + 5_000,
      endedAt: undefined,
      remaining: 8,
      seq: '2',
      isReplay: false,
    })
    const request = { quantity: 1, paymentId: 'pay-1' }
    const sold = granted(await client.confirm(held.id, request))
    expect(sold).toMatchObject({ state: 'confirmed', confirmed: 1, endedAt: app.now })
    expect(granted(await client.confirm(held.id))).toEqual(sold)
    expect(granted(await client.return(held.id, { returnedTotal: 1 })).returned).toBe(1)
    expect(granted(await client.get(held.id)).returned).toBe(1)
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('is extended and cancelled', async () => {
    const [app, client] = await selling()
    const { id } = granted(await client.reserve(ANN))
    const extended = granted(await client.extend(id, { holdMs: 1_000_000 }))
    expect(extended.expiresAt).toBe(app.now + 1_000_000)
    expect(granted(await client.cancel(id)).state).toBe('cancelled')
    expect(granted(await client.cancel(id)).state).toBe('cancelled')
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('gets a key of its own each time, or the one that is given: then a repeat is a replay', async () => {
    const [app, client] = await selling()
    const first = granted(await client.reserve(ANN))
    const second = granted(await client.reserve(ANN))
    expect(second.id).not.toBe(first.id)
    const mine = granted(await client.reserve({ ...ANN, key: 'cart-1' }))
    const again = granted(await client.reserve({ ...ANN, key: 'cart-1' }))
    expect(again).toEqual({ ...mine, isReplay: true })
    expect(await app.units()).toEqual([4, 6, 0])
  })
})

describe('a refusal', () => {
  const ID = '00000000000000000000000000'

  test.each([
    ['buyer_limit', { perBuyer: 1 }, { limit: 1, used: 0 }],
    ['sale_not_open', { opensAt: 4e12 }, { opensAt: 4e12, retryable: true }],
    ['sale_closed', { closesAt: 1 }, { retryable: false }],
    ['sale_paused', { paused: true }, { retryable: true }],
    ['hold_limit', { holdMs: 1_000, maxHoldMs: 2_000 }, { maxHoldMs: 2_000 }],
  ])('of reserve says %s, with its members', async (code, rules, members) => {
    const [, client] = await selling(10, rules)
    const result = await client.reserve({ ...ANN, holdMs: 3_000 })
    expect(result).toMatchObject({ ok: false, refusal: { code, ...members } })
  })

  test('tells sold out for now from sold out for good', async () => {
    const [, client] = await selling(3)
    const { id } = granted(await client.reserve(ANN))
    const now = { available: 1, heldUnits: 2, final: false, retryable: true }
    expect(await client.reserve(ANN)).toMatchObject({ refusal: { code: 'sold_out', ...now } })
    await client.confirm(id)
    const good = { available: 1, heldUnits: 0, final: true, retryable: false }
    expect(await client.reserve(ANN)).toMatchObject({ refusal: { code: 'sold_out', ...good } })
  })

  test('can be switched on, its members typed', async () => {
    const [, client] = await selling(1)
    const result = await client.reserve(ANN)
    if (result.ok || result.refusal.code !== 'sold_out') throw new Error('it is sold out')
    const { available, final }: { available: number; final: boolean } = result.refusal
    expect([available, final]).toEqual([1, true])
  })

  test.each([
    ['unknown_sku', (client: HoldfastClient) => client.reserve({ ...ANN, sku: 'hat' })],
    ['unknown_reservation', (client: HoldfastClient) => client.get(ID)],
    ['unknown_sku', (client: HoldfastClient) => client.sku('hat')],
    ['stock_required', (client: HoldfastClient) => client.openSku('hat', {})],
    ['stock_fixed', (client: HoldfastClient) => client.openSku('shoe', { stock: 11 })],
    ['unknown_sku', (client: HoldfastClient) => client.amendSku('hat', { paused: true })],
    ['rules_contradict', (client: HoldfastClient) => client.amendSku('shoe', { maxHoldMs: 1_000 })],
    [
      'insufficient_available',
      (client: HoldfastClient) => client.adjustStock('shoe', { delta: -11, reason: 'lost' }),
    ],
  ])('may be %s', async (code, call) => {
    const [, client] = await selling()
    expect(await call(client)).toMatchObject({ ok: false, refusal: { code } })
  })

  test('comes of a key that is used for another quantity, and of a hold that ended', async () => {
    const [app, client] = await selling()
    const { id } = granted(await client.reserve({ ...ANN, key: 'k' }))
    const other = await client.reserve({ ...ANN, quantity: 1, key: 'k' })
    expect(other).toMatchObject({ refusal: { code: 'key_reused' } })
    expect(await client.return(id)).toMatchObject({ refusal: { code: 'not_confirmed' } })
    const tooMany = await client.confirm(id, { quantity: 3 })
    expect(tooMany).toMatchObject({ refusal: { code: 'quantity_too_large', limit: 2 } })
    app.now += 24 * 3_600_000 - 1
    expect(await client.confirm(id)).toMatchObject({ refusal: { code: 'reservation_expired' } })
  })
})

describe('a SKU', () => {
  test('is opened, changed, adjusted and looked up', async () => {
    const [, client] = await selling()
    const opened = await client.openSku('hat', { stock: 5, unitPrice: 1999, currency: 'EUR' })
    expect(opened).toMatchObject({ ok: true, sku: { sku: 'hat', stock: 5, state: 'open' } })
    const changed = await client.openSku('hat', { paused: true, perBuyer: 2 })
    expect(changed).toMatchObject({ sku: { state: 'paused', rules: { perBuyer: 2 } } })
    const request = { delta: 3, reason: 'found', key: 'shelf,"2"\\' }
    const adjusted = await client.adjustStock('hat', request)
    expect(adjusted).toMatchObject({ sku: { stock: 8, isReplay: false } })
    const again = await client.adjustStock('hat', request)
    expect(again).toMatchObject({ sku: { stock: 8, isReplay: true } })
    await client.adjustStock('hat', { delta: 1, reason: 'found' })
    const amended = await client.amendSku('hat', { paused: false, perBuyer: null })
    expect(amended).toMatchObject({ sku: { state: 'open', rules: { perBuyer: undefined } } })
    expect(await client.sku('hat')).toMatchObject({ sku: { stock: 9, available: 9, sold: 0 } })
  })
})

describe('a call that makes no sense', () => {
  test.each([
    ['a quantity', { quantity: 1.5 }],
    ['a quantity that is no number', { quantity: Number.NaN }],
    ['a buyer', { buyer: 'Ann B.' }],
    ['a hold', { holdMs: 1 }],
    ['a meta', { meta: 'x'.repeat(513) }],
  ])('is a fault of its own: %s', async (_, wrong) => {
    const [app, client] = await selling()
    const good = client.reserve(ANN)
    const fault = await faultOf(client.reserve({ ...ANN, ...wrong }))
    expect(fault).toMatchObject({ code: 'bad_request', problemCode: 'bad_request' })
    expect(fault).toMatchObject({ retryable: false, mayHaveHappened: false })
    expect(granted(await good).quantity, 'the rest of its batch stands').toBe(2)
    expect(await app.units()).toEqual([8, 2, 0])
  })

  test.each([
    ['a key with a blank', { key: 'a b' }],
    ['a key that is no text', { key: UNWRITABLE as unknown as string }],
    ['an empty key', { key: '' }],
    ['a meta beyond all measure', { meta: 'x'.repeat(2 ** 20) }],
    ['a member that JSON has not', { quantity: 1n as unknown as number }],
  ])('is not even sent: %s', async (_, wrong) => {
    const counting = new CountingFetch()
    const client = newClient('http://127.0.0.1:1', counting)
    expect((await faultOf(client.reserve({ ...ANN, ...wrong }))).code).toBe('bad_request')
    expect((await faultOf(client.sku('../skus'))).code).toBe('bad_request')
    const zero = client.reserve(ANN, { deadlineMs: 0 })
    expect((await faultOf(zero)).code).toBe('bad_request')
    expect(counting.bodies).toEqual([])
  })

  test('with a base URL that leads nowhere says so', async () => {
    const [, , url] = await selling()
    const client = newClient(`${url}/shop/`)
    const fault = await faultOf(client.reserve(ANN))
    expect(fault).toMatchObject({ code: 'bad_request', problemCode: 'not_found' })
    expect(fault.requestId).toMatch(/^\w+-\w+$/)
  })
})
