// The same scripts without HTTP: a process that keeps reservations in flight on pipelined connections to Redis.
//
// Told where Redis is and for how long, it opens the SKUs of the engine's bench, reserves of them by the same law, each
// time with a new id and a new buyer, checks what Redis holds, and answers how many were made in how many seconds.
import { clearInterval, setInterval } from 'node:timers'
import { invariant } from '../../../core/invariant.ts'
import { answerParent } from '../../answer-parent.ts'
import { zipfReserves } from '../../engine/workloads.ts'
import { buyerName, SKUS, STOCK, skuName } from '../../reserves.ts'
import { checkRedis } from './check-redis.ts'
import { RedisSale } from './redis-sale.ts'

const HOLD_MS = 900_000
const SWEEP_EVERY_MS = 1_000
/**
 * Redis reads 16 KiB of a connection per turn of its loop, and with AOF always calls fsync once per turn: over one
 * connection a reservation took 21 µs of its processor time, over 4 connections 18, over 8 17. Everysec took 17 with any.
 */
const CONNECTIONS = 8
/** 256 keep Redis as busy; 4,096 only cost the client more. */
const IN_FLIGHT = 1_024
/** Longer runs begin again from the first. */
const DEMAND = 500_000

export interface DirectQuestion {
  readonly port: number
  readonly seconds: number
}

export interface DirectReply {
  readonly made: number
  readonly seconds: number
}

const demand = zipfReserves(DEMAND).map(({ sku }) => sku)

answerParent(async ({ port, seconds }: DirectQuestion): Promise<DirectReply> => {
  const sales = await connect(port)
  const report = await reserveFor(seconds, sales)
  await checkRedis(port, report.made)
  await Promise.all(sales.map((sale) => sale.close()))
  return report
})

async function connect(port: number): Promise<RedisSale[]> {
  const numbers = Array.from({ length: CONNECTIONS })
  const sales = await Promise.all(numbers.map(() => RedisSale.connect(port)))
  const names = Array.from({ length: SKUS }, (_, index) => skuName(index))
  await Promise.all(names.map((sku) => sales[0]?.openSku(sku, { stock: STOCK, holdMs: HOLD_MS })))
  return sales
}

async function reserveFor(seconds: number, sales: readonly RedisSale[]): Promise<DirectReply> {
  const sweep = setInterval(() => void sales[0]?.sweep(Date.now()), SWEEP_EVERY_MS)
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  let next = 0
  const reserveOn = async (sale: RedisSale): Promise<void> => {
    while (performance.now() < endsAt) {
      const { state } = await sale.reserve(wishOf(next++), Date.now())
      invariant(state === 'held', 'nothing is refused')
    }
  }
  const perSale = Array.from({ length: IN_FLIGHT / CONNECTIONS })
  await Promise.all(sales.flatMap((sale) => perSale.map(() => reserveOn(sale))))
  clearInterval(sweep)
  return { made: next, seconds: (performance.now() - startedAt) / 1_000 }
}

function wishOf(index: number) {
  const sku = demand[index % DEMAND] as string
  return { id: String(index).padStart(26, '0'), sku, buyer: buyerName(index), quantity: 1 }
}
