// Reads the journals of a sale and makes its report.
import type { PartitionState } from '../../core/partition-state.ts'
import { stateHash } from '../../core/state-hash.ts'
import type { JournalIdentity } from '../../journal/block-header.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { TO_THE_END, walk } from '../walk.ts'
import { LockStep } from './lock-step.ts'
import { PartitionTally } from './partition-tally.ts'
import type { Outcomes, PartitionRead, SaleReport } from './sale-report.ts'
import { SaleTally } from './sale-tally.ts'
import { bySold, type SkuRow, skuRow, topSkus, unitTotals } from './sku-rows.ts'

const TOP_BUYERS = 12

interface Taken {
  readonly read: PartitionRead
  readonly tally: PartitionTally
  readonly strandedUnits: number
}

export interface ReportHooks {
  /** Called after every block with the sum of the seqs reached, over all partitions. */
  readonly onProgress?: (seqs: number) => void
}

/**
 * Reads the journals of all `places` at once, in the order of time. Memory grows with their states, not with their
 * lengths. @throws JournalError when one of them is damaged or incomplete.
 */
export async function saleReport(
  places: readonly PartitionPaths[],
  hooks: ReportHooks = {},
): Promise<SaleReport> {
  const sale = new SaleTally()
  const gate = new LockStep(places.length)
  const tallies = places.map(() => new PartitionTally(sale))
  const onProgress = () =>
    hooks.onProgress?.(tallies.reduce((seqs, tally) => seqs + tally.baseSeq + tally.events, 0))
  const taken = await Promise.all(
    tallies.map((tally, index) => take(places[index] as PartitionPaths, tally, gate, onProgress)),
  )
  return reportOf(sale, taken)
}

async function take(
  paths: PartitionPaths,
  tally: PartitionTally,
  gate: LockStep,
  onProgress: () => void,
): Promise<Taken> {
  try {
    const { state, identity } = await walk(paths, TO_THE_END, {
      onBase: (state) => tally.begin(state),
      onEvent: (event, state) => {
        const turn = gate.turn(event.at)
        if (turn === undefined) return tally.take(event, state)
        return turn.then(() => tally.take(event, state))
      },
      onProgress,
    })
    gate.leave()
    const read = readOf(paths, identity, tally, state)
    return { read, tally, strandedUnits: tally.strandedUnits(state) }
  } catch (fault) {
    gate.stop(fault)
    throw fault
  }
}

function readOf(
  paths: PartitionPaths,
  identity: JournalIdentity | undefined,
  { events, baseSeq }: PartitionTally,
  state: PartitionState,
): PartitionRead {
  return {
    path: paths.root,
    clusterId: identity?.clusterId,
    partition: identity && `${identity.partition}/${identity.partitionCount}`,
    events,
    baseSeq,
    lastSeq: state.lastSeq,
    stateHash: stateHash(state),
  }
}

function reportOf(sale: SaleTally, taken: readonly Taken[]): SaleReport {
  const tallies = taken.flatMap(({ tally }) => tally.skus).sort(bySold)
  const skuRows = tallies.map(skuRow)
  return {
    partitions: taken.map(({ read }) => read),
    firstAt: sale.firstAt,
    lastAt: sale.lastAt,
    firstReservedAt: sale.firstReservedAt,
    lastReservedAt: sale.lastReservedAt,
    skus: {
      count: skuRows.length,
      ranOut: skuRows.filter(({ ranOutAfterMs }) => ranOutAfterMs !== undefined).length,
      soldOut: skuRows.filter(({ isSoldOut }) => isSoldOut).length,
    },
    units: {
      stock: sumOf(skuRows, 'stock'),
      available: sumOf(skuRows, 'available'),
      held: sumOf(skuRows, 'held'),
      sold: sumOf(skuRows, 'sold'),
    },
    before: { held: sumOf(skuRows, 'heldBefore'), sold: sumOf(skuRows, 'soldBefore') },
    outcomes: outcomesOf(sale),
    moved: unitTotals(tallies),
    returns: sale.events.get('returned') ?? 0,
    delay: sale.delays.report,
    busiestSecond: sale.busiestSecond,
    buyers: sale.buyers.count,
    topBuyers: sale.buyers.top(TOP_BUYERS),
    value: Object.fromEntries(
      [...sale.valueByCurrency].map(([currency, amount]) => [currency, String(amount)]),
    ),
    unpricedUnits: sale.unpricedUnits,
    curve: sale.curve.points,
    tempo: sale.tempo.tempo,
    topSkus: topSkus(tallies),
    skuRows,
    proof: {
      oversoldUnits: sale.oversoldUnits,
      strandedUnits: taken.reduce((units, one) => units + one.strandedUnits, 0),
      events: taken.reduce((events, { read }) => events + read.events, 0),
      baseSeqs: taken.reduce((seqs, { read }) => seqs + read.baseSeq, 0),
      lastSeqs: taken.reduce((seqs, { read }) => seqs + read.lastSeq, 0),
    },
  }
}

function outcomesOf({ events, heldBefore }: SaleTally): Outcomes {
  const [made = 0, confirmed = 0, cancelled = 0, expired = 0] = (
    ['reserved', 'confirmed', 'cancelled', 'expired'] as const
  ).map((kind) => events.get(kind))
  const held = heldBefore + made - confirmed - cancelled - expired
  return { made, heldBefore, confirmed, cancelled, expired, held }
}

type UnitsName = 'stock' | 'available' | 'held' | 'sold' | 'heldBefore' | 'soldBefore'

function sumOf(rows: readonly SkuRow[], name: UnitsName): number {
  return rows.reduce((sum, row) => sum + row[name], 0)
}
