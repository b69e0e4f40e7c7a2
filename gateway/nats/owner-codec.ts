// An owner's status as a positional array.
import { FieldReader, type Plain } from '../../journal/event-codec.ts'
import type { OwnerStatus } from '../owner-status.ts'

/** The status as an array. Commit times travel in microseconds: every number on the wire is an integer. */
export function encodeOwner(owner: OwnerStatus): Plain[] {
  const { epoch, durableSeq, watermarkLag, inboxLength, answersLength, blocks, events } = owner
  const { snapshotSeq, snapshotAgeMs, diskFreeBytes, holdsDue, dueLateMs, recoveredMs } = owner
  return [
    ...[epoch, durableSeq, watermarkLag, inboxLength, answersLength, blocks, events],
    ...[owner.commitP50Ms, owner.commitP99Ms].map(microseconds),
    ...[owner.blockEventsP50 ?? null, owner.blockEventsP99 ?? null],
    ...[snapshotSeq, snapshotAgeMs, diskFreeBytes, holdsDue, dueLateMs, recoveredMs],
    ...[owner.oversoldUnits, owner.strandedUnits, owner.sweeps],
  ]
}

function microseconds(ms: number | undefined): Plain {
  return ms === undefined ? null : Math.round(ms * 1_000)
}

function milliseconds(reader: FieldReader): number | undefined {
  const read = reader.optionalInteger()
  return read === undefined ? undefined : read / 1_000
}

/** The status that `fields` encode; undefined for null. @throws TypeError that says what is wrong with them. */
export function readOwner(fields: Plain): OwnerStatus | undefined {
  if (fields === null) return undefined
  const reader = new FieldReader(fields)
  return {
    epoch: reader.integer(),
    durableSeq: reader.integer(),
    watermarkLag: reader.integer(),
    inboxLength: reader.integer(),
    answersLength: reader.integer(),
    blocks: reader.integer(),
    events: reader.integer(),
    commitP50Ms: milliseconds(reader),
    commitP99Ms: milliseconds(reader),
    blockEventsP50: reader.optionalInteger(),
    blockEventsP99: reader.optionalInteger(),
    snapshotSeq: reader.integer(),
    snapshotAgeMs: reader.integer(),
    diskFreeBytes: reader.integer(),
    holdsDue: reader.integer(),
    dueLateMs: reader.integer(),
    recoveredMs: reader.integer(),
    oversoldUnits: reader.integer(),
    strandedUnits: reader.integer(),
    sweeps: reader.integer(),
  }
}
