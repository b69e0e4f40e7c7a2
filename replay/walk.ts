// Walks a journal event by event, with the state right after each: the base of every question about the past.
import type { Event } from '../core/event.ts'
import type { PartitionState } from '../core/partition-state.ts'
import type { JournalIdentity } from '../journal/block-header.ts'
import { Chain } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { applyEvent } from './apply-event.ts'
import { beginningOf } from './beginning.ts'
import { followBlocks } from './follow-blocks.ts'

/** Up to where to walk, the event named included: a seq, or a time in ms since 1970. Neither: to the end. */
export interface WalkEnd {
  readonly seq: number | undefined
  readonly at: number | undefined
}

export const TO_THE_END: WalkEnd = { seq: undefined, at: undefined }

export interface WalkHooks {
  /** Called before the first event with the state that the journal begins with; its lastSeq is 0 where that is none. */
  readonly onBase?: (state: PartitionState) => void
  /** Called after `event` became true in `state`, whose lastSeq is the event's. */
  readonly onEvent?: (event: Event, state: PartitionState) => void | Promise<void>
  /** Called after every block with the seq reached. */
  readonly onProgress?: (seq: number) => void
}

export interface Walked {
  readonly state: PartitionState
  readonly identity: JournalIdentity | undefined
  /** Seq that the journal begins after: 0, or that of the snapshot which stands in for archived segments. */
  readonly baseSeq: number
  /** False when the journal ended before the end that was asked for. */
  readonly hasReachedEnd: boolean
}

/**
 * Replays the journal of a partition from its beginning, exactly to `end`.
 * @throws JournalError when the journal is damaged or incomplete; `journal_archived` when `end` lies in segments that
 * are kept elsewhere.
 */
export async function walk(paths: PartitionPaths, end: WalkEnd, hooks: WalkHooks): Promise<Walked> {
  const { state, head, identity } = await beginningOf(paths)
  const chain = new Chain(identity, head)
  const baseSeq = head.seq
  if (baseSeq > 0) requireAfterBase(state, end, paths)
  hooks.onBase?.(state)
  for await (const block of followBlocks(lmdbReader(paths.journal), chain)) {
    for (const event of block.events) {
      if (isPastEnd(event, state.lastSeq + 1, end)) {
        return { state, identity: chain.identity, baseSeq, hasReachedEnd: true }
      }
      applyEvent(state, event, block)
      // Awaiting a value that is no promise would still cost a turn per event.
      const pending = hooks.onEvent?.(event, state)
      if (pending !== undefined) await pending
    }
    hooks.onProgress?.(state.lastSeq)
  }
  return { state, identity: chain.identity, baseSeq, hasReachedEnd: isReached(state, end) }
}

function requireAfterBase(base: PartitionState, end: WalkEnd, paths: PartitionPaths): void {
  const isBefore =
    (end.seq !== undefined && end.seq < base.lastSeq) ||
    (end.at !== undefined && end.at < base.lastAt)
  if (!isBefore) return
  throw new JournalError(
    'journal_archived',
    `${paths.journal} begins after seq ${base.lastSeq} (${new Date(base.lastAt).toISOString()}): what came before was ` +
      'archived or trimmed. Ask the archive.',
  )
}

/** Whether `event`, which has `seq`, came after `end`. */
export function isPastEnd(event: Event, seq: number, end: WalkEnd): boolean {
  return (end.seq !== undefined && seq > end.seq) || (end.at !== undefined && event.at > end.at)
}

// A time after the last event is reached: nothing happened in between.
function isReached(state: PartitionState, end: WalkEnd): boolean {
  return end.seq === undefined || state.lastSeq >= end.seq
}
