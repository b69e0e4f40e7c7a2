// Copies a file so that it is on disk: its bytes are synced, its name is the caller's to sync.
import { copyFileSync } from 'node:fs'
import { syncFile } from './sync-folder.ts'

/** Copies `from` to `to` and syncs it; sync the folder of `to` afterwards. Throws what the operating system says. */
export function copyFileDurably(from: string, to: string): void {
  copyFileSync(from, to)
  syncFile(to)
}
