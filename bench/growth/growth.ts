// What grows with the number of live reservations, and what must not: speed, pauses, memory, snapshots, recovery.
import { statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { invariant } from '../../core/invariant.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { askOnce, Child } from '../child.ts'
import type { BenchOptions } from '../options.ts'
import { inPrivateFolder } from '../private-folder.ts'
import type { ScenarioReport } from '../scenario-report.ts'
import type { Grown, RecovererQuestion, Recovery, SizePoint, Sold } from './growing.ts'
import { growthCurves, growthFigures } from './growth-report.ts'
import { sizeName, sizesFor } from './sizes.ts'

const GROWER = new URL('./grower.js', import.meta.url)
const RECOVERER = new URL('./recoverer.js', import.meta.url)
/** Each takes a minute and a half. */
const ROUNDS_MAX = 2
/** A recovery from the whole journal that would take longer is left out. */
const JOURNAL_SECONDS_MAX = 30

/** Grows a new partition in every round. */
export async function benchGrowth(options: BenchOptions): Promise<ScenarioReport> {
  const rounds = options.isQuick ? 1 : Math.min(options.rounds, ROUNDS_MAX)
  const { measured, skipped } = sizesFor(options.isQuick, room())
  const all: SizePoint[][] = []
  for (let round = 1; round <= rounds; round++) {
    all.push(await inPrivateFolder((path) => growOnce(partitionPaths(path, 0), measured)))
    process.stderr.write(`growth: round ${round} of ${rounds}\n`)
  }
  return {
    name: 'growth',
    title: 'From ten thousand live reservations to ten million',
    method: METHOD,
    lines: [],
    figures: growthFigures(all),
    curves: growthCurves(all),
    checks: [
      'At every size the snapshot and the whole journal come to the state hash of the partition that sold.',
      'All reservations are live at every size; none is refused.',
    ],
    skipped,
  }
}

const METHOD = [
  'One partition with the real journal in a process of its own holds more and more reservations of one unit, each by a buyer of its own, 1,000 SKUs in turn, 1,000 commands per turn of the event loop; none ends.',
  'At each size: a snapshot is written, two new processes recover from it and from the whole journal one after the other, and the next 90,000 reservations are timed: five times in turn, of which the median stands; below 900,000 live each time with a partition of that size, from there on with the same, which grows by 450,000 meanwhile.',
  'A pause is whatever keeps the event loop: deciding a turn’s commands, encoding, answering, or collecting garbage; the longest one on the way from the size before counts, growing indexes included.',
  'The snapshot is written from memory by the process that sells, which stands still meanwhile; in production another process writes it from the journal.',
  'A recovery is timed in a process that has just started, as a real one is, with files in the page cache.',
]

function room(): { memoryBytes: number; diskBytes: number } {
  const { bavail, bsize } = statfsSync(tmpdir())
  return { memoryBytes: freemem(), diskBytes: bavail * bsize }
}

async function growOnce(paths: PartitionPaths, sizes: readonly number[]): Promise<SizePoint[]> {
  const grower = new Child(GROWER)
  const points: SizePoint[] = []
  try {
    await grower.ask({ kind: 'open', paths })
    for (const size of sizes) {
      const grown = await grower.ask<Grown>({ kind: 'grow', to: size })
      const recovered = await recover(paths, size, grown.stateHash, points.at(-1))
      const sold = await grower.ask<Sold>({ kind: 'sell' })
      points.push({ size, grown, sold, ...recovered })
      process.stderr.write(`growth: ${sizeName(size)} live\n`)
    }
    return points
  } finally {
    await grower.end()
  }
}

async function recover(
  paths: PartitionPaths,
  size: number,
  stateHash: string,
  before: SizePoint | undefined,
): Promise<Pick<SizePoint, 'fromSnapshotSeconds' | 'fromJournalSeconds'>> {
  const from = async (place: RecovererQuestion['from']): Promise<number> => {
    const recovery = await askOnce<Recovery>(RECOVERER, { paths, from: place })
    invariant(recovery.reservations === size, 'a recovery has every reservation')
    invariant(recovery.stateHash === stateHash, 'a recovery comes to the state that sold')
    return recovery.seconds
  }
  const fromSnapshotSeconds = await from('snapshot')
  const expected = ((before?.fromJournalSeconds ?? 0) * size) / (before?.size ?? size)
  const isLong = before !== undefined && !(expected <= JOURNAL_SECONDS_MAX)
  return { fromSnapshotSeconds, fromJournalSeconds: isLong ? undefined : await from('journal') }
}
