// Opens every SKU the file sells, with derived stock, and reads what the server counted before.
import { type ApiClient, refused } from './api-client.ts'
import { type ApiCall, unreadable } from './http-attempt.ts'
import { inParallel } from './in-parallel.ts'
import { openingStock } from './opening-stock.ts'
import type { SkuCounts } from './operations.ts'
import { readSku } from './read-sku.ts'
import { openLedger, type SkuLedger } from './sku-ledger.ts'
import type { SkuDemand } from './survey-file.ts'

interface OpenOptions {
  readonly client: ApiClient
  readonly demand: ReadonlyMap<string, SkuDemand>
  readonly stockShare: number
  readonly currency: string
  readonly holdMs: number
  readonly concurrency: number
  readonly onOpened: (skuCount: number) => void
}

export interface OpenedSkus {
  readonly ledgers: ReadonlyMap<string, SkuLedger>
  /** SKUs made by this drive, and those that stood there before. */
  readonly created: number
  readonly existing: number
  /** Of the existing ones, those whose stock is not the derived one: they keep theirs. */
  readonly otherStock: number
  /** The sum of all opening stocks, as they are on the server. */
  readonly stockUnits: number
  readonly demandUnits: number
}

/** @throws DriveError when the server does not take a SKU or stays away. */
export async function openSkus(options: OpenOptions): Promise<OpenedSkus> {
  const ledgers = new Map<string, SkuLedger>()
  const sum = { created: 0, existing: 0, otherStock: 0, stockUnits: 0, demandUnits: 0 }
  await inParallel([...options.demand], options.concurrency, async ([sku, demand]) => {
    const stock = openingStock(demand.units, options.stockShare)
    const isNew = await putSku(options, { sku, demand, stock })
    const created = { stock, available: stock, held: 0, sold: 0 }
    const before = isNew ? created : await readExisting(options.client, sku)
    ledgers.set(sku, openLedger(sku, before))
    sum[isNew ? 'created' : 'existing'] += 1
    if (before.stock !== stock) sum.otherStock += 1
    sum.stockUnits += before.stock
    sum.demandUnits += demand.units
    options.onOpened(ledgers.size)
  })
  return { ledgers, ...sum }
}

interface SkuPlan {
  readonly sku: string
  readonly demand: SkuDemand
  readonly stock: number
}

/** Answers whether the SKU was created: then its counts are known without asking. */
async function putSku(options: OpenOptions, plan: SkuPlan): Promise<boolean> {
  const { priceMinorUnits } = plan.demand
  const rules = {
    holdMs: options.holdMs,
    currency: options.currency,
    // A price below one minor unit would be told as 0, which is a claim: none is told then.
    ...(priceMinorUnits > 0 ? { unitPrice: priceMinorUnits } : {}),
  }
  const put = (body: object): ApiCall => ({ method: 'PUT', path: `/v1/skus/${plan.sku}`, body })
  let call = put({ ...rules, stock: plan.stock })
  let answer = await options.client.call(call)
  const { code } = answer.body
  if (answer.status === 409 && code === 'stock_fixed') {
    call = put(rules)
    answer = await options.client.call(call)
  }
  if (answer.status !== 200 && answer.status !== 201) throw refused(call, answer)
  return answer.status === 201
}

async function readExisting(client: ApiClient, sku: string): Promise<SkuCounts> {
  const counts = await readSku(client, sku)
  if (counts !== undefined) return counts
  throw unreadable({ method: 'GET', path: `/v1/skus/${sku}` }, '404 right after it was put')
}
