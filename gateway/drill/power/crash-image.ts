// What a power loss leaves on the disk: everything durable at the cut, and what was kept of the rest.
import type { Inode, Operation, Recording } from './recording.ts'
import { ROOT } from './recording.ts'

/** What becomes of a write that was not yet durable: the bytes from `from` to `to` reach the disk, the size may too. */
export interface Kept {
  readonly from: number
  readonly to: number
  /** The file grew as far as the write reached, zeros where bytes were not kept. */
  readonly hasSize: boolean
}

/** A power loss: after `cut` operations, with these of the changes that were not yet durable, by index. */
export interface PowerLoss {
  readonly cut: number
  readonly kept: ReadonlyMap<number, Kept>
}

/** Files and folders by path relative to the recorded folder, parents first; a folder has no bytes. */
export type CrashImage = ReadonlyMap<string, Buffer | undefined>

/** The change is kept whole. */
export const WHOLE: Kept = { from: 0, to: Number.POSITIVE_INFINITY, hasSize: true }

/** Indexes of the changes before `cut` that were not durable there. */
export function unsyncedAt(recording: Recording, cut: number): number[] {
  const found: number[] = []
  for (let index = 0; index < cut; index++) {
    const operation = recording.operations[index] as Operation
    if (operation.kind !== 'mark' && operation.durableAfter >= cut) found.push(index)
  }
  return found
}

/** The disk after a power loss. */
export function buildImage(recording: Recording, loss: PowerLoss): CrashImage {
  const files = new Map<Inode, FileBytes>()
  const folders = new Map<Inode, Map<string, Inode>>()
  for (let index = 0; index < loss.cut; index++) {
    const operation = recording.operations[index] as Operation
    if (operation.kind === 'mark') continue
    const kept = operation.durableAfter < loss.cut ? WHOLE : loss.kept.get(index)
    if (kept !== undefined) apply(operation, kept, files, folders)
  }
  const image = new Map<string, Buffer | undefined>()
  addFolder(ROOT, '', image, { recording, files, folders })
  return image
}

function apply(
  operation: Operation,
  kept: Kept,
  files: Map<Inode, FileBytes>,
  folders: Map<Inode, Map<string, Inode>>,
): void {
  if (operation.kind === 'write' || operation.kind === 'truncate') {
    const file = files.get(operation.inode) ?? new FileBytes()
    files.set(operation.inode, file)
    if (operation.kind === 'write') file.write(operation.offset, operation.bytes, kept)
    else file.truncate(operation.size)
  }
  if (operation.kind !== 'entries') return
  for (const { folder, name, inode } of operation.entries) {
    const names = folders.get(folder) ?? new Map<string, Inode>()
    folders.set(folder, names)
    if (inode === undefined) names.delete(name)
    else names.set(name, inode)
  }
}

interface Disk {
  readonly recording: Recording
  readonly files: ReadonlyMap<Inode, FileBytes>
  readonly folders: ReadonlyMap<Inode, ReadonlyMap<string, Inode>>
}

function addFolder(
  folder: Inode,
  path: string,
  image: Map<string, Buffer | undefined>,
  disk: Disk,
) {
  for (const [name, inode] of disk.folders.get(folder) ?? []) {
    const place = path === '' ? name : `${path}/${name}`
    if (disk.recording.isFolder.has(inode)) {
      image.set(place, undefined)
      addFolder(inode, place, image, disk)
    } else image.set(place, disk.files.get(inode)?.bytes ?? Buffer.alloc(0))
  }
}

/** A file that grows with zeros. */
class FileBytes {
  #buffer = Buffer.alloc(0)
  #size = 0

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size)
  }

  write(offset: number, bytes: Buffer, kept: Kept): void {
    const part = bytes.subarray(kept.from, kept.to)
    const end = offset + kept.from + part.length
    this.#reserve(kept.hasSize ? offset + bytes.length : end)
    if (part.length > 0) part.copy(this.#buffer, offset + kept.from)
    const reached = kept.hasSize ? offset + bytes.length : part.length > 0 ? end : 0
    this.#size = Math.max(this.#size, reached)
  }

  truncate(size: number): void {
    this.#reserve(size)
    // What is cut off must not come back when the file grows again.
    if (size < this.#size) this.#buffer.fill(0, size, this.#size)
    this.#size = size
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(size, 2 * this.#buffer.length))
    this.#buffer.copy(larger)
    this.#buffer = larger
  }
}
