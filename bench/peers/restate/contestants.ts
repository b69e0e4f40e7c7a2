// Restate as a contestant: a virtual object per SKU, called over its own HTTP ingress.
import { invariant } from '../../../core/invariant.ts'
import { Child } from '../../child.ts'
import type { Entry } from '../../contestant.ts'
import { type HttpServer, httpContestant } from '../../http-contestants.ts'
import { loadReservations, type RequestForm, SKUS, STOCK } from '../../http-load.ts'
import { compiledUrl } from '../compiled-url.ts'
import { PeerError } from '../peer-error.ts'
import { fetchRestate } from './fetch-restate.ts'
import { type Restate, startRestate } from './restate-server.ts'
import { HOLD_PREFIX, type Hold, SALE_KEY, type Sale } from './stock.ts'

const ANSWER_MS = 60_000
const NAME = 'Restate virtual object per SKU'

/** In what Restate is treated as its users would treat it, and where it is favoured. */
export const RESTATE_FAIRNESS =
  'Restate runs with its own defaults, one node with a synced log, and is called at its own ingress, without Fastify: POST /stock/SKU/reserve; each hold is a key of its own, state is read key by key, journals of answered calls are not kept, and the delayed call that would let a hold expire is left out.'

interface StoredState {
  readonly service_key: string
  readonly key: string
  readonly value_utf8: string
}

const form: RequestForm = (sku, buyer) => ({
  path: `/stock/${sku}/reserve`,
  body: { buyer, quantity: 1 },
})

/** Fetches the server where it is not there yet. */
export async function restateHttp(): Promise<Entry> {
  const program = await fetchRestate()
  if (typeof program !== 'string') return { name: NAME, skipped: program.missing }
  let restate: Restate | undefined
  const contestant = httpContestant({
    ...{ name: NAME, role: 'peer' },
    durability: 'fsync of its log per batch of entries, before the answer',
    start: async () => {
      restate = await startRestate(program)
      return serverOf(restate)
    },
    fill: openStock,
    load: (url, seconds) => loadReservations(url, seconds, 'made', form),
    check: (_, made) => checkStock(String(restate?.admin), made),
  })
  return { contestant }
}

async function serverOf(restate: Restate): Promise<HttpServer> {
  const endpoint = new Child(compiledUrl('restate/endpoint.js'))
  const stop = async () => {
    await endpoint.end()
    await restate.stop()
  }
  try {
    const uri = await endpoint.ask<string>({})
    await post(`${restate.admin}/deployments`, { uri })
    return { url: restate.ingress, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openStock(url: string): Promise<void> {
  const sale: Sale = { stock: STOCK, available: STOCK }
  await Promise.all(SKUS.map((sku) => post(`${url}/stock/${sku}/open`, sale)))
}

/** Asks Restate's own SQL for all that it has stored, rather than the objects. */
async function checkStock(admin: string, made: number): Promise<void> {
  const query = `SELECT service_key, key, value_utf8 FROM state WHERE service_name = 'stock'`
  const { rows } = (await post(`${admin}/query`, { query })) as { rows: StoredState[] }
  const held = new Map<string, number>()
  for (const { service_key: sku, key, value_utf8: value } of rows) {
    if (!key.startsWith(HOLD_PREFIX)) continue
    held.set(sku, (held.get(sku) ?? 0) + (JSON.parse(value) as Hold).quantity)
  }
  const sales = rows.filter(({ key }) => key === SALE_KEY)
  invariant(sales.length === SKUS.length, 'every SKU is there')
  for (const { service_key: sku, value_utf8: value } of sales) {
    const { stock, available } = JSON.parse(value) as Sale
    invariant(available + (held.get(sku) ?? 0) === stock, 'no unit is lost or made')
  }
  const total = [...held.values()].reduce((sum, units) => sum + units, 0)
  invariant(total >= made, 'every acknowledged reservation is held')
}

async function post(url: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  // It retries for minutes what its own service fails to do.
  const signal = AbortSignal.timeout(ANSWER_MS)
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal })
  const text = await response.text()
  if (!response.ok) throw new PeerError('set_up_failed', `${url} says ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
