// The durable journal: one put per block into the newest segment's LMDB environment. This is where the fsync happens.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { invariant } from '../core/invariant.ts'
import type { EventBlock } from '../core/partition.ts'
import { encodeBlock, encodeClosing, encodeOpening } from './block-codec.ts'
import type { JournalIdentity } from './block-header.ts'
import type { JournalHead } from './chain.ts'
import { JournalError } from './errors.ts'
import type { Journal } from './journal.ts'
import {
  blockKey,
  type Environment,
  environmentBytes,
  openEnvironment,
} from './lmdb-environment.ts'
import {
  continuationMark,
  draftPath,
  listDrafts,
  listSegments,
  type SegmentPlace,
  segmentFile,
  segmentPath,
} from './segments.ts'
import { syncFolder } from './sync-folder.ts'

const OPENING_KEY = blockKey(0)
/** The draft's, the journal's, the partition's, the data directory's, and the one that names it. */
const SYNCED_FOLDERS = 5

export interface LmdbJournalOptions {
  readonly identity: JournalIdentity
  /** Where the journal stands: as `rebuild` found it, or EMPTY_HEAD. */
  readonly head: JournalHead
  /** This owner's term: higher than any before. */
  readonly epoch: number
  /** A segment that reached this size is closed, for good. */
  readonly segmentBytes: number
  /** A commit that takes longer has an unknown outcome, in ms. */
  readonly commitDeadlineMs: number
}

/** Opens the journal in folder `journalPath` for appending; creates it when there is none. */
export async function openLmdbJournal(
  journalPath: string,
  options: LmdbJournalOptions,
): Promise<Journal> {
  invariant(
    options.epoch > options.head.epoch || options.head.seq === 0,
    'a new owner has a new epoch',
  )
  mkdirSync(journalPath, { recursive: true })
  const journal = new LmdbJournal(journalPath, options)
  await journal.openNewestSegment()
  return journal
}

class LmdbJournal implements Journal {
  readonly identity: JournalIdentity
  readonly #journalPath: string
  readonly #options: LmdbJournalOptions
  #environment: Environment | undefined
  #segmentFile = ''
  #segmentFirstSeq = 0
  #segmentBytes = 0
  #head: JournalHead

  constructor(journalPath: string, options: LmdbJournalOptions) {
    this.identity = options.identity
    this.#journalPath = journalPath
    this.#options = options
    this.#head = options.head
  }

  get head(): JournalHead {
    return this.#head
  }

  async append(block: EventBlock): Promise<void> {
    invariant(block.firstSeq === this.#head.seq + 1, 'blocks are appended in order, without gaps')
    if (this.#isSegmentFull()) await this.#closeSegment()
    const { bytes, hash } = encodeBlock(this.identity, this.#nextPosition(), block.events)
    this.#head = { seq: this.#head.seq + block.events.length, epoch: this.#options.epoch, hash }
    await this.#commit(this.#environment, blockKey(block.firstSeq), bytes)
  }

  async close(): Promise<void> {
    await this.#environment?.close()
    this.#environment = undefined
  }

  /** Opens the newest segment; begins one where there is none, or where a crash came between closing and beginning. */
  async openNewestSegment(): Promise<void> {
    const newest = listSegments(this.#journalPath).at(-1)
    if (newest === undefined) return this.#nameDraft(await this.#makeDraft())
    // Its owner may have died right after naming it; what is acknowledged in it must not hang on that name.
    syncFolder(this.#journalPath)
    const environment = this.#openSegment(newest)
    const isClosed = environment.get(blockKey(this.#head.seq + 1)) !== undefined
    if (!isClosed) return
    this.#refuseArchive()
    await this.#nameDraft(await this.#makeDraft())
  }

  #refuseArchive(): void {
    const mark = continuationMark(this.#journalPath, this.#head.seq + 1)
    if (!existsSync(mark)) return
    throw new JournalError(
      'journal_archived',
      `${this.#journalPath} is an archive: the journal goes on elsewhere (${mark}). To sell from here, restore a copy: ` +
        '`holdfast replay restore`.',
    )
  }

  // A segment without events is never full: the next one would have its name.
  #isSegmentFull(): boolean {
    const hasEvents = this.#head.seq >= this.#segmentFirstSeq
    return hasEvents && this.#segmentBytes >= this.#options.segmentBytes
  }

  // The next segment is on disk before this one is closed: behind a closing block there is always another segment,
  // so one that is lost later is missed. It gets its name after the closing block has fenced other owners.
  async #closeSegment(): Promise<void> {
    const position = this.#nextPosition()
    const draft = await this.#makeDraft()
    const { bytes } = encodeClosing(this.identity, position)
    await this.#commit(this.#environment, blockKey(position.firstSeq), bytes)
    await this.#nameDraft(draft)
  }

  /** Makes the next segment in a folder without its name: an opening block and nothing else. */
  async #makeDraft(): Promise<string> {
    const draft = draftPath(this.#journalPath, this.#head.seq + 1, this.#options.epoch)
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft)
    const environment = openEnvironment(draft)
    const { bytes, hash } = encodeOpening(this.identity, this.#nextPosition())
    this.#head = { ...this.#head, epoch: this.#options.epoch, hash }
    await this.#commit(environment, OPENING_KEY, bytes)
    await environment.close()
    // LMDB syncs its file, not the folders that name it; a crash may have left these made but not synced.
    let folder = draft
    for (let level = 0; level < SYNCED_FOLDERS; level++) {
      syncFolder(folder)
      folder = dirname(folder)
    }
    return draft
  }

  async #nameDraft(draft: string): Promise<void> {
    const firstSeq = this.#head.seq + 1
    const path = segmentPath(this.#journalPath, firstSeq)
    renameOrRefuse(draft, path)
    syncFolder(this.#journalPath)
    await this.close()
    this.#openSegment({ path, firstSeq })
    for (const left of listDrafts(this.#journalPath)) rmSync(left, { recursive: true })
  }

  #openSegment(place: SegmentPlace): Environment {
    const environment = openEnvironment(place.path)
    this.#environment = environment
    this.#segmentFile = segmentFile(place.path)
    this.#segmentFirstSeq = place.firstSeq
    this.#segmentBytes = environmentBytes(environment)
    return environment
  }

  #nextPosition(): { epoch: number; firstSeq: number; previousHash: Buffer } {
    const { seq, hash } = this.#head
    return { epoch: this.#options.epoch, firstSeq: seq + 1, previousHash: hash }
  }

  async #commit(environment: Environment | undefined, key: Buffer, bytes: Buffer): Promise<void> {
    invariant(environment !== undefined, 'a closed journal takes nothing')
    this.#segmentBytes += bytes.length
    const put = environment.put(key, bytes, { noOverwrite: true })
    const isWritten = await this.#withinDeadline(put)
    if (isWritten === true) return
    throw new JournalError(
      'commit_refused',
      `${this.#segmentFile} already has a block at seq ${this.#head.seq}: another process owns this journal. ` +
        'Stop one of the two; the journal itself is unharmed.',
    )
  }

  async #withinDeadline(put: Promise<boolean>): Promise<boolean> {
    const { commitDeadlineMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#timedOut()), commitDeadlineMs)
    })
    try {
      return await Promise.race([put, late])
    } catch (cause) {
      throw cause instanceof JournalError ? cause : this.#failed(cause)
    } finally {
      clearTimeout(timer)
    }
  }

  #timedOut(): JournalError {
    return new JournalError(
      'commit_timeout',
      `${this.#segmentFile}: the commit up to seq ${this.#head.seq} did not return within ` +
        `${this.#options.commitDeadlineMs} ms. Check the disk, then restart.`,
    )
  }

  #failed(cause: unknown): JournalError {
    absorbCommitError(cause)
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new JournalError(
      'commit_failed',
      `${this.#segmentFile}: the commit up to seq ${this.#head.seq} failed: ${reason}. ` +
        'Check the disk, then restart.',
      { cause },
    )
  }
}

function renameOrRefuse(draft: string, path: string): void {
  try {
    renameSync(draft, path)
  } catch (cause) {
    throw new JournalError(
      'commit_refused',
      `${draft} cannot become ${path}: another process owns this journal. ` +
        'Stop one of the two; the journal itself is unharmed.',
      { cause },
    )
  }
}

// lmdb hangs a second promise on the error; left alone its rejection would end the process before our own stop.
function absorbCommitError(cause: unknown): void {
  const { commitError } = cause as { commitError?: unknown }
  if (commitError instanceof Promise) commitError.catch(() => undefined)
}
