// Messages of a partition's stock feed, and the question that asks for SKUs in it. Versioned MessagePack, positional.
import { Type } from '#typebox'
import { Compile } from '#typebox/compile'
import { invariant } from '../../core/invariant.ts'
import { STOCK_MAX, TIME_MS_MAX } from '../../core/limits.ts'
import { partitionOfSku } from '../../core/partition-of.ts'
import { packr } from '../../journal/message-pack.ts'
import { fields } from '../api/schemas.ts'
import type { StockEntry } from '../stock/stock-entry.ts'
import type { FramePlace } from './frame.ts'
import { stockSubject } from './subjects.ts'

const STOCK_VERSION = 1
export const STOCK_BYTES_MAX: number = 256 * 1_024
export const STOCK_ENTRIES_MAX = 1_024
const REASONS_MAX = 8
/** SKUs of one question. */
export const STOCK_ASK_MAX = 256
/** An entry with the longest SKU and the largest numbers. */
const ENTRY_BYTES_MAX = 128
/** Everything but entries, with eight longest reasons. */
const HEAD_BYTES_MAX = 1_024

invariant(
  HEAD_BYTES_MAX + STOCK_ENTRIES_MAX * ENTRY_BYTES_MAX <= STOCK_BYTES_MAX,
  'a message of all entries fits its bound',
)

/** One message. Numbers run without a gap for as long as one owner holds the partition, so a lost one is noticed. */
export interface StockMessage extends FramePlace {
  readonly epoch: number
  readonly number: number
  /** By the owner's monotonic clock, in whole ms. */
  readonly sentAtMs: number
  /** Changes that are younger than this, in ms, may still wait for a later message; older ones have been told. */
  readonly lagMs: number
  /** The owner's clock, in ms since 1970: what `until` of entries is held against. */
  readonly at: number
  /** A durable event; no entry of this message or a later one is older. */
  readonly seq: number
  /** Why the owner takes no new reservations; empty when it does. */
  readonly reasons: readonly string[]
  readonly entries: readonly StockEntry[]
}

const safe = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const instant = Type.Integer({ minimum: 0, maximum: TIME_MS_MAX })
const units = Type.Integer({ minimum: 0, maximum: STOCK_MAX })
const place = [
  Type.Integer({ minimum: 0, maximum: 9_999 }),
  Type.Integer({ minimum: 1, maximum: 9_999 }),
]
const states = ['open', 'not_open', 'closed', 'paused', 'sold_out'] as const
const entry = Type.Tuple([
  fields.sku,
  ...[units, units, units, units],
  Type.Union(states.map((state) => Type.Literal(state))),
  safe,
  Type.Union([instant, Type.Null()]),
])
const reason = Type.String({ pattern: '^[a-z_]{1,32}$' })
const messageForm = Compile(
  Type.Tuple([
    Type.Literal(STOCK_VERSION),
    ...place,
    ...[safe, safe, safe, safe, instant, safe],
    Type.Array(reason, { maxItems: REASONS_MAX }),
    Type.Array(entry, { maxItems: STOCK_ENTRIES_MAX }),
  ]),
)
const askForm = Compile(
  Type.Tuple([
    Type.Literal(STOCK_VERSION),
    ...place,
    Type.Array(fields.sku, { minItems: 1, maxItems: STOCK_ASK_MAX }),
  ]),
)

type EntryFields = [string, number, number, number, number, StockEntry['state'], number, unknown]
type Head = [1, number, number, number, number, number, number, number, number]
type MessageFields = [...Head, string[], EntryFields[]]
type AskFields = [1, number, number, string[]]

/** Why a message counts for nothing. */
export type StockRefusal = 'malformed' | 'version' | 'place'

/** Where a gateway asks the owner to tell of SKUs in the feed. No reply is given. */
export function stockAskSubject(cluster: string, partition: number): string {
  return `${stockSubject(cluster, partition)}.ask`
}

export function encodeStockMessage(message: StockMessage): Uint8Array {
  const { partition, partitionCount, epoch, number, sentAtMs, lagMs, at, seq } = message
  const bytes = packr.pack([
    ...[STOCK_VERSION, partition, partitionCount, epoch, number, sentAtMs, lagMs, at, seq],
    message.reasons.slice(0, REASONS_MAX),
    message.entries.map(encodeEntry),
  ])
  invariant(bytes.length <= STOCK_BYTES_MAX, 'a stock message keeps its bound')
  return bytes
}

/** The message that `bytes` hold for a listener of `own`, or why it counts for nothing. */
export function readStockMessage(bytes: Uint8Array, own: FramePlace): StockMessage | StockRefusal {
  const value = unpack(bytes)
  if (!Array.isArray(value)) return 'malformed'
  if (value[0] !== STOCK_VERSION) return 'version'
  if (!messageForm.Check(value)) return 'malformed'
  const [, partition, partitionCount, epoch, number, sentAtMs, lagMs, at, seq, reasons, wires] =
    value as unknown as MessageFields
  if (!isOwn({ partition, partitionCount }, own)) return 'place'
  const entries = wires.map(readEntry)
  if (!entries.every(({ sku }) => partitionOfSku(sku, partitionCount) === partition)) {
    return 'malformed'
  }
  const times = { sentAtMs, lagMs, at, seq }
  return { partition, partitionCount, epoch, number, ...times, reasons, entries }
}

export function encodeStockAsk(own: FramePlace, skus: readonly string[]): Uint8Array {
  return packr.pack([STOCK_VERSION, own.partition, own.partitionCount, skus])
}

/** The SKUs that somebody wants to hear of, or why the question counts for nothing. */
export function readStockAsk(bytes: Uint8Array, own: FramePlace): readonly string[] | StockRefusal {
  const value = unpack(bytes)
  if (!Array.isArray(value)) return 'malformed'
  if (value[0] !== STOCK_VERSION) return 'version'
  if (!askForm.Check(value)) return 'malformed'
  const [, partition, partitionCount, skus] = value as unknown as AskFields
  return isOwn({ partition, partitionCount }, own) ? skus : 'place'
}

function isOwn(place: FramePlace, own: FramePlace): boolean {
  return place.partition === own.partition && place.partitionCount === own.partitionCount
}

function encodeEntry(told: StockEntry): unknown[] {
  const { sku, stock, available, held, sold, state, seq, until } = told
  return [sku, stock, available, held, sold, state, seq, until ?? null]
}

function readEntry(wire: EntryFields): StockEntry {
  const [sku, stock, available, held, sold, state, seq, until] = wire
  const ends = typeof until === 'number' ? until : undefined
  return { sku, stock, available, held, sold, state, seq, until: ends }
}

function unpack(bytes: Uint8Array): unknown {
  if (bytes.length > STOCK_BYTES_MAX) return undefined
  try {
    return packr.unpack(bytes)
  } catch {
    return undefined
  }
}
