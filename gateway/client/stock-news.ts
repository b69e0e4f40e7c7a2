// What a stream of live stock tells, and how it is read.
import type { ServerEvent } from './event-parser.ts'
import { insist, isFields, readChoice, readCount, readText } from './read-fields.ts'
import type { SkuState } from './skus.ts'

/** The exact state of a SKU: `stock = available + held + sold`, always. */
export interface StockState {
  readonly kind: 'stock'
  readonly sku: string
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly state: SkuState
  /** The event that made it so; text, because it outgrows a double some day. */
  readonly seq: string
}

/** How much there is, where the server tells no numbers. */
export interface StockLevel {
  readonly kind: 'level'
  readonly sku: string
  readonly level: 'in' | 'low' | 'out'
}

/** Something may have been missed, or what was told before does not hold any more. Every state follows. */
export interface StockGap {
  readonly kind: 'gap'
  readonly reason: string
}

export type StockNews = StockState | StockLevel | StockGap

const STATES = ['open', 'not_open', 'closed', 'paused', 'sold_out'] as const
const LEVELS = ['in', 'low', 'out'] as const

/** The news in an event; undefined for an event of a kind that came later. @throws AttemptError `bad_answer`. */
export function readNews({ event, data }: ServerEvent): StockNews | undefined {
  if (event !== 'stock' && event !== 'gap') return undefined
  const fields = parse(data)
  insist(isFields(fields), 'the data of an event is an object')
  if (event === 'gap') return { kind: 'gap', reason: readText(fields, 'reason') }
  const sku = readText(fields, 'sku')
  const { level } = fields
  if (level !== undefined) {
    return { kind: 'level', sku, level: readChoice(fields, 'level', LEVELS) }
  }
  const news: StockState = {
    kind: 'stock',
    sku,
    stock: readCount(fields, 'stock'),
    available: readCount(fields, 'available'),
    held: readCount(fields, 'held'),
    sold: readCount(fields, 'sold'),
    state: readChoice(fields, 'state', STATES),
    seq: readText(fields, 'seq'),
  }
  insist(/^\d+$/.test(news.seq), 'seq is a number as text')
  insist(news.stock === news.available + news.held + news.sold, 'stock = available + held + sold')
  return news
}

/** Lets through what is new: another gateway may be a moment behind the one before. */
export class NewsFilter {
  readonly #known = new Map<string, StockNews>()

  isNew(news: StockNews): boolean {
    if (news.kind === 'gap') {
      this.#known.clear()
      return true
    }
    const known = this.#known.get(news.sku)
    const isNew = known === undefined || isNewer(news, known)
    if (isNew) this.#known.set(news.sku, news)
    return isNew
  }
}

function isNewer(news: StockState | StockLevel, known: StockNews): boolean {
  if (news.kind === 'level') return known.kind !== 'level' || known.level !== news.level
  if (known.kind !== 'stock') return true
  const [seq, knownSeq] = [BigInt(news.seq), BigInt(known.seq)]
  // Time alone changes the state as well.
  return seq > knownSeq || (seq === knownSeq && news.state !== known.state)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
