// A process whose partition grows: holds that never end, with the real journal, as far as it is asked.
import { readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Reserve } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { HOLD_MS_MAX } from '../../core/limits.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import type { Journal } from '../../journal/journal.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { writeSnapshot } from '../../journal/snapshot-file.ts'
import { answerParent } from '../answer-parent.ts'
import { median } from '../machine.ts'
import { PartitionFeed } from '../partition-feed.ts'
import { openings, reserve, SKUS } from '../reserves.ts'
import { GcPauses } from './gc-pauses.ts'
import type { GrowerQuestion, Grown, Sold } from './growing.ts'

const IDENTITY = { clusterId: 'b'.repeat(32), partition: 0, partitionCount: 1 }
/** As `serve` by itself. */
const JOURNAL = { epoch: 1, segmentBytes: 256 * 2 ** 20, commitDeadlineMs: 10_000 }
/** Commands made at a time, outside the measured time: ten million at once would fill the heap. */
const CHUNK = 100_000
/** As many as lie between the two smallest sizes. */
const SOLD = 90_000
/** One alone is a fifth of a second. */
const SAMPLES = 5
/** From here on all samples together do not make the partition another size. */
const LARGE_FROM = SAMPLES * SOLD * 2
const WARM_UP = 200_000

class Grower {
  readonly #paths: PartitionPaths
  readonly #journal: Journal
  readonly #state: PartitionState
  readonly #feed: PartitionFeed
  readonly #gcPauses = new GcPauses()
  #made = 0

  private constructor(paths: PartitionPaths, journal: Journal) {
    this.#paths = paths
    this.#journal = journal
    this.#state = new PartitionState(1)
    this.#feed = new PartitionFeed(this.#state, journal, () => Date.now())
  }

  static async open(paths: PartitionPaths): Promise<Grower> {
    const journal = await openLmdbJournal(paths.journal, {
      ...{ identity: IDENTITY, head: EMPTY_HEAD },
      ...JOURNAL,
    })
    const grower = new Grower(paths, journal)
    await grower.#feed.submitAll(openings(SKUS, HOLD_MS_MAX))
    grower.#feed.turns.clear()
    return grower
  }

  async grow(to: number): Promise<Grown> {
    const { perSecond } = await this.#reserve(to - this.#made)
    invariant(this.#state.reservations.count === to, 'every reservation is live')
    const { reservations, accounts } = this.#state
    globalThis.gc?.()
    const residentBytes = process.memoryUsage.rss()
    const startedAt = performance.now()
    const snapshot = await this.#snapshot()
    return {
      ...{ perSecond, residentBytes, stateBytes: reservations.bytes + accounts.bytes },
      journalBytes: bytesBelow(this.#paths.journal),
      snapshotSeconds: (performance.now() - startedAt) / 1_000,
      snapshotBytes: statSync(snapshot.path).size,
      stateHash: snapshot.stateHash,
    }
  }

  async sell(): Promise<Sold> {
    const perSecond = median(await this.#samples())
    const turns = this.#feed.turns
    const longestPauseMs = Math.max(turns.longestMs, this.#gcPauses.longestMs)
    const sold = { perSecond, turnP999Ms: turns.percentileMs(0.999), longestPauseMs }
    turns.clear()
    this.#gcPauses.clear()
    return sold
  }

  async close(): Promise<void> {
    await this.#journal.close()
  }

  async #samples(): Promise<number[]> {
    const size = this.#made
    const samples = [await this.#reserve(SOLD)]
    while (samples.length < SAMPLES) {
      const isLarge = size >= LARGE_FROM
      samples.push(isLarge ? await this.#reserve(SOLD) : await this.#sampleOfAnother(size))
    }
    return samples.map(({ perSecond }) => perSecond)
  }

  // A small partition would outgrow its size: new ones of that size take the further samples.
  async #sampleOfAnother(size: number): Promise<{ perSecond: number }> {
    const place = join(dirname(this.#paths.root), 'another')
    const other = await Grower.open(partitionPaths(place, 0))
    await other.#reserve(size)
    const sample = await other.#reserve(SOLD)
    await other.close()
    rmSync(place, { recursive: true })
    return sample
  }

  async #reserve(count: number): Promise<{ perSecond: number }> {
    let seconds = 0
    for (let left = count; left > 0; left -= CHUNK) {
      const commands = Array.from({ length: Math.min(left, CHUNK) }, () => this.#next())
      // Else the garbage of the load, its last commands, would be collected in the partition's time.
      globalThis.gc?.()
      this.#gcPauses.begin()
      seconds += await this.#feed.submitAll(commands)
      await this.#gcPauses.end()
    }
    return { perSecond: count / seconds }
  }

  #next(): Reserve {
    const index = this.#made++
    return reserve(index, index % SKUS)
  }

  // One at a time: a snapshot of ten million is large.
  async #snapshot(): Promise<{ path: string; stateHash: string }> {
    rmSync(this.#paths.snapshots, { recursive: true, force: true })
    return writeSnapshot(this.#paths.snapshots, IDENTITY, this.#journal.head, this.#state)
  }
}

let grower: Grower | undefined

answerParent(async (question: GrowerQuestion): Promise<Grown | Sold | 'open'> => {
  if (question.kind === 'open') {
    await warmUp(join(dirname(question.paths.root), 'warm-up'))
    grower = await Grower.open(question.paths)
    return 'open'
  }
  invariant(grower !== undefined, 'it is opened first')
  return question.kind === 'grow' ? grower.grow(question.to) : grower.sell()
})

// The smallest size would be the slowest otherwise: measured before the compiler knew what it runs.
async function warmUp(data: string): Promise<void> {
  const other = await Grower.open(partitionPaths(data, 0))
  await other.grow(WARM_UP)
  await other.sell()
  await other.close()
  rmSync(data, { recursive: true })
}

function bytesBelow(path: string): number {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
}
