// A state as the sections of a snapshot, and back: chunks of positional arrays in canonical order.

import type { Adjustment } from '../core/adjustments.ts'
import { LookAhead } from '../core/look-ahead.ts'
import { PartitionState } from '../core/partition-state.ts'
import type { RowState } from '../core/reservation-table.ts'
import {
  type PastUnitsRecord,
  pastUnitsRecords,
  type ReservationRecord,
  reservationRecords,
  restoreAdjustment,
  restorePastUnits,
  restoreReservations,
  restoreSku,
  type SkuRecord,
  skuRecords,
} from '../core/state-records.ts'
import { decodeRules, encodeRules, FieldReader, type Plain } from './event-codec.ts'
import { packr } from './message-pack.ts'

// A chunk is [section, …records].
const SKUS = 1
const RESERVATIONS = 2
const PAST_UNITS = 3
const ADJUSTMENTS = 4
const RECORDS_PER_CHUNK = 4_096

/** What a snapshot says of the state as a whole. */
export interface StateScalars {
  readonly lastSeq: number
  readonly lastAt: number
  readonly retentionMs: number
}

/** The state as chunks, each at most 4,096 records. Equal states give equal bytes. */
export function* encodeState(state: PartitionState): Generator<Buffer> {
  yield* encodeSection(SKUS, skuRecords(state), encodeSku)
  yield* encodeSection(RESERVATIONS, reservationRecords(state), encodeReservation)
  yield* encodeSection(PAST_UNITS, pastUnitsRecords(state), encodePastUnits)
  yield* encodeSection(ADJUSTMENTS, state.adjustments.values(), encodeAdjustment)
}

/** Builds a state chunk by chunk. Throws a TypeError or an InvariantError when the chunks make no state. */
export class StateDecoder {
  readonly state: PartitionState
  readonly #ahead: LookAhead

  /** `seed` is the new state's, see PartitionState. */
  constructor(scalars: StateScalars, seed: number) {
    this.state = new PartitionState(seed)
    this.state.lastSeq = scalars.lastSeq
    this.state.lastAt = scalars.lastAt
    this.state.retentionMs = scalars.retentionMs
    this.#ahead = new LookAhead(this.state)
  }

  add(chunk: Buffer): void {
    const [section, ...records] = packr.unpack(chunk) as Plain[]
    const readers = records.map((record) => new FieldReader(record))
    switch (section) {
      case SKUS:
        for (const reader of readers) restoreSku(this.state, decodeSku(reader))
        break
      case RESERVATIONS:
        restoreReservations(this.state, readers.map(decodeReservation), this.#ahead)
        break
      case PAST_UNITS:
        for (const reader of readers) restorePastUnits(this.state, decodePastUnits(reader))
        break
      case ADJUSTMENTS:
        for (const reader of readers) restoreAdjustment(this.state, decodeAdjustment(reader))
        break
      default:
        throw new TypeError(`unknown section ${String(section)}`)
    }
  }
}

function* encodeSection<Item>(
  section: number,
  items: Iterable<Item>,
  encode: (item: Item) => Plain[],
): Generator<Buffer> {
  let chunk: Plain[] = [section]
  for (const item of items) {
    chunk.push(encode(item))
    if (chunk.length <= RECORDS_PER_CHUNK) continue
    yield packr.pack(chunk)
    chunk = [section]
  }
  if (chunk.length > 1) yield packr.pack(chunk)
}

function encodeSku(record: SkuRecord): Plain[] {
  const { sku, openingStock, stock, available, held, sold, seq, rules } = record
  return [sku, openingStock, stock, available, held, sold, seq, encodeRules(rules)]
}

function decodeSku(reader: FieldReader): SkuRecord {
  return {
    sku: reader.text(),
    openingStock: reader.integer(),
    stock: reader.integer(),
    available: reader.integer(),
    held: reader.integer(),
    sold: reader.integer(),
    seq: reader.integer(),
    rules: decodeRules(reader.next()),
  }
}

function encodeReservation(record: ReservationRecord): Plain[] {
  const { id, skuIndex, buyer, state, quantity, remaining, holdMs } = record
  const { seq, reservedAt, until, confirmed, returned } = record
  const identity = [id.skuHash, id.high, id.middle, id.low, skuIndex, buyer]
  const counts = [state, quantity, remaining, confirmed, returned]
  return [...identity, ...counts, seq, reservedAt, holdMs, until]
}

function decodeReservation(reader: FieldReader): ReservationRecord {
  return {
    id: reader.id(),
    skuIndex: reader.integer(),
    buyer: reader.text(),
    state: reader.integer() as RowState,
    quantity: reader.integer(),
    remaining: reader.integer(),
    confirmed: reader.integer(),
    returned: reader.integer(),
    seq: reader.integer(),
    reservedAt: reader.integer(),
    holdMs: reader.integer(),
    until: reader.integer(),
  }
}

function encodePastUnits(record: PastUnitsRecord): Plain[] {
  return [record.skuIndex, record.buyer, record.units]
}

function decodePastUnits(reader: FieldReader): PastUnitsRecord {
  return { skuIndex: reader.integer(), buyer: reader.text(), units: reader.integer() }
}

function encodeAdjustment(made: Adjustment): Plain[] {
  const { sku, key, delta, reason, at, seq, stock, available, held, sold } = made
  return [sku, key, delta, reason, at, seq, stock, available, held, sold]
}

function decodeAdjustment(reader: FieldReader): Adjustment {
  return {
    sku: reader.text(),
    key: reader.text(),
    delta: reader.integer(),
    reason: reader.text(),
    at: reader.integer(),
    seq: reader.integer(),
    stock: reader.integer(),
    available: reader.integer(),
    held: reader.integer(),
    sold: reader.integer(),
  }
}
