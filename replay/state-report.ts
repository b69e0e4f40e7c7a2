// A state as a report: the counters of every SKU, and what identifies the whole.
import type { PartitionState } from '../core/partition-state.ts'
import { stateHash } from '../core/state-hash.ts'
import { type SkuRecord, skuRecords } from '../core/state-records.ts'

export interface StateReport {
  readonly seq: number
  /** Time of the last event, in ms since 1970; undefined before the first. */
  readonly at: number | undefined
  readonly stateHash: string
  readonly reservations: number
  readonly holds: number
  readonly skus: readonly SkuRecord[]
}

/** The report on `state`, on one SKU only when `sku` is given. */
export function stateReport(state: PartitionState, sku?: string): StateReport {
  const skus = [...skuRecords(state)].filter((record) => sku === undefined || record.sku === sku)
  return {
    seq: state.lastSeq,
    at: state.lastSeq === 0 ? undefined : state.lastAt,
    stateHash: stateHash(state),
    reservations: state.reservations.count,
    holds: state.due.count,
    skus,
  }
}
