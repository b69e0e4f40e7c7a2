// Recordings as a test writes them: calls in order, through the same bytes that the recorder makes.
import {
  decodeRecords,
  encodeRecord,
  KIND,
  type Note,
  OPEN_FLAG,
} from '../../../../gateway/drill/power/record-format.ts'
import { type Recording, readRecording } from '../../../../gateway/drill/power/recording.ts'

const ROOT = '/disk'

/** Collects calls; paths are relative to the recorded folder, '' is that folder. */
export class HandMadeRecording {
  readonly #records: Buffer[] = []
  #serial = 0

  get bytes(): Buffer {
    return Buffer.concat(this.#records)
  }

  read(): Recording {
    return readRecording(decodeRecords(this.bytes), ROOT)
  }

  /** Opens a file, creating it when it is new; gives its handle. */
  open(path: string, flags: number = OPEN_FLAG.creates): string {
    const handle = String(++this.#serial)
    this.#add({ kind: KIND.open, handle, flags, payload: payloadOf(path) })
    return handle
  }

  /** Writes `text`; gives the sync's name when the file is synchronous. */
  write(handle: string, offset: number, text: string, isSynchronous = false): string {
    const sync = isSynchronous ? String(++this.#serial) : '0'
    this.#add({ kind: KIND.write, handle, offset, sync, payload: Buffer.from(text) })
    return sync
  }

  truncate(handle: string, size: number): void {
    this.#add({ kind: KIND.truncate, handle, offset: size })
  }

  beginSync(handle: string): string {
    const sync = String(++this.#serial)
    this.#add({ kind: KIND.syncBegin, handle, sync })
    return sync
  }

  endSync(handle: string, sync: string, hasFailed = false): void {
    this.#add({ kind: KIND.syncEnd, handle, sync, flags: hasFailed ? 1 : 0 })
  }

  sync(handle: string): void {
    this.endSync(handle, this.beginSync(handle))
  }

  syncFolder(path: string): void {
    this.sync(this.open(path, OPEN_FLAG.isFolder))
  }

  makeFolder(path: string): void {
    this.#add({ kind: KIND.makeFolder, payload: payloadOf(path) })
  }

  rename(from: string, to: string): void {
    this.#add({ kind: KIND.rename, payload: payloadOf(from), otherPath: `${ROOT}/${to}` })
  }

  link(from: string, to: string): void {
    this.#add({ kind: KIND.link, payload: payloadOf(from), otherPath: `${ROOT}/${to}` })
  }

  unlink(path: string): void {
    this.#add({ kind: KIND.unlink, payload: payloadOf(path) })
  }

  note(note: Note): void {
    this.#add({ kind: KIND.note, payload: Buffer.from(JSON.stringify(note)) })
  }

  #add(record: Parameters<typeof encodeRecord>[0]): void {
    this.#records.push(encodeRecord(record))
  }
}

function payloadOf(path: string): Buffer {
  return Buffer.from(path === '' ? ROOT : `${ROOT}/${path}`)
}
