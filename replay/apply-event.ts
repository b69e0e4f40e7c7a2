// `evolve` for events that come from a disk: what does not follow is the journal's fault, and told as such.
import type { Event } from '../core/event.ts'
import { evolve } from '../core/evolve.ts'
import type { LookAhead } from '../core/look-ahead.ts'
import type { PartitionState } from '../core/partition-state.ts'
import { JournalError } from '../journal/errors.ts'
import type { StoredBlock } from '../journal/journal.ts'

/** Applies all events of `block`, reading ahead for them. @throws JournalError as `applyEvent`. */
export function applyBlock(state: PartitionState, block: StoredBlock, ahead: LookAhead): void {
  const { events } = block
  for (let start = 0; start < events.length; ) {
    const end = ahead.events(events, start)
    for (; start < end; start++) applyEvent(state, events[start] as Event, block)
  }
}

/** Applies an event of `block`. @throws JournalError `journal_damaged` when it does not follow from those before. */
export function applyEvent(state: PartitionState, event: Event, block: StoredBlock): void {
  const seq = state.lastSeq + 1
  try {
    evolve(state, event)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new JournalError(
      'journal_damaged',
      `${block.where}: event ${seq} (${event.kind}) does not follow from the ones before: ${reason}.`,
      { cause },
    )
  }
}
