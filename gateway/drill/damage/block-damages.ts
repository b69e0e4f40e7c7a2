// Damage that LMDB itself would call whole: blocks removed, doubled, reordered or replaced through LMDB's own interface.
import type { Event } from '../../../core/event.ts'
import { decodeBlock, encodeBlock } from '../../../journal/block-codec.ts'
import { EVENTS } from '../../../journal/block-header.ts'
import {
  blockKey,
  type Environment,
  openEnvironment,
  seqOfKey,
} from '../../../journal/lmdb-environment.ts'
import { type SegmentPlace, segmentFile } from '../../../journal/segments.ts'
import { type DamageKind, type Hit, type Site, someSegment } from './damage-kind.ts'
import type { Dice } from './dice.ts'

/** Kinds that edit a segment as its owner could. */
export const BLOCK_DAMAGES: readonly DamageKind[] = [
  { name: 'block-removed', weight: 4, hit: inSegment(remove) },
  { name: 'block-doubled', weight: 3, hit: inSegment(double) },
  { name: 'blocks-swapped', weight: 3, hit: inSegment(swap) },
  { name: 'block-replaced', weight: 4, hit: inSegment(replace) },
]

interface Stored {
  readonly key: Buffer
  readonly value: Buffer
  /** Whether it holds the journal's last events: nothing comes after that could miss them. */
  readonly isLast: boolean
}

type Edit = (blocks: readonly Stored[], dice: Dice) => Rewrite | undefined

interface Rewrite {
  /** What the keys hold from now on; undefined removes one. */
  readonly entries: readonly (readonly [Buffer, Buffer | undefined])[]
  readonly what: string
}

function inSegment(edit: Edit): DamageKind['hit'] {
  return async (site, dice) => {
    const place = someSegment(site, dice)
    const environment = openEnvironment(place.path)
    try {
      return await editBlocks(environment, place, site, (blocks) => edit(blocks, dice))
    } finally {
      await environment.close()
    }
  }
}

async function editBlocks(
  environment: Environment,
  place: SegmentPlace,
  site: Site,
  edit: (blocks: readonly Stored[]) => Rewrite | undefined,
): Promise<Hit | undefined> {
  const rewrite = edit(storedBlocks(environment, place === site.segments.at(-1)))
  if (rewrite === undefined) return undefined
  for (const [key, value] of rewrite.entries) {
    if (value === undefined) await environment.remove(key)
    else await environment.put(key, value, {})
  }
  return { file: segmentFile(place.path), what: rewrite.what }
}

// The file is mapped: what is read must be copied before it is written back.
function storedBlocks(environment: Environment, isNewest: boolean): Stored[] {
  const stored = [...environment.getRange({})].map(({ key, value }) => ({
    key: Buffer.from(key),
    value: Buffer.from(value),
  }))
  const last = stored.findLastIndex(({ value }) => kindOf(value) === EVENTS)
  return stored.map((entry, index) => ({ ...entry, isLast: isNewest && index === last }))
}

function remove(blocks: readonly Stored[], dice: Dice): Rewrite | undefined {
  const block = dice.pick(blocks)
  if (block.isLast) return undefined
  return { entries: [[block.key, undefined]], what: `block ${nameOf(block)} removed` }
}

function double(blocks: readonly Stored[], dice: Dice): Rewrite | undefined {
  const block = dice.pick(blocks)
  const top = seqOfKey((blocks.at(-1) as Stored).key)
  const key = blockKey(dice.integer(1, top + 3))
  if (blocks.some((other) => other.key.equals(key))) return undefined
  const what = `block ${nameOf(block)} also put at seq ${seqOfKey(key)}`
  return { entries: [[key, block.value]], what }
}

function swap(blocks: readonly Stored[], dice: Dice): Rewrite | undefined {
  const [left, right] = [dice.pick(blocks), dice.pick(blocks)]
  if (left === right) return undefined
  const what = `blocks ${nameOf(left)} and ${nameOf(right)} swapped`
  return {
    entries: [
      [left.key, right.value],
      [right.key, left.value],
    ],
    what,
  }
}

// As from another history: the right seqs and a right checksum, but not what the next block chains to.
function replace(blocks: readonly Stored[], dice: Dice): Rewrite | undefined {
  const block = dice.pick(blocks)
  const { header, events } = decodeBlock(block.value, nameOf(block))
  const altered = alterOne(events)
  if (block.isLast || altered === undefined) return undefined
  const { bytes } = encodeBlock(header, header, altered)
  const what = `block ${nameOf(block)} replaced by one with another buyer`
  return { entries: [[block.key, bytes]], what }
}

function alterOne(events: readonly Event[]): readonly Event[] | undefined {
  const index = events.findIndex(({ kind }) => kind === 'reserved')
  const event = events[index]
  return event?.kind === 'reserved' ? events.with(index, { ...event, buyer: 'mallory' }) : undefined
}

function nameOf(block: Stored): string {
  return `at seq ${seqOfKey(block.key)}`
}

function kindOf(value: Buffer): number {
  return decodeBlock(value, 'a healthy block').header.kind
}
