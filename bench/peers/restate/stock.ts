// The sale as somebody who knows Restate would build it: a virtual object per SKU, whose exclusive handler reserves.
import {
  type ObjectContext,
  object,
  TerminalError,
  type VirtualObjectDefinition,
} from '@restatedev/restate-sdk'

/** What an object knows of its SKU, under the key `sale`. */
export interface Sale {
  readonly stock: number
  readonly available: number
  /** Units that one buyer may hold; no limit when left out. */
  readonly buyerMax?: number
}

/** One reservation, under a key of its own. */
export interface Hold {
  readonly buyer: string
  readonly quantity: number
}

export const SALE_KEY = 'sale'
export const HOLD_PREFIX = 'hold:'

interface Wish extends Hold {
  /** Chosen by whoever may repeat the call. */
  readonly id?: string
}

interface Answer extends Hold {
  readonly id: string
  readonly remaining: number
}

async function open(context: ObjectContext, sale: Sale): Promise<void> {
  context.set(SALE_KEY, sale)
}

/** Calls for one SKU come one at a time; what it sets and what it answers is one entry of Restate's log. */
async function reserve(context: ObjectContext, wish: Wish): Promise<Answer> {
  const { buyer, quantity } = wish
  const sale = await context.get<Sale>(SALE_KEY)
  if (sale === null) throw refusal('unknown_sku', 404)
  const id = wish.id ?? context.rand.uuidv4()
  const key = HOLD_PREFIX + id
  const isRepeat = wish.id !== undefined && (await context.get<Hold>(key)) !== null
  if (isRepeat) return { id, buyer, quantity, remaining: sale.available }
  const remaining = sale.available - quantity
  if (remaining < 0) throw refusal('sold_out', 409)
  if (sale.buyerMax !== undefined) await countBuyer(context, wish, sale.buyerMax)
  context.set<Sale>(SALE_KEY, { ...sale, available: remaining })
  context.set<Hold>(key, { buyer, quantity })
  return { id, buyer, quantity, remaining }
}

async function countBuyer(context: ObjectContext, hold: Hold, most: number): Promise<void> {
  const key = `buyer:${hold.buyer}`
  const held = ((await context.get<number>(key)) ?? 0) + hold.quantity
  if (held > most) throw refusal('limit', 409)
  context.set(key, held)
}

function refusal(code: string, errorCode: number): TerminalError {
  return new TerminalError(code, { errorCode })
}

/**
 * State is read key by key: an object comes to have as many keys as holds, and would otherwise be sent whole with each
 * call. The journals of answered calls are not kept.
 */
export const stock: VirtualObjectDefinition<
  'stock',
  { open: typeof open; reserve: typeof reserve }
> = object({
  name: 'stock',
  handlers: { open, reserve },
  options: { enableLazyState: true, journalRetention: 0 },
})
