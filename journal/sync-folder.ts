// Makes a file's bytes durable, or the names in a folder: syncing a file keeps its bytes, not the entry that leads to them.
import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Returns when the folder's entries are on disk. */
export function syncFolder(path: string): void {
  sync(path)
}

/** Returns when everything that was written to the file is on disk, by whomever. */
export function syncFile(path: string): void {
  sync(path)
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
