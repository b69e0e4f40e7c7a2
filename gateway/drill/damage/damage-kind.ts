// What a kind of damage is, and how the bytes of one file are changed.
import { readFileSync, writeFileSync } from 'node:fs'
import type { PartitionPaths } from '../../../journal/data-directory.ts'
import type { JournalFaultCode } from '../../../journal/errors.ts'
import type { SegmentPlace } from '../../../journal/segments.ts'
import type { SnapshotPlace } from '../../../journal/snapshot-file.ts'
import type { Dice, Weighted } from './dice.ts'

/** The newest segment is where the events lie that nothing else could bring back. */
const NEWEST_SHARE = 0.5

/** A directory that is about to be damaged, as it lies there. */
export interface Site {
  readonly paths: PartitionPaths
  /** In order of seq. */
  readonly segments: readonly SegmentPlace[]
  /** Newest first. */
  readonly snapshots: readonly SnapshotPlace[]
}

/** What was done. */
export interface Hit {
  readonly file: string
  /** Offset, length, from where: in words. */
  readonly what: string
  /** How a replay of the whole journal must call it, where that is certain. */
  readonly code?: JournalFaultCode
}

export interface DamageKind extends Weighted {
  readonly name: string
  /** Does it; undefined when it does not apply, and then nothing was changed. */
  readonly hit: (site: Site, dice: Dice) => Hit | undefined | Promise<Hit | undefined>
}

/** Changes bytes and says what it did; undefined when it cannot. It may give other bytes instead. */
export type ByteChange = (bytes: Buffer) => { bytes: Buffer; what: string } | undefined

/** Changes the bytes of `file`; undefined when that comes to the same bytes. */
export function changeFile(file: string, change: ByteChange): Hit | undefined {
  const before = readFileSync(file)
  const changed = change(Buffer.from(before))
  if (changed === undefined || changed.bytes.equals(before)) return undefined
  writeFileSync(file, changed.bytes)
  return { file, what: changed.what }
}

/** Flips 1 to 3 bits of the `length` bytes from `start` on. */
export function flipBits(bytes: Buffer, start: number, length: number, dice: Dice): string {
  const flips = Array.from({ length: dice.integer(1, 3) }, () => {
    const offset = start + dice.integer(0, length - 1)
    const bit = dice.integer(0, 7)
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit)
    return `${offset}:${bit}`
  })
  return `bits flipped at offset:bit ${flips.join(' ')}`
}

/** A segment, the newest more often than others. */
export function someSegment(site: Site, dice: Dice): SegmentPlace {
  const newest = site.segments.at(-1)
  return newest !== undefined && dice.hasLuck(NEWEST_SHARE) ? newest : dice.pick(site.segments)
}
