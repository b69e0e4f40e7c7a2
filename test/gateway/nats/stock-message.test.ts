// Messages of the stock feed: what is written is read, and nothing else is.
import { describe, expect, test } from 'vitest'
import { SKU_LENGTH_MAX, STOCK_MAX, TIME_MS_MAX } from '../../../core/limits.ts'
import {
  encodeStockAsk,
  encodeStockMessage,
  readStockAsk,
  readStockMessage,
  STOCK_ASK_MAX,
  STOCK_BYTES_MAX,
  STOCK_ENTRIES_MAX,
  type StockMessage,
  stockAskSubject,
} from '../../../gateway/nats/stock-message.ts'
import type { StockEntry } from '../../../gateway/stock/stock-entry.ts'
import { packr } from '../../../journal/message-pack.ts'

const PLACE = { partition: 0, partitionCount: 1 }
const HUGE = Number.MAX_SAFE_INTEGER

const entry: StockEntry = {
  ...{ sku: 'shoe', stock: 5, available: 0, held: 2, sold: 3 },
  ...{ state: 'sold_out', seq: 9, until: 1_700_000_000_000 },
}
const message: StockMessage = {
  ...{ ...PLACE, epoch: 3, number: 7, sentAtMs: 1_234, lagMs: 20, at: 1_700_000_000_000, seq: 9 },
  reasons: ['disk_low'],
  entries: [entry, { ...entry, sku: 'hat', state: 'open', available: 4, until: undefined }],
}
const good = packr.unpack(encodeStockMessage(message)) as unknown[]

/** The message with the field at `place` replaced. */
function broken(place: number, value: unknown): Uint8Array {
  const copy = [...good]
  copy[place] = value
  return packr.pack(copy)
}

describe('a stock message', () => {
  test('comes back as it went', () => {
    expect(readStockMessage(encodeStockMessage(message), PLACE)).toEqual(message)
    const empty = { ...message, reasons: [], entries: [] }
    expect(readStockMessage(encodeStockMessage(empty), PLACE)).toEqual(empty)
  })

  test('of the most and longest entries and reasons keeps its bound', () => {
    const longest: StockEntry = {
      ...{ stock: STOCK_MAX, available: STOCK_MAX, held: STOCK_MAX, sold: STOCK_MAX },
      ...{ sku: 's'.repeat(SKU_LENGTH_MAX), state: 'sold_out', seq: HUGE, until: TIME_MS_MAX },
    }
    const largest: StockMessage = {
      ...{ ...PLACE, epoch: HUGE, number: HUGE, sentAtMs: HUGE, lagMs: HUGE, at: TIME_MS_MAX },
      seq: HUGE,
      reasons: Array.from({ length: 8 }, () => 'r'.repeat(32)),
      entries: Array.from({ length: STOCK_ENTRIES_MAX }, () => longest),
    }
    const bytes = encodeStockMessage(largest)
    expect(bytes.length).toBeLessThan(STOCK_BYTES_MAX)
    expect(readStockMessage(bytes, PLACE)).toEqual(largest)
  })

  const bad: readonly (readonly [string, Uint8Array, string])[] = [
    ['no bytes', new Uint8Array(), 'malformed'],
    ['no MessagePack', Buffer.from('c1', 'hex'), 'malformed'],
    ['no array', packr.pack({ version: 1 }), 'malformed'],
    ['too many bytes', packr.pack([...good, 'x'.repeat(STOCK_BYTES_MAX)]), 'malformed'],
    ['another version', broken(0, 2), 'version'],
    ['another partition', broken(1, 1), 'place'],
    ['another count', broken(2, 2), 'place'],
    ['a negative epoch', broken(3, -1), 'malformed'],
    ['a number that is none', broken(4, '7'), 'malformed'],
    ['half a millisecond', broken(5, 0.5), 'malformed'],
    ['no lag', broken(6, null), 'malformed'],
    ['a time of no calendar', broken(7, TIME_MS_MAX + 1), 'malformed'],
    ['a seq beyond numbers', broken(8, 2 ** 60), 'malformed'],
    ['reasons in no words', broken(9, ['a b']), 'malformed'],
    ['too many reasons', broken(9, Array(9).fill('r')), 'malformed'],
    ['too many entries', broken(10, Array(1_025).fill((good[10] as unknown[])[0])), 'malformed'],
    ['an entry that is none', broken(10, [null]), 'malformed'],
    ['a SKU of bad form', broken(10, [['a b', 5, 0, 2, 3, 'sold_out', 9, null]]), 'malformed'],
    ['an unknown state', broken(10, [['shoe', 5, 0, 2, 3, 'gone', 9, null]]), 'malformed'],
    ['negative stock', broken(10, [['shoe', 5, -1, 2, 3, 'open', 9, null]]), 'malformed'],
    ['a field more', packr.pack([...good, 1]), 'malformed'],
    ['a field less', packr.pack(good.slice(0, -1)), 'malformed'],
  ]
  test.each(bad)('with %s counts for nothing', (_, bytes, reason) => {
    expect(readStockMessage(bytes, PLACE)).toBe(reason)
  })

  test('must not tell of SKUs of another partition', () => {
    const own = { partition: 1, partitionCount: 2 }
    const told = ['shoe', 'hat', 'bag', 'sock'].map((sku) => {
      const bytes = encodeStockMessage({ ...message, ...own, entries: [{ ...entry, sku }] })
      return typeof readStockMessage(bytes, own) !== 'string'
    })
    expect(told).toContain(true)
    expect(told).toContain(false)
  })
})

describe('a question', () => {
  test('comes back as it went, on a subject below the feed', () => {
    const skus = Array.from({ length: STOCK_ASK_MAX }, (_, number) => `sku-${number}`)
    expect(readStockAsk(encodeStockAsk(PLACE, skus), PLACE)).toEqual(skus)
    expect(stockAskSubject('main', 3)).toBe('holdfast.main.stock.3.ask')
  })

  test.each([
    ['nothing', new Uint8Array(), 'malformed'],
    ['no SKU', packr.pack([1, 0, 1, []]), 'malformed'],
    ['too many SKUs', packr.pack([1, 0, 1, Array(STOCK_ASK_MAX + 1).fill('s')]), 'malformed'],
    ['a SKU of bad form', packr.pack([1, 0, 1, ['a.b']]), 'malformed'],
    ['another version', packr.pack([9, 0, 1, ['s']]), 'version'],
    ['another place', packr.pack([1, 0, 2, ['s']]), 'place'],
  ])('with %s counts for nothing', (_, bytes, reason) => {
    expect(readStockAsk(bytes, PLACE)).toBe(reason)
  })
})
