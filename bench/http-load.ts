// What HTTP benches share: autocannon on POST /v1/reservations, SKUs to sell, and the check that nothing was made up.
import autocannon from 'autocannon'
import { invariant } from '../core/invariant.ts'

export const CONNECTIONS = 256
export const BATCH_OPERATIONS = 100
/** For scenarios in which no answer may be `busy`, however full the cores are that all share. */
export const NEVER_BUSY: readonly string[] = ['--shed-delay-ms', '0']
/** What the load sells. */
export const SKUS: readonly string[] = Array.from({ length: 100 }, (_, index) => `sku-${index}`)
/** Units of each. */
export const STOCK = 1_000_000_000
const REFUSED = 409
const BUSY = 503

export interface Load {
  readonly perSecond: number
  readonly requestsPerSecond: number
  /** What was made, or refused where that was expected. */
  readonly answered: number
  readonly p50: number
  readonly p99: number
}

/** Where, and in what form, a server takes a reservation of one unit. */
export type RequestForm = (sku: string, buyer: string) => { path: string; body: object }

const OUR_FORM: RequestForm = (sku, buyer) => ({
  path: '/v1/reservations',
  body: { sku, buyer, quantity: 1 },
})

/**
 * POSTs reservations for `seconds`. Each connection cycles through its own SKU and buyer; no key, so that every request
 * is a new reservation. Fails unless all are answered as `expected`: made, or refused as sold out. What a server without
 * a core of its own sheds meanwhile is a request, and no reservation.
 */
export async function loadReservations(
  url: string,
  seconds: number,
  expected: 'made' | 'refused' = 'made',
  form: RequestForm = OUR_FORM,
): Promise<Load> {
  const result = await post(url, CONNECTIONS, seconds, (number) =>
    form(skuOf(number), `buyer-${number}`),
  )
  return loadOf(result, expected, 1)
}

/**
 * POSTs batches of BATCH_OPERATIONS reservations for `seconds`, all of them new. A batch of which the server was too busy
 * to take a part counts as nothing; what `checkHeld` finds held proves that all the others made what they said.
 */
export async function loadBatches(
  url: string,
  seconds: number,
  connections: number,
): Promise<Load> {
  const requestOf = (connection: number) => ({
    path: '/v1/batch',
    body: {
      operations: Array.from({ length: BATCH_OPERATIONS }, (_, index) => ({
        op: 'reserve',
        sku: skuOf(index),
        buyer: `buyer-${connection * BATCH_OPERATIONS + index}`,
        quantity: 1,
      })),
    },
  })
  const result = await post(url, connections, seconds, requestOf, isWhole)
  if (result.mismatches > 0) {
    process.stderr.write(`the machine is not idle: ${result.mismatches} batches not taken whole\n`)
  }
  return loadOf(result, 'made', BATCH_OPERATIONS)
}

/** Whether a batch's answer tells of no operation that the server refused. */
function isWhole(answer: unknown): boolean {
  return !String(answer).includes('"status":5')
}

/** Each connection sends the request of its number, over and over. */
function post(
  url: string,
  connections: number,
  seconds: number,
  requestOf: (connection: number) => ReturnType<RequestForm>,
  verifyBody?: (answer: unknown) => boolean,
): Promise<autocannon.Result> {
  let connection = 0
  return autocannon({
    url,
    connections,
    duration: seconds,
    setupClient: (client) => {
      const { path, body } = requestOf(connection++)
      const headers = { 'content-type': 'application/json' }
      client.setRequests([{ method: 'POST', path, headers, body: JSON.stringify(body) }])
    },
    ...(verifyBody && { verifyBody }),
  })
}

function loadOf(
  result: autocannon.Result,
  expected: 'made' | 'refused',
  reservationsEach: number,
): Load {
  const codes = result.statusCodeStats as Readonly<Record<string, { readonly count: number }>>
  const good = expected === 'made' ? result['2xx'] : (codes[REFUSED]?.count ?? 0)
  invariant(good > 0 && result.errors === 0, 'the server answers')
  const shed = expected === 'made' ? (codes[BUSY]?.count ?? 0) : 0
  if (shed > 0) process.stderr.write(`the machine is not idle: ${shed} requests were shed\n`)
  const isAll = good + shed === result['2xx'] + result.non2xx
  invariant(isAll, `every request is ${expected}: ${JSON.stringify(codes)}`)
  const answered = (good - result.mismatches) * reservationsEach
  return {
    perSecond: answered / result.duration,
    requestsPerSecond: (good + shed) / result.duration,
    answered,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

function skuOf(number: number): string {
  return SKUS[number % SKUS.length] as string
}

/** Opens the SKUs that the load sells; with `stock` 0 they are sold out from the start. */
export async function openSkus(url: string, stock: number = STOCK): Promise<void> {
  for (const sku of SKUS) {
    const response = await fetch(`${url}/v1/skus/${sku}`, {
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
  const skus = await readSkus(url)
  const held = skus.reduce((sum, sku) => sum + sku.held, 0)
  invariant(held >= made, 'every acknowledged reservation is held')
  invariant(
    skus.every((sku) => sku.available + sku.held + sku.sold === sku.stock),
    'no unit is lost or made',
  )
}

/** Fails if a single unit was given to anybody. */
export async function checkNothingSold(url: string): Promise<void> {
  const skus = await readSkus(url)
  invariant(skus.length === SKUS.length, 'every SKU is there')
  invariant(
    skus.every((sku) => sku.stock === 0 && sku.available === 0 && sku.held + sku.sold === 0),
    'nothing is held or sold',
  )
}

/** How a SKU stands; `GET /v1/skus` says more. */
export interface SkuState {
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
}

/** All SKUs of the server: no scenario has more than one page of them. */
export async function readSkus(url: string): Promise<readonly SkuState[]> {
  const response = await fetch(`${url}/v1/skus`)
  return ((await response.json()) as { skus: SkuState[] }).skus
}
