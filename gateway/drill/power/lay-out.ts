// A disk that was there before a recording, as records: made and synced, and what was owed on it.
import type { CrashImage } from './crash-image.ts'
import type { Promises } from './promises.ts'
import { encodeRecord, KIND, type Note, OPEN_FLAG } from './record-format.ts'

/** Records that make `image` below the folder `disk` and leave nothing unsynced; the recorder's follow. */
export function layOut(
  { image, promises }: { readonly image: CrashImage; readonly promises: Promises },
  disk: string,
): Buffer {
  const layer = new Layer()
  const folders = [disk]
  for (const [name, bytes] of image) {
    const path = `${disk}/${name}`
    if (bytes === undefined) {
      layer.makeFolder(path)
      folders.push(path)
    } else layer.makeFile(path, bytes)
  }
  for (const folder of folders) layer.syncFolder(folder)
  for (const [seq, hash] of promises.hashes) layer.note({ kind: 'block', seq, hash })
  layer.note({ kind: 'acknowledged', seq: promises.acknowledged })
  layer.note({ kind: 'begin' })
  return Buffer.concat(layer.records)
}

class Layer {
  readonly records: Buffer[] = []
  /** The recorder's own handles begin far above: they hold a process' number. */
  #serial = 0

  makeFolder(path: string): void {
    this.records.push(encodeRecord({ kind: KIND.makeFolder, payload: Buffer.from(path) }))
  }

  makeFile(path: string, bytes: Buffer): void {
    const handle = this.#open(path, OPEN_FLAG.creates)
    this.records.push(encodeRecord({ kind: KIND.write, handle, payload: bytes }))
    this.#sync(handle)
  }

  syncFolder(path: string): void {
    this.#sync(this.#open(path, OPEN_FLAG.isFolder))
  }

  note(note: Note): void {
    this.records.push(encodeRecord({ kind: KIND.note, payload: Buffer.from(JSON.stringify(note)) }))
  }

  #open(path: string, flags: number): string {
    const handle = String(++this.#serial)
    this.records.push(encodeRecord({ kind: KIND.open, handle, flags, payload: Buffer.from(path) }))
    return handle
  }

  #sync(handle: string): void {
    const sync = String(++this.#serial)
    this.records.push(encodeRecord({ kind: KIND.syncBegin, handle, sync }))
    this.records.push(encodeRecord({ kind: KIND.syncEnd, handle, sync }))
  }
}
