// Where two journals part ways: the first event that is not the same in both.
import type { Event } from '../core/event.ts'
import { Chain, EMPTY_HEAD } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { lmdbReader } from '../journal/read-blocks.ts'

export interface JournalDifference {
  readonly seq: number
  readonly field: string
  /** The whole events; undefined where a journal has ended. */
  readonly left: Event | undefined
  readonly right: Event | undefined
}

/** The first event in which two journals differ, undefined when they hold the same events. Blocks may be cut otherwise.
 * @throws JournalError when one of them is damaged or incomplete. */
export async function diffJournals(
  left: PartitionPaths,
  right: PartitionPaths,
): Promise<JournalDifference | undefined> {
  const ours = eventsOf(left)
  const theirs = eventsOf(right)
  try {
    for (let seq = 1; ; seq++) {
      const [one, other] = [await ours.next(), await theirs.next()]
      if (one.done === true && other.done === true) return undefined
      const field = differingField(one.value, other.value)
      if (field !== undefined) {
        return { seq, field, left: one.value ?? undefined, right: other.value ?? undefined }
      }
    }
  } finally {
    await ours.return(undefined)
    await theirs.return(undefined)
  }
}

async function* eventsOf(paths: PartitionPaths): AsyncGenerator<Event, undefined> {
  const chain = new Chain(undefined, EMPTY_HEAD)
  for await (const block of lmdbReader(paths.journal).read(0)) {
    chain.advance(block, block.where)
    yield* block.events
  }
  return undefined
}

function differingField(left: Event | undefined, right: Event | undefined): string | undefined {
  if (left === undefined || right === undefined) return 'presence'
  const [ours, theirs] = [{ ...left }, { ...right }] as Record<string, unknown>[]
  const names = new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])
  return [...names].find((name) => JSON.stringify(ours?.[name]) !== JSON.stringify(theirs?.[name]))
}
