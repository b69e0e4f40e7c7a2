// A process of its own, under the recorder: one life of a server, without the network. It recovers, sells, snapshots.
// Usage: node recorded-life.js LIFE, a LifeOptions as JSON. It is killed by the recorder, or ends by itself.
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from '../../../core/command.ts'
import type { EventBlock } from '../../../core/partition.ts'
import { stateHash } from '../../../core/state-hash.ts'
import type { JournalHead } from '../../../journal/chain.ts'
import type { Journal } from '../../../journal/journal.ts'
import { takeOwnership } from '../../../journal/owner.ts'
import { EmbeddedPartition } from '../../embedded-partition.ts'
import type { Answer } from '../../partition-port.ts'
import { localTerms, type Recovered, recover } from '../../recover.ts'
import { SnapshotSchedule } from '../../snapshot-schedule.ts'
import { seededRandom } from '../random.ts'
import { writeNote } from './record-format.ts'
import { drillPaths, drillSettings } from './restart-image.ts'
import { saleCommands } from './sale-commands.ts'

/** Commands that are sent at once, at most. */
const BURST_MAX = 24
/** How long the crowd waits between two bursts, at most, so that snapshots begin in the middle of the sale. */
const PAUSE_MS_MAX = 12
const SNAPSHOT_INTERVAL_MS = 60
const SNAPSHOT_DEADLINE_MS = 60_000
/** The sale's clock runs faster than ours, so that holds end while it lasts. */
const CLOCK_FACTOR = 20

/** What a life is to do. */
export interface LifeOptions {
  readonly recording: string
  /** The folder that stands for the disk. */
  readonly disk: string
  readonly seed: number
  readonly commands: number
  readonly segmentBytes: number
}

async function live(options: LifeOptions): Promise<void> {
  const notes = openSync(options.recording, 'a')
  const paths = drillPaths(options.disk)
  const generation = takeOwnership(paths.root)
  const now = fastClock()
  const onSkippedSnapshot = () => undefined
  const recovered = await recover({
    ...{ paths, settings: drillSettings(options.segmentBytes), now, onSkippedSnapshot },
    ...{ partition: 0, partitionCount: 1, beginTerm: localTerms(generation) },
  })
  const { state, partition } = recovered
  writeNote(notes, { kind: 'life', seq: state.lastSeq, hash: stateHash(state) })
  const journal = new NotedJournal(recovered, notes)
  const selling = new EmbeddedPartition({
    ...{ partition, journal, now, isDiskLow: () => false },
    onFault: (fault) => {
      throw fault
    },
  })
  const snapshots = new SnapshotSchedule({
    ...{ paths, identity: journal.identity, intervalMs: SNAPSHOT_INTERVAL_MS },
    ...{ durableSeq: () => partition.durableSeq, snapshotSeq: recovered.snapshotSeq },
    onReport: (report) => {
      if (report.kind === 'failed') throw new Error(`a snapshot failed: ${report.reason}`)
    },
  })
  await sell(selling, options, notes)
  snapshots.stop()
  await selling.drain()
  await journal.close()
  await snapshots.takeWithin(SNAPSHOT_DEADLINE_MS)
  closeSync(notes)
}

async function sell(selling: EmbeddedPartition, options: LifeOptions, notes: number) {
  const random = seededRandom(options.seed)
  const commands = saleCommands(options.seed)
  let acknowledged = 0
  const answer = (outcome: Answer) => {
    const seq = seqOf(outcome)
    if (seq <= acknowledged) return
    acknowledged = seq
    writeNote(notes, { kind: 'acknowledged', seq })
  }
  for (let sent = 0; sent < options.commands; ) {
    const burst: Command[] = []
    const size = 1 + Math.floor(random() ** 2 * BURST_MAX)
    while (burst.length < size) burst.push(commands.next().value)
    sent += size
    const answered = Promise.all(burst.map((command) => askNoted(selling, command, answer)))
    // Now and then the next burst does not wait for this one's answers.
    if (random() < 0.7) await answered
    await delay(random() * PAUSE_MS_MAX)
  }
}

function askNoted(
  selling: EmbeddedPartition,
  command: Command,
  note: (answer: Answer) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const answer = (outcome: Answer) => {
      note(outcome)
      resolve()
    }
    selling.submit(command, { answer })
  })
}

// What an answer shows is the state as of a seq: from then on it is promised. A refusal promises nothing.
function seqOf(answer: Answer): number {
  return answer.kind === 'reservation' || answer.kind === 'sku' ? answer.seq : 0
}

/** The real journal; each block is noted with the state after it before it is appended. */
class NotedJournal implements Journal {
  readonly #recovered: Recovered
  readonly #notes: number

  constructor(recovered: Recovered, notes: number) {
    this.#recovered = recovered
    this.#notes = notes
  }

  get identity(): Journal['identity'] {
    return this.#recovered.journal.identity
  }

  get head(): JournalHead {
    return this.#recovered.journal.head
  }

  append(block: EventBlock): Promise<void> {
    const { state, journal } = this.#recovered
    // A block holds every event so far, so the live state is the one after it.
    writeNote(this.#notes, { kind: 'block', seq: state.lastSeq, hash: stateHash(state) })
    return journal.append(block)
  }

  close(): Promise<void> {
    return this.#recovered.journal.close()
  }
}

function fastClock(): () => number {
  const startedAt = Date.now()
  return () => startedAt + Math.round((Date.now() - startedAt) * CLOCK_FACTOR)
}

await live(JSON.parse(process.argv[2] ?? '') as LifeOptions)
