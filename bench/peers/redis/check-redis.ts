// What Redis holds after a load of single units, counted over a connection of its own.
import { invariant } from '../../../core/invariant.ts'
import { RedisSale } from './redis-sale.ts'

/** Fails unless at least `made` units are held, each by a hold, and each SKU has available + held = stock. */
export async function checkRedis(port: number, made: number): Promise<void> {
  const sale = await RedisSale.connect(port)
  try {
    const { held, holds } = await sale.totals()
    invariant(held >= made, 'every acknowledged reservation is held')
    invariant(holds === held, 'every unit is held by a hold of one unit')
  } finally {
    await sale.close()
  }
}
