// Makes durable what a reader of a journal has seen: LMDB shows a commit a moment before its sync is through.

import { listSegments, segmentFile } from './segments.ts'
import { syncFile, syncFolder } from './sync-folder.ts'

/** Returns when every block that a reader could have seen by now is on disk, and the segments' names with it. */
export function syncJournal(journalPath: string): void {
  const newest = listSegments(journalPath).at(-1)
  if (newest === undefined) return
  syncFile(segmentFile(newest.path))
  syncFolder(journalPath)
}
