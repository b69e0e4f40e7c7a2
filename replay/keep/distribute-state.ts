// Moves SKUs between partitions: each with its reservations, buyers and adjustments, whole.
import { checkState } from '../../core/check-state.ts'
import { invariant } from '../../core/invariant.ts'
import { ADJUSTMENTS_MAX } from '../../core/limits.ts'
import { partitionOfSku } from '../../core/partition-of.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { HELD } from '../../core/reservation-table.ts'
import { skuHashes } from '../../core/state-hash.ts'
import {
  pastUnitsRecords,
  reservationRecords,
  restoreAdjustment,
  restorePastUnits,
  restoreReservation,
  restoreSku,
  skuRecords,
} from '../../core/state-records.ts'
import { ReplayError } from '../errors.ts'
import { inOrder } from './in-order.ts'

/**
 * The states of `partitionCount` partitions that together hold what `sources` hold, as of the latest of their times.
 * @throws ReplayError `not_reshardable` when one would hold more than a partition may.
 */
export function distributeState(
  sources: readonly PartitionState[],
  partitionCount: number,
): readonly PartitionState[] {
  const states = Array.from({ length: partitionCount }, () => new PartitionState(1))
  for (const state of states) {
    state.lastSeq = Math.max(...sources.map(({ lastSeq }) => lastSeq))
    state.lastAt = Math.max(...sources.map(({ lastAt }) => lastAt))
    state.retentionMs = sources[0]?.retentionMs ?? state.retentionMs
  }
  const ownerOf = (sku: string) => states[partitionOfSku(sku, partitionCount)] as PartitionState
  for (const source of sources) {
    for (const record of skuRecords(source)) restoreSku(ownerOf(record.sku), record)
  }
  moveReservations(sources, ownerOf)
  for (const source of sources) {
    for (const record of pastUnitsRecords(source)) {
      const sku = skuNamed(source, record.skuIndex)
      const owner = ownerOf(sku)
      restorePastUnits(owner, { ...record, skuIndex: indexOf(owner, sku) })
    }
  }
  const adjustments = sources.map((source) => source.adjustments.values())
  for (const [made] of inOrder(adjustments, ({ at }) => at)) {
    restoreAdjustment(ownerOf(made.sku), made)
  }
  for (const state of states) {
    checkState(state)
    if (state.adjustments.count > ADJUSTMENTS_MAX) throw tooManyAdjustments(state.adjustments.count)
  }
  return states
}

// Forgetting goes by the order of ending, so the ended ones of all sources are merged by it; holds come last.
function moveReservations(
  sources: readonly PartitionState[],
  ownerOf: (sku: string) => PartitionState,
): void {
  const all = sources.map((source) => reservationRecords(source))
  for (const [record, index] of inOrder(all, ({ state, until }) =>
    state === HELD ? Number.MAX_SAFE_INTEGER : until,
  )) {
    const sku = skuNamed(sources[index] as PartitionState, record.skuIndex)
    const owner = ownerOf(sku)
    restoreReservation(owner, { ...record, skuIndex: indexOf(owner, sku) })
  }
}

function skuNamed(state: PartitionState, skuIndex: number): string {
  return state.actors[skuIndex]?.sku ?? ''
}

function indexOf(state: PartitionState, sku: string): number {
  return state.actorOf(sku)?.index ?? -1
}

/** Insists that every SKU has the state that it had, to the last reservation, and gives the hashes by name. */
export function requireSameSkus(
  before: readonly PartitionState[],
  after: readonly PartitionState[],
): ReadonlyMap<string, string> {
  const hashes = new Map(before.flatMap((state) => [...skuHashes(state)]))
  const moved = new Map(after.flatMap((state) => [...skuHashes(state)]))
  invariant(moved.size === hashes.size, 'no SKU is lost or doubled on its way')
  for (const [sku, hash] of hashes) {
    invariant(moved.get(sku) === hash, 'every SKU arrives as it was')
  }
  return hashes
}

function tooManyAdjustments(count: number): ReplayError {
  const message = `One partition would remember ${count} adjustments of at most ${ADJUSTMENTS_MAX}.`
  return new ReplayError('not_reshardable', `${message} Wait until some are forgotten.`)
}
