// Walks a journal event by event, with the state right after each: the base of every question about the past.
import type { Event } from '../core/event.ts'
import { PartitionState } from '../core/partition-state.ts'
import type { JournalIdentity } from '../journal/block-header.ts'
import { Chain, EMPTY_HEAD } from '../journal/chain.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { lmdbReader } from '../journal/read-blocks.ts'
import { applyEvent } from './apply-event.ts'

/** Up to where to walk, the event named included: a seq, or a time in ms since 1970. Neither: to the end. */
export interface WalkEnd {
  readonly seq: number | undefined
  readonly at: number | undefined
}

export const TO_THE_END: WalkEnd = { seq: undefined, at: undefined }

export interface WalkHooks {
  /** Called after `event` became true in `state`, whose lastSeq is the event's. */
  readonly onEvent?: (event: Event, state: PartitionState) => void | Promise<void>
  /** Called after every block with the seq reached. */
  readonly onProgress?: (seq: number) => void
}

export interface Walked {
  readonly state: PartitionState
  readonly identity: JournalIdentity | undefined
  /** False when the journal ended before the end that was asked for. */
  readonly hasReachedEnd: boolean
}

/**
 * Replays the journal of a partition from its first event, exactly to `end`. Needs all segments.
 * @throws JournalError when the journal is damaged or incomplete.
 */
export async function walk(paths: PartitionPaths, end: WalkEnd, hooks: WalkHooks): Promise<Walked> {
  const state = new PartitionState(1)
  const chain = new Chain(undefined, EMPTY_HEAD)
  for await (const block of lmdbReader(paths.journal).read(0)) {
    chain.advance(block, block.where)
    for (const event of block.events) {
      if (isPast(event, state.lastSeq + 1, end)) {
        return { state, identity: chain.identity, hasReachedEnd: true }
      }
      applyEvent(state, event, block)
      // Awaiting a value that is no promise would still cost a turn per event.
      const pending = hooks.onEvent?.(event, state)
      if (pending !== undefined) await pending
    }
    hooks.onProgress?.(state.lastSeq)
  }
  return { state, identity: chain.identity, hasReachedEnd: isReached(state, end) }
}

function isPast(event: Event, seq: number, end: WalkEnd): boolean {
  return (end.seq !== undefined && seq > end.seq) || (end.at !== undefined && event.at > end.at)
}

// A time after the last event is reached: nothing happened in between.
function isReached(state: PartitionState, end: WalkEnd): boolean {
  return end.seq === undefined || state.lastSeq >= end.seq
}
