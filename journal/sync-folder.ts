// Makes the names in a folder durable: syncing a file keeps its bytes, not the entry that leads to them.
import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Returns when the folder's entries are on disk. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
