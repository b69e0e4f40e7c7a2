// Whether a partition's directory is still the one that its owner took: what is written elsewhere nobody will ever find.
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import type { PartitionPaths } from './data-directory.ts'
import { JournalError } from './errors.ts'
import { describeOwner, newestGeneration, ownerPath } from './owner.ts'
import { listSegments, segmentFile } from './segments.ts'

const PUT_BACK =
  'What was acknowledged is in the files that were there: put them back, then start again.'

/** A directory in the hands of this process, by its own owner file and by the segment that is written to. */
export class HeldDirectory {
  readonly #paths: PartitionPaths
  readonly #generation: number
  /** Kept open: as long as it is, no other file can have its number. LMDB does the same for the segment. */
  readonly #ownerFile: number
  #segment: { readonly firstSeq: number; readonly file: string } | undefined

  /** `generation` is what `takeOwnership` gave for the root of `paths`. */
  constructor(paths: PartitionPaths, generation: number) {
    this.#paths = paths
    this.#generation = generation
    this.#ownerFile = openSync(ownerPath(paths.root, generation), 'r')
  }

  /**
   * Insists that owner file and newest segment are where they were. What cannot be looked at right now (no descriptor
   * left, an error of the disk) counts as unchanged.
   * @throws JournalError `journal_taken` when they were removed, moved or replaced, or a newer owner took the directory.
   */
  requireHeld(): void {
    try {
      this.#requireOwner()
      this.#requireSegment()
    } catch (cause) {
      if (cause instanceof JournalError) throw cause
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') throw this.#gone()
    }
  }

  /** Looks no more. */
  release(): void {
    closeSync(this.#ownerFile)
  }

  #requireOwner(): void {
    const { root } = this.#paths
    const newest = newestGeneration(root)
    if (newest > this.#generation) throw this.#taken(`${describeOwner(root, newest)} took it.`)
    const found = statSync(ownerPath(root, this.#generation), { bigint: true })
    const own = fstatSync(this.#ownerFile, { bigint: true })
    if (found.ino !== own.ino || found.dev !== own.dev) throw this.#gone()
  }

  // Older segments may be archived, and newer ones begin, while it sells.
  #requireSegment(): void {
    const newest = listSegments(this.#paths.journal).at(-1)
    const known = this.#segment
    if (newest === undefined && known === undefined) return
    if (newest === undefined) throw this.#gone()
    const { firstSeq, path } = newest
    const { dev, ino } = statSync(segmentFile(path), { bigint: true })
    const file = `${dev}:${ino}`
    const isOther = known !== undefined && firstSeq === known.firstSeq && file !== known.file
    if (isOther || firstSeq < (known?.firstSeq ?? 0)) throw this.#gone()
    this.#segment = { firstSeq, file }
  }

  #gone(): JournalError {
    return this.#taken(`it was removed, moved or replaced, or its journal was. ${PUT_BACK}`)
  }

  #taken(how: string): JournalError {
    const message = `${this.#paths.root} is no longer this process' own: ${how}`
    return new JournalError('journal_taken', message)
  }
}
