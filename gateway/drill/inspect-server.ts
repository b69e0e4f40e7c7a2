// Looks at a running server from outside: does every SKU add up, and is every promise kept?

import type { Promised } from './acknowledged-log.ts'
import { DrillError } from './errors.ts'

const OPERATIONS_PER_BATCH = 1_000

interface SkuCounts {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
}

/** Units that break the conservation law. */
export interface Conservation {
  readonly skus: number
  /** Units sold or held beyond the stock. */
  readonly oversold: number
  /** Units of the stock that are neither available nor held nor sold. */
  readonly stranded: number
}

/** Reads every SKU and adds up. */
export async function inspectConservation(url: string): Promise<Conservation> {
  let skus = 0
  let oversold = 0
  let stranded = 0
  for (let after: string | undefined = ''; after !== undefined; ) {
    const query = after === '' ? '' : `?after=${after}`
    const page: SkuPage = await getJson<SkuPage>(`${url}/v1/skus${query}`)
    for (const { stock, available, held, sold } of page.skus) {
      oversold += Math.max(0, held + sold - stock, -available)
      stranded += Math.max(0, stock - available - held - sold)
    }
    skus += page.skus.length
    after = page.next
  }
  return { skus, oversold, stranded }
}

interface SkuPage {
  readonly skus: readonly SkuCounts[]
  readonly next?: string
}

/** How many of the promised reservations the server does not have, or has less of. */
export async function countLost(url: string, promised: Iterable<Promised>): Promise<number> {
  let lost = 0
  let batch: Promised[] = []
  for (const one of promised) {
    batch.push(one)
    if (batch.length < OPERATIONS_PER_BATCH) continue
    lost += await countLostOfBatch(url, batch)
    batch = []
  }
  return lost + (batch.length === 0 ? 0 : await countLostOfBatch(url, batch))
}

interface Found {
  readonly status: number
  readonly quantity?: number
  readonly confirmed?: number
  readonly returned?: number
}

async function countLostOfBatch(url: string, batch: readonly Promised[]): Promise<number> {
  const operations = batch.map(({ id }) => ({ op: 'get', id }))
  const response = await fetch(`${url}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operations }),
  })
  if (response.status !== 200) throw unexpected(`${url}/v1/batch`, response.status)
  const { results } = (await response.json()) as { results: readonly Found[] }
  return batch.filter((one, index) => !isKept(one, results[index])).length
}

function isKept(promised: Promised, found: Found | undefined): boolean {
  if (found?.status !== 200 || found.quantity !== promised.quantity) return false
  const isSold = (found.confirmed ?? 0) >= promised.confirmed
  return isSold && (found.returned ?? 0) >= promised.returned
}

async function getJson<Body>(url: string): Promise<Body> {
  const response = await fetch(url)
  if (response.status !== 200) throw unexpected(url, response.status)
  return (await response.json()) as Body
}

function unexpected(url: string, status: number): DrillError {
  return new DrillError('server_answer', `${url} answered ${status}`)
}
