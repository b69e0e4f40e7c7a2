// Writes a folder whole or not at all: filled under another name, and renamed when everything in it is proved.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { requireFreeDisk } from '../../journal/free-disk.ts'
import { syncFolder } from '../../journal/sync-folder.ts'
import { ReplayError } from '../errors.ts'

/**
 * Lets `fill` write into a draft of the folder `target`, then gives the draft its name. When `fill` throws, nothing
 * is left. `target` must not exist, or be empty; its disk must have `neededBytes` free.
 * @throws ReplayError `target_exists`, `disk_full`, and what `fill` throws.
 */
export async function putInPlace<Result>(
  target: string,
  neededBytes: number,
  fill: (draft: string) => Promise<Result>,
): Promise<Result> {
  const path = resolve(target)
  const parent = dirname(path)
  if (existsSync(path) && readdirSync(path).length > 0) throw taken(path)
  mkdirSync(parent, { recursive: true })
  requireFreeDisk(parent, neededBytes)
  const draft = `${path}.draft-${process.pid}`
  try {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft)
    const result = await fill(draft)
    syncFolder(draft)
    renameSync(draft, path)
    syncFolder(parent)
    return result
  } catch (fault) {
    rmSync(draft, { recursive: true, force: true })
    throw fault
  }
}

function taken(path: string): ReplayError {
  const message = `${path} is not empty. Name a folder that does not exist yet; nothing was changed.`
  return new ReplayError('target_exists', message)
}
