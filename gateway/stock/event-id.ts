// Event ids: how far a stream has come in each partition, so that a reader can go on where it was.

/** A seq for each partition, in their order: what a reader was told is complete up to there. */
export type EventId = readonly number[]

/** Why a reader's id cannot be held against what this process knows. */
export type GapReason =
  /** It is no id. */
  | 'unreadable'
  /** It comes from a cluster with another number of partitions. */
  | 'other_partitions'
  /** It is ahead of what is durable here: a journal was restored, or this process does not know so much yet. */
  | 'ahead'
  /** A journal was restored while the stream was open. */
  | 'restored'

/** An id as text: the seqs, joined by dots. */
export function formatEventId(id: EventId): string {
  return id.join('.')
}

/** What `text` says for partitions that are durable up to `durable`, or why it says nothing. */
export function readEventId(text: string, durable: EventId): EventId | GapReason {
  if (!/^\d{1,15}(\.\d{1,15})*$/.test(text)) return 'unreadable'
  const id = text.split('.').map(Number)
  if (id.length !== durable.length) return 'other_partitions'
  return id.every((seq, partition) => seq <= (durable[partition] ?? 0)) ? id : 'ahead'
}
