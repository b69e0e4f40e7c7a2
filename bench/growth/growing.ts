// What growing and recovering processes are asked, and what they answer.
import type { PartitionPaths } from '../../journal/data-directory.ts'

export type GrowerQuestion =
  | { readonly kind: 'open'; readonly paths: PartitionPaths }
  | { readonly kind: 'grow'; readonly to: number }
  | { readonly kind: 'sell' }

/** A partition of a certain size, at rest. */
export interface Grown {
  /** Reservations/s on the way from the size before; NaN where there was none left to make. */
  readonly perSecond: number
  /** Rows, accounts and indexes. */
  readonly stateBytes: number
  /** Of the whole process. */
  readonly residentBytes: number
  readonly journalBytes: number
  readonly snapshotSeconds: number
  readonly snapshotBytes: number
  readonly stateHash: string
}

/** What the next reservations came to, and what kept the loop since the size before. */
export interface Sold {
  readonly perSecond: number
  readonly turnP999Ms: number
  readonly longestPauseMs: number
}

export interface RecovererQuestion {
  readonly paths: PartitionPaths
  readonly from: 'snapshot' | 'journal'
}

export interface Recovery {
  readonly seconds: number
  readonly reservations: number
  readonly stateHash: string
}

/** All that was measured at one size. */
export interface SizePoint {
  readonly size: number
  readonly grown: Grown
  readonly sold: Sold
  readonly fromSnapshotSeconds: number
  /** Undefined where it would have taken too long. */
  readonly fromJournalSeconds: number | undefined
}
