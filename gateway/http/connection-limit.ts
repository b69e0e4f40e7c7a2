// How many connections a process may hold: files that the journal, snapshots and NATS need are never given to strangers.
import { readFileSync } from 'node:fs'

/** Segments, snapshots, child processes, NATS, logs: what opens while the sale is on. */
const FILES_KEPT = 128
const CONNECTIONS_MIN = 16

/** As many as are wanted, if `filesMax` open files allow it. */
export function connectionLimit(wanted: number, filesMax: number = openFilesMax()): number {
  return Math.min(wanted, Math.max(CONNECTIONS_MIN, filesMax - FILES_KEPT))
}

// Node raises the soft limit to the hard one when it starts. Where there is no /proc nothing is known.
function openFilesMax(): number {
  try {
    const [, soft] =
      /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
