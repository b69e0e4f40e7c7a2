// Reserves through a pool without HTTP, in a process of its own: asked for so many seconds, it tells what they came to.
import { build } from 'hdr-histogram-js'
import { invariant } from '../../../core/invariant.ts'
import type { ReservationId } from '../../../core/reservation-id.ts'
import { answerParent } from '../../answer-parent.ts'
import type { Sample } from '../../contestant.ts'
import { zipfReserves } from '../../engine/workloads.ts'
import { reserve as reserveOf } from '../../reserves.ts'
import { openPool } from './pool.ts'
import { type ReserveCall, reserve } from './reserve-call.ts'

export interface DirectQuestion {
  readonly socketFolder: string
  readonly seconds: number
}

/** What one run came to. */
export interface DirectRun {
  readonly made: number
  readonly sample: Sample
}

/** Longer runs begin again from the first SKU, with new buyers and ids. */
const DEMAND = 500_000
const demand = zipfReserves(DEMAND).map(({ sku }) => Number(sku.slice('sku-'.length)))
let pool: ReturnType<typeof openPool> | undefined
let next = 0

answerParent(async ({ socketFolder, seconds }: DirectQuestion): Promise<DirectRun> => {
  pool ??= openPool(socketFolder)
  const opened = await pool
  const latency = build({ numberOfSignificantValueDigits: 3 })
  const startedAt = performance.now()
  const until = startedAt + seconds * 1_000
  let made = 0
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < until; ) {
      const { outcome } = await reserve(opened, callOf(next++))
      invariant(outcome === 'made', 'every call is a new reservation')
      made++
      const answeredAt = performance.now()
      latency.recordValue(Math.round((answeredAt - now) * 1_000))
      now = answeredAt
    }
  }
  // As many callers as connections: more would only wait in the client.
  await Promise.all(Array.from({ length: opened.totalCount }, caller))
  const perSecond = (made * 1_000) / (performance.now() - startedAt)
  const percentile = (share: number) => latency.getValueAtPercentile(share) / 1_000
  const sample = { perSecond, requestsPerSecond: perSecond }
  return { made, sample: { ...sample, p50Ms: percentile(50), p99Ms: percentile(99) } }
})

function callOf(index: number): ReserveCall {
  const { id, sku, buyer, quantity } = reserveOf(index, demand[index % DEMAND] as number)
  return { id: uuidOf(id), sku, buyer, quantity }
}

function uuidOf({ skuHash, high, middle, low }: ReservationId): string {
  const words = [skuHash, high, middle, low]
  return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}
