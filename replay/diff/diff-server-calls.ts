// What a comparison asks of a running server: where its partitions stand, and its SKUs page by page.
import type { SaleRules } from '../../core/rules.ts'
import { ReplayError } from '../errors.ts'
import type { SkuCounters } from './diff-fields.ts'

/** An answer later than this counts as none; a hash of millions of reservations takes a second. */
const ANSWER_MS_MAX = 30_000

/** A running server. */
export interface ServerAddress {
  /** Without a slash at its end. */
  readonly url: string
  /** A key with the scope `read`; undefined where none is asked for. */
  readonly apiKey: string | undefined
}

/** Where a partition of the server stands. */
export interface ServerPartition {
  readonly partition: number
  readonly lastSeq: number
  readonly stateHash: string
}

/** A SKU as the server tells it. */
export interface ServerSku extends SkuCounters {
  readonly sku: string
}

/** The partitions of the server. @throws ReplayError when no Holdfast answers there. */
export async function readPartitions({ url, apiKey }: ServerAddress): Promise<ServerPartition[]> {
  const address = `${url}/v1/partitions?hash=true`
  const { partitions } = await getObject(address, apiKey)
  if (!Array.isArray(partitions)) throw strange(address)
  return partitions.map((one: unknown) => {
    const { partition, lastSeq, stateHash } = objectOr(one, address)
    const isWhole = typeof partition === 'number' && typeof stateHash === 'string'
    if (!isWhole) throw strange(address)
    return { partition, lastSeq: seqOf(lastSeq, address), stateHash }
  })
}

/** All SKUs of the server in its order. @throws ReplayError when it does not answer as a Holdfast does. */
export async function* readSkus({ url, apiKey }: ServerAddress): AsyncGenerator<ServerSku> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const address: string = `${url}/v1/skus${after === '' ? '' : `?after=${encodeURIComponent(after)}`}`
    const page: Body = await getObject(address, apiKey)
    const { skus, next } = page
    if (!Array.isArray(skus)) throw strange(address)
    for (const one of skus) yield skuOf(objectOr(one, address), address)
    // An empty page that is not the last would be asked for again and again.
    const isSound = next === undefined || (typeof next === 'string' && skus.length > 0)
    if (!isSound) throw strange(address)
    after = next
  }
}

type Body = Readonly<Record<string, unknown>>

function skuOf(body: Body, address: string): ServerSku {
  const { sku, stock, available, held, sold, seq, rules } = body
  const counters = [stock, available, held, sold]
  const isWhole = typeof sku === 'string' && counters.every((units) => Number.isInteger(units))
  if (!isWhole) throw strange(address)
  return {
    ...({ sku, stock, available, held, sold } as Omit<ServerSku, 'seq' | 'rules'>),
    seq: seqOf(seq, address),
    rules: objectOr(rules, address) as unknown as SaleRules,
  }
}

async function getObject(address: string, apiKey: string | undefined): Promise<Body> {
  const { status, text } = await get(address, apiKey)
  const body = parsed(text)
  if (status !== 200) {
    const { code, detail } = isObject(body) ? body : {}
    const words = [code, detail].filter((word) => typeof word === 'string').join(': ')
    throw new ReplayError(
      'server_answer',
      `${address} answers ${status}${words === '' ? '. Is this a Holdfast server?' : ` ${words}`}`,
    )
  }
  return objectOr(body, address)
}

async function get(
  address: string,
  apiKey: string | undefined,
): Promise<{ status: number; text: string }> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const response = await fetch(address, { signal, headers })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw new ReplayError(
      'server_unreachable',
      `${address} does not answer (${reasonOf(cause)}). Does the server run, and is this its address?`,
      { cause },
    )
  }
}

// `fetch failed` hides the reason in its cause.
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function objectOr(value: unknown, address: string): Body {
  if (isObject(value)) return value
  throw strange(address)
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Text, because it outgrows a double some day.
function seqOf(value: unknown, address: string): number {
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  throw strange(address)
}

function strange(address: string): ReplayError {
  return new ReplayError(
    'server_answer',
    `${address} does not answer as a Holdfast server does. Is this its address?`,
  )
}
