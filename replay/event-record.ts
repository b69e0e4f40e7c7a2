// An event as a flat record for people and tools: ids as text, times both as ms and as ISO, no nesting but the rules.
import type { Event } from '../core/event.ts'
import { NO_ROW } from '../core/hash-index.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { formatReservationId } from '../core/reservation-id.ts'

/** One event, and the counters of its SKU right after it. Fields that do not concern its kind are undefined. */
export interface EventRecord {
  readonly seq: number
  readonly at: number
  readonly time: string
  readonly type: Event['kind']
  readonly sku: string | undefined
  readonly reservation: string | undefined
  readonly buyer: string | undefined
  readonly quantity: number | undefined
  readonly holdMs: number | undefined
  readonly returnedTotal: number | undefined
  readonly paymentId: string | undefined
  readonly meta: string | undefined
  readonly stock: number | undefined
  readonly delta: number | undefined
  readonly reason: string | undefined
  readonly key: string | undefined
  readonly retentionMs: number | undefined
  readonly rules: object | undefined
  readonly available: number | undefined
  readonly held: number | undefined
  readonly sold: number | undefined
  /** Who did it, where it was an operator with a name. */
  readonly by: string | undefined
}

/** What `type` may say. */
export const EVENT_KINDS: readonly Event['kind'][] = [
  ...(['configured', 'opened', 'changed', 'adjusted', 'reserved'] as const),
  ...(['confirmed', 'cancelled', 'expired', 'extended', 'returned'] as const),
]

/** The columns of a record, in the order of every export. */
export const EVENT_COLUMNS: readonly (keyof EventRecord)[] = [
  ...(['seq', 'at', 'time', 'type', 'sku', 'reservation', 'buyer', 'quantity'] as const),
  ...(['holdMs', 'returnedTotal', 'paymentId', 'meta', 'stock', 'delta', 'reason'] as const),
  ...(['key', 'retentionMs', 'rules', 'available', 'held', 'sold', 'by'] as const),
]

/** The record of `event`, which `state` has just applied. */
export function eventRecord(event: Event, state: PartitionState): EventRecord {
  const fields: Partial<Record<keyof EventRecord, unknown>> = { ...event }
  const row = 'id' in event ? state.rowOf(event.id) : NO_ROW
  const account = row === NO_ROW ? NO_ROW : state.reservations.account(row)
  const actor = row === NO_ROW ? namedActor(event, state) : state.actorOfRow(row)
  return {
    seq: state.lastSeq,
    at: event.at,
    time: new Date(event.at).toISOString(),
    type: event.kind,
    sku: actor?.sku,
    reservation: 'id' in event ? formatReservationId(event.id) : undefined,
    buyer: account === NO_ROW ? undefined : state.accounts.buyer(account),
    quantity: fields.quantity as number | undefined,
    holdMs: fields.holdMs as number | undefined,
    returnedTotal: fields.returnedTotal as number | undefined,
    paymentId: fields.paymentId as string | undefined,
    meta: fields.meta as string | undefined,
    stock: fields.stock as number | undefined,
    delta: fields.delta as number | undefined,
    reason: fields.reason as string | undefined,
    key: fields.key as string | undefined,
    retentionMs: fields.retentionMs as number | undefined,
    rules: fields.rules as object | undefined,
    available: actor?.available,
    held: actor?.held,
    sold: actor?.sold,
    by: fields.by as string | undefined,
  }
}

function namedActor(event: Event, state: PartitionState) {
  return 'sku' in event ? state.actorOf(event.sku) : undefined
}
