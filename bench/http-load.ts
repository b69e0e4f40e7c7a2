// What HTTP benches share: autocannon on POST /v1/reservations, SKUs to sell, and the check that nothing was made up.
import autocannon from 'autocannon'
import { invariant } from '../core/invariant.ts'

export const CONNECTIONS = 256
const SKUS = 100
const STOCK = 1_000_000_000
const REFUSED = 409

export interface Load {
  readonly perSecond: number
  readonly answered: number
  readonly p50: number
  readonly p99: number
}

/**
 * POSTs reservations for `seconds`. Each connection cycles through its own SKU and buyer; no key, so that every request
 * is a new reservation. Fails unless all are answered as `expected`: made, or refused as sold out.
 */
export async function loadReservations(
  url: string,
  seconds: number,
  expected: 'made' | 'refused' = 'made',
): Promise<Load> {
  let connection = 0
  const result = await autocannon({
    url: `${url}/v1/reservations`,
    connections: CONNECTIONS,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    setupClient: (client) => {
      const number = connection++
      const sku = `sku-${number % SKUS}`
      client.setBody(JSON.stringify({ sku, buyer: `buyer-${number}`, quantity: 1 }))
    },
  })
  const codes = result.statusCodeStats as Readonly<Record<string, { readonly count: number }>>
  const good = expected === 'made' ? result['2xx'] : (codes[REFUSED]?.count ?? 0)
  invariant(good > 0 && result.errors === 0, 'the server answers')
  invariant(good === result['2xx'] + result.non2xx, `every request is ${expected}`)
  return {
    perSecond: good / result.duration,
    answered: good,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

/** Opens the SKUs that the load sells; with `stock` 0 they are sold out from the start. */
export async function openSkus(url: string, stock: number = STOCK): Promise<void> {
  for (let index = 0; index < SKUS; index++) {
    const response = await fetch(`${url}/v1/skus/sku-${index}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stock, holdMs: 3_600_000 }),
    })
    invariant(response.status === 201, 'every SKU is new')
  }
}

/**
 * Fails unless at least `made` units are held and none is lost or made up. autocannon drops what is in flight when its
 * time is up: the server may have made up to that many more.
 */
export async function checkHeld(url: string, made: number): Promise<void> {
  const response = await fetch(`${url}/v1/skus`)
  const { skus } = (await response.json()) as {
    skus: { stock: number; available: number; held: number; sold: number }[]
  }
  const held = skus.reduce((sum, sku) => sum + sku.held, 0)
  invariant(held >= made, 'every acknowledged reservation is held')
  invariant(
    skus.every((sku) => sku.available + sku.held + sku.sold === sku.stock),
    'no unit is lost or made',
  )
}
