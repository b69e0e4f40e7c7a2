// Writes a folder whole or not at all: filled under another name, and renamed when everything in it is proved.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { requireFreeDisk } from '../../journal/free-disk.ts'
import { syncFolder } from '../../journal/sync-folder.ts'
import { ReplayError } from '../errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** As a shell reports a process that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130

/**
 * Lets `fill` write into a draft of the folder `target`, then gives the draft its name. When `fill` throws, or a signal
 * ends the process, nothing is left. `target` must not exist, or be empty; its disk must have `neededBytes` free.
 * @throws ReplayError `target_exists`, JournalError `disk_full`, and what `fill` throws.
 */
export async function putInPlace<Result>(
  target: string,
  neededBytes: number,
  fill: (draft: string) => Promise<Result>,
): Promise<Result> {
  const path = resolve(target)
  const parent = dirname(path)
  makeFolder(parent)
  requireFreePlace(path, parent)
  requireFreeDisk(
    parent,
    neededBytes,
    'for what is to be written. Make room, or name another disk.',
  )
  const draft = `${path}.draft-${process.pid}`
  const drop = () => rmSync(draft, { recursive: true, force: true })
  const giveUp = () => {
    drop()
    process.exit(EXIT_INTERRUPTED)
  }
  for (const signal of SIGNALS) process.once(signal, giveUp)
  try {
    drop()
    mkdirSync(draft)
    const result = await fill(draft)
    syncFolder(draft)
    renameSync(draft, path)
    syncFolder(parent)
    return result
  } finally {
    for (const signal of SIGNALS) process.off(signal, giveUp)
    drop()
  }
}

/** Makes a folder with those above it, and syncs every name that is new. @throws ReplayError `target_exists`. */
export function makeFolder(path: string): void {
  let first: string | undefined
  try {
    first = mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw taken(path, 'cannot be made a folder', cause)
  }
  if (first === undefined) return
  for (let folder = resolve(path); folder !== dirname(first); folder = dirname(folder)) {
    syncFolder(dirname(folder))
  }
}

function requireFreePlace(path: string, parent: string): void {
  if (!existsSync(path)) return
  const place = statSync(path)
  if (!place.isDirectory()) throw taken(path, 'is a file')
  if (readdirSync(path).length > 0) throw taken(path, 'is not empty')
  // The draft would be written to the other disk, and could not be renamed to here.
  if (place.dev !== statSync(parent).dev) throw taken(path, 'is a disk of its own')
}

function taken(path: string, why: string, cause?: unknown): ReplayError {
  const message = `${path} ${why}. Name a folder that does not exist yet; nothing was changed.`
  return new ReplayError('target_exists', message, { cause })
}
