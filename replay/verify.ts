// The whole truth about a journal: every block, every event, every invariant, every snapshot.
import { existsSync } from 'node:fs'
import { checkState } from '../core/check-state.ts'
import type { Event } from '../core/event.ts'
import { InvariantError } from '../core/invariant.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { stateHash } from '../core/state-hash.ts'
import { EVENTS, OPENING } from '../journal/block-header.ts'
import { Chain } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import type { StoredBlock } from '../journal/journal.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { listSnapshots, readSnapshot, type SnapshotPlace } from '../journal/snapshot-file.ts'
import { applyEvent } from './apply-event.ts'
import { type Beginning, beginningOf, emptyBeginning } from './beginning.ts'
import { type Breach, breachOf, skuOf } from './check-event.ts'
import { followBlocks } from './follow-blocks.ts'

/** What a message names in a journal's folder or that of its snapshots. */
const PLACE = /^\/(segment-\d{16}(\/data\.mdb(, block at seq \d+)?)?|snapshot-\d{16}\.hfs)/

/** One thing that is not as it must be. */
interface Discrepancy {
  /** File and block; `after` a block where what is wrong has no place of its own. */
  readonly where: string
  /** Seq of the event it shows at; undefined where no event is concerned. */
  readonly seq: number | undefined
  readonly sku: string | undefined
  /** The invariant of the design that is broken, or the code of the fault. */
  readonly broken: string
  readonly what: string
}

export interface VerifyReport {
  readonly path: string
  readonly clusterId: string | undefined
  readonly partition: string | undefined
  readonly segments: number
  /** Seq that the journal begins after: 0, or that of the snapshot which stands in for archived segments. */
  readonly baseSeq: number
  readonly blocks: number
  readonly bytes: number
  readonly lastSeq: number
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
  readonly epoch: number
  /** Events by kind. */
  readonly events: Readonly<Record<string, number>>
  readonly snapshotsChecked: number
  readonly stateHash: string
  /** SHA-256/128 of the last block: it stands for everything before. */
  readonly chainHash: string
  readonly discrepancies: readonly Discrepancy[]
}

export interface VerifyOptions {
  /** Called after every block with the seq reached. */
  readonly onProgress?: (seq: number) => void
}

/**
 * Reads the journal of one partition from its first event and checks everything. Stops where reading cannot go on.
 * @throws JournalError `journal_unreadable`, or the system's own error, when something may not or cannot be read:
 * that says nothing about the journal.
 */
export async function verify(
  paths: PartitionPaths,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  let verifier = new Verifier(paths, emptyBeginning())
  try {
    verifier = new Verifier(paths, await beginningOf(paths))
    for await (const block of verifier.blocks()) {
      await verifier.take(block)
      options.onProgress?.(verifier.seq)
    }
    verifier.finish()
  } catch (fault) {
    verifier.stop(fault)
  }
  return verifier.report()
}

/** An event that breaks a promise in a way that leaves no state to go on from. */
class BrokenPromise extends Error {
  readonly breach: Breach

  constructor(breach: Breach) {
    super(breach.what)
    this.breach = breach
  }
}

class Verifier {
  readonly #paths: PartitionPaths
  readonly #chain: Chain
  readonly #state: PartitionState
  readonly #baseSeq: number
  /** Snapshots still to be met, the earliest first. */
  readonly #snapshots: SnapshotPlace[]
  readonly #events: Record<string, number> = {}
  readonly #discrepancies: Discrepancy[] = []
  #snapshotsChecked = 0
  #segments = 0
  #blocks = 0
  #bytes = 0
  #firstAt: number | undefined
  #where: string
  /** Whether `#where` is a block's. */
  #isInBlocks = false
  #event: Event | undefined
  #eventSeq = 0

  constructor(paths: PartitionPaths, beginning: Beginning) {
    this.#paths = paths
    this.#where = paths.journal
    this.#chain = new Chain(beginning.identity, beginning.head)
    this.#state = beginning.state
    this.#baseSeq = beginning.head.seq
    // The one that the journal begins with was read and proved there; nothing is left to hold older ones against.
    const isLater = (place: SnapshotPlace) =>
      beginning.base === undefined || place.seq > beginning.head.seq
    this.#snapshots = listSnapshots(paths.snapshots).reverse().filter(isLater)
    this.#snapshotsChecked = beginning.base === undefined ? 0 : 1
  }

  get seq(): number {
    return this.#state.lastSeq
  }

  /** The blocks to take, in order. */
  blocks(): AsyncIterable<StoredBlock> {
    const reader = lmdbReader(this.#paths.journal)
    return followBlocks({ read: (fromSeq) => this.#entering(reader.read(fromSeq)) }, this.#chain)
  }

  // So that a block which does not follow is named as well.
  async *#entering(blocks: AsyncIterable<StoredBlock>): AsyncGenerator<StoredBlock> {
    for await (const block of blocks) {
      this.#where = block.where
      this.#isInBlocks = true
      yield block
    }
  }

  async take(block: StoredBlock): Promise<void> {
    this.#event = undefined
    if (block.header.kind === OPENING) this.#segments++
    if (block.header.kind !== EVENTS) return
    this.#blocks++
    this.#bytes += block.header.payloadLength
    for (const event of block.events) this.#apply(event, block)
    this.#event = undefined
    await this.#checkSnapshots()
  }

  /** The journal ends here. */
  finish(): void {
    checkState(this.#state)
    for (const place of this.#snapshots) {
      this.#note(place.path, 'snapshot_ahead', 'it covers events that the journal does not have')
    }
  }

  /** Reading cannot go on: names why, or throws `fault` on where it is not the journal's. */
  stop(fault: unknown): void {
    const broken = brokenBy(fault)
    if (broken === undefined) throw fault
    const { message } = fault as Error
    this.#note(this.#placeOf(message), broken, message)
  }

  report(): VerifyReport {
    const { identity, head } = this.#chain
    const { lastSeq, lastAt } = this.#state
    return {
      path: this.#paths.root,
      clusterId: identity?.clusterId,
      partition: identity && `${identity.partition}/${identity.partitionCount}`,
      segments: this.#segments,
      baseSeq: this.#baseSeq,
      blocks: this.#blocks,
      bytes: this.#bytes,
      lastSeq,
      firstAt: this.#firstAt,
      lastAt: lastSeq === 0 ? undefined : lastAt,
      epoch: head.epoch,
      events: this.#events,
      snapshotsChecked: this.#snapshotsChecked,
      stateHash: stateHash(this.#state),
      chainHash: head.hash.toString('hex'),
      discrepancies: this.#discrepancies,
    }
  }

  #apply(event: Event, block: StoredBlock): void {
    this.#event = event
    this.#eventSeq = this.#state.lastSeq + 1
    const breach = breachOf(this.#state, event)
    if (breach !== undefined) {
      // Too many units for one buyer are a state like any other; whatever else is wrong, nothing follows from it.
      if (breach.invariant !== 'I8') throw new BrokenPromise(breach)
      this.#note(this.#where, breach.invariant, breach.what)
    }
    applyEvent(this.#state, event, block)
    this.#firstAt ??= event.at
    this.#events[event.kind] = (this.#events[event.kind] ?? 0) + 1
  }

  async #checkSnapshots(): Promise<void> {
    for (let next = this.#snapshots[0]; next !== undefined; next = this.#snapshots[0]) {
      if (next.seq > this.#state.lastSeq) return
      this.#snapshots.shift()
      await this.#checkSnapshot(next)
    }
  }

  // A snapshot is proved twice: its own hash against its own state, and against the state that replay came to.
  async #checkSnapshot(place: SnapshotPlace): Promise<void> {
    this.#snapshotsChecked++
    try {
      const { header } = await readSnapshot(place.path, this.#chain.identity, 1)
      const isSameSeq = header.lastSeq === this.#state.lastSeq
      if (isSameSeq && header.stateHash === stateHash(this.#state)) return
      const what = isSameSeq ? 'replay comes to another state' : 'no block ends there'
      this.#note(place.path, 'snapshot_mismatch', `${what} at seq ${place.seq}`)
    } catch (fault) {
      if (!(fault instanceof JournalError)) throw fault
      // A running server may have written a newer one and dropped this one meanwhile.
      if (!existsSync(place.path)) this.#snapshotsChecked--
      else if (isOfSystem(fault.cause)) throw fault.cause
      else this.#note(place.path, fault.code, fault.message)
    }
  }

  // The block that a message begins with may be the one behind the last that was read.
  #placeOf(message: string): string {
    const { journal, snapshots } = this.#paths
    const folder = [journal, snapshots].find((path) => message.startsWith(`${path}/`))
    const name = folder && PLACE.exec(message.slice(folder.length))?.[0]
    if (name !== undefined) return `${folder}${name}`
    const isAtEvent = this.#event !== undefined
    return this.#isInBlocks && !isAtEvent ? `after ${this.#where}` : this.#where
  }

  #note(where: string, broken: string, what: string): void {
    const isEvent = this.#event !== undefined
    const sku = this.#event && skuOf(this.#state, this.#event)
    const seq = isEvent ? this.#eventSeq : undefined
    this.#discrepancies.push({ where, seq, sku, broken, what })
  }
}

// They say nothing about the journal: it may not be read, or moved away while it was.
const NO_DISCREPANCIES: readonly string[] = ['journal_unreadable', 'journal_archived']

// What neither the journal nor a promise explains is the recount of the whole state: units that do not add up.
// Undefined where `fault` is no discrepancy: what may not be read, and bugs.
function brokenBy(fault: unknown): string | undefined {
  if (fault instanceof BrokenPromise) return fault.breach.invariant
  if (fault instanceof InvariantError) return 'I1'
  const isOfJournal = fault instanceof JournalError && !NO_DISCREPANCIES.includes(fault.code)
  return isOfJournal ? fault.code : undefined
}

function isOfSystem(fault: unknown): boolean {
  return fault instanceof Error && 'syscall' in fault
}
