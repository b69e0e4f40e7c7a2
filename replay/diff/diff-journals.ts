// Where two journals part ways: the first event that is not the same in both.
import type { Event } from '../../core/event.ts'
import { Chain } from '../../journal/chain.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { beginningOf } from '../beginning.ts'
import { followBlocks } from '../follow-blocks.ts'

export interface JournalDifference {
  readonly seq: number
  readonly field: string
  /** The whole events; undefined where a journal has ended. */
  readonly left: Event | undefined
  readonly right: Event | undefined
}

/** Telling how far it is costs more than an event. */
const EVENTS_PER_PROGRESS = 4_096

/** The seq after which both journals have all events: 0, or where the later one begins whose segments were archived. */
export async function commonBase(left: PartitionPaths, right: PartitionPaths): Promise<number> {
  const [one, other] = [await beginningOf(left), await beginningOf(right)]
  return Math.max(one.head.seq, other.head.seq)
}

/**
 * The first event after seq `base` in which two journals differ, undefined when they hold the same. Blocks may be cut
 * otherwise.
 * @throws JournalError when one of them is damaged or incomplete.
 */
export async function diffJournals(
  left: PartitionPaths,
  right: PartitionPaths,
  base = 0,
  onProgress?: (seq: number) => void,
): Promise<JournalDifference | undefined> {
  const ours = eventsAfter(base, left)
  const theirs = eventsAfter(base, right)
  try {
    for (let seq = base + 1; ; seq++) {
      const [one, other] = [await ours.next(), await theirs.next()]
      if (one.done === true && other.done === true) return undefined
      const field = differingField(one.value, other.value)
      if (field !== undefined) {
        return { seq, field, left: one.value ?? undefined, right: other.value ?? undefined }
      }
      if (seq % EVENTS_PER_PROGRESS === 0) onProgress?.(seq)
    }
  } finally {
    await ours.return(undefined)
    await theirs.return(undefined)
  }
}

async function* eventsAfter(base: number, paths: PartitionPaths): AsyncGenerator<Event, undefined> {
  const { head, identity } = await beginningOf(paths)
  let { seq } = head
  for await (const block of followBlocks(lmdbReader(paths.journal), new Chain(identity, head))) {
    for (const event of block.events) if (++seq > base) yield event
  }
  return undefined
}

function differingField(left: Event | undefined, right: Event | undefined): string | undefined {
  if (left === undefined || right === undefined) return 'presence'
  const [ours, theirs] = [{ ...left }, { ...right }] as Record<string, unknown>[]
  const names = new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])
  return [...names].find((name) => JSON.stringify(ours?.[name]) !== JSON.stringify(theirs?.[name]))
}
