// A crash image as files: written out to be reopened, and the real disk read back to be held against a recording.
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashImage } from './crash-image.ts'

/** LMDB writes this file through memory, past every recorder, and begins it anew after a power loss. */
const LOCK_NAME = /(^|\/)lock\.mdb$/

/** Writes `image` below the folder `target`, which must not exist. */
export function writeImage(image: CrashImage, target: string): void {
  mkdirSync(target, { recursive: true })
  for (const [path, bytes] of image) {
    if (bytes === undefined) mkdirSync(join(target, path))
    else writeWhole(join(target, path), bytes)
  }
}

/** The first path at which the files below `folder` differ from `image`; undefined when they are the same. */
export function firstDifference(image: CrashImage, folder: string): string | undefined {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const missing = new Set(image.keys())
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1)
    if (!missing.delete(path)) return path
    const bytes = image.get(path)
    if (entry.isDirectory() !== (bytes === undefined)) return path
    if (bytes === undefined || LOCK_NAME.test(path)) continue
    if (!bytes.equals(readFileSync(join(folder, path)))) return path
  }
  return missing.values().next().value
}

function writeWhole(path: string, bytes: Buffer): void {
  const descriptor = openSync(path, 'w')
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done)
  } finally {
    closeSync(descriptor)
  }
}
