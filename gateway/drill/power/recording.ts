// A recording as what happened to a disk: changes of files and of folder entries, and from when on each is durable.
import { dirname } from 'node:path'
import { DrillError } from '../errors.ts'
import { KIND, type Note, OPEN_FLAG, type RawRecord } from './record-format.ts'

/** A file or a folder, whatever its names; the recorded folder itself is ROOT. */
export type Inode = number

export const ROOT: Inode = 0

/** Bytes written to a file. */
interface WriteChange {
  readonly kind: 'write'
  readonly inode: Inode
  readonly offset: number
  readonly bytes: Buffer
}

/** A file that got another size. */
interface TruncateChange {
  readonly kind: 'truncate'
  readonly inode: Inode
  readonly size: number
}

/** An entry of a folder: `inode` undefined means that the name is gone. */
interface Entry {
  readonly folder: Inode
  readonly name: string
  readonly inode: Inode | undefined
}

/** Entries that change together or not at all: one for a new name, two for a rename. */
interface EntryChange {
  readonly kind: 'entries'
  readonly entries: readonly Entry[]
}

/** What changes nothing by itself. */
interface Mark {
  readonly kind: 'mark'
}

export type Operation = (WriteChange | TruncateChange | EntryChange | Mark) & {
  /** For messages. */
  readonly text: string
  readonly note?: Note
  /** The change is durable at every cut after the operation with this index; Infinity: at none. */
  durableAfter: number
}

/** What a recorded process did to the disk, in order. */
export interface Recording {
  readonly operations: readonly Operation[]
  readonly isFolder: ReadonlySet<Inode>
  /** The first moment for the power to go: the operations before lay out the disk that was there already. */
  readonly firstCut: number
}

/**
 * Follows names and open files through `records`, which were made below the folder `root`.
 * @throws DrillError `recorder_blind` when they speak of a file that cannot be there.
 */
export function readRecording(records: readonly RawRecord[], root: string): Recording {
  const reader = new RecordingReader(root)
  for (const record of records) reader.take(record)
  const { operations, isFolder } = reader
  const firstCut = 1 + operations.findIndex(({ note }) => note?.kind === 'begin')
  return { operations, isFolder, firstCut }
}

class RecordingReader {
  readonly operations: Operation[] = []
  readonly isFolder = new Set<Inode>([ROOT])
  readonly #root: string
  readonly #inodesByPath = new Map<string, Inode>()
  readonly #inodesByHandle = new Map<string, Inode>()
  readonly #pathsByHandle = new Map<string, string>()
  /** Indexes of the changes of an inode that no sync has covered, by inode. */
  readonly #unsynced = new Map<Inode, number[]>()
  /** What each sync under way will have covered. */
  readonly #syncs = new Map<string, readonly number[]>()
  #inodes: Inode = ROOT

  constructor(root: string) {
    this.#root = root
    this.#inodesByPath.set(root, ROOT)
  }

  take(record: RawRecord): void {
    const path = record.payload.toString('utf8')
    switch (record.kind) {
      case KIND.rename:
        this.#rename(path, record.otherPath)
        break
      case KIND.link:
        this.#name(record.otherPath, this.#inodeOf(path), 'link')
        break
      case KIND.makeFolder:
        this.#makeFolder(path)
        break
      case KIND.unlink:
        this.#unlink(path)
        break
      case KIND.note:
        this.#note(JSON.parse(path) as Note)
        break
      default:
        this.#takeFromFile(record, path)
    }
  }

  #takeFromFile(record: RawRecord, path: string): void {
    switch (record.kind) {
      case KIND.open:
        this.#open(record, path)
        break
      case KIND.write:
        this.#write(record)
        break
      case KIND.truncate:
        this.#truncate(record.handle, record.offset)
        break
      case KIND.syncBegin:
        this.#beginSync(record)
        break
      case KIND.syncEnd:
        this.#endSync(record)
        break
      default:
        throw blind(`a record of kind ${record.kind}`)
    }
  }

  #open({ flags, handle }: RawRecord, path: string): void {
    if (!this.#inodesByPath.has(path) && (flags & OPEN_FLAG.creates) !== 0) {
      this.#name(path, ++this.#inodes, 'create')
    }
    this.#inodesByHandle.set(handle, this.#inodeOf(path))
    this.#pathsByHandle.set(handle, path)
    if ((flags & OPEN_FLAG.truncates) !== 0) this.#truncate(handle, 0)
  }

  #write({ handle, offset, payload, sync }: RawRecord): void {
    const inode = this.#inodeOfHandle(handle)
    const text = `write ${payload.length} bytes at ${offset} of ${this.#placeOf(handle)}`
    const index = this.#change(inode, { kind: 'write', inode, offset, bytes: payload, text })
    // A write to a file opened with O_DSYNC is a sync of its own bytes.
    if (sync !== '0') this.#syncs.set(sync, [index])
  }

  #truncate(handle: string, size: number): void {
    const inode = this.#inodeOfHandle(handle)
    const text = `truncate ${this.#placeOf(handle)} to ${size}`
    this.#change(inode, { kind: 'truncate', inode, size, text })
  }

  #beginSync({ handle, sync }: RawRecord): void {
    const inode = this.#inodeOfHandle(handle)
    this.#syncs.set(sync, [...(this.#unsynced.get(inode) ?? [])])
    this.#mark(`begin sync of ${this.#placeOf(handle)}`)
  }

  // Only what was there when the sync began is covered, and only a sync that came back without a fault covers.
  #endSync({ handle, sync, flags }: RawRecord): void {
    const inode = this.#inodeOfHandle(handle)
    const covered = new Set(flags === 0 ? this.#syncs.get(sync) : [])
    this.#syncs.delete(sync)
    const end = this.operations.length
    for (const index of covered) {
      const operation = this.operations[index] as Operation
      operation.durableAfter = Math.min(operation.durableAfter, end)
    }
    const left = this.#unsynced.get(inode)?.filter((index) => !covered.has(index))
    if (left !== undefined) this.#unsynced.set(inode, left)
    this.#mark(`${flags === 0 ? 'end' : 'failed'} sync of ${this.#placeOf(handle)}`)
  }

  #makeFolder(path: string): void {
    const inode = ++this.#inodes
    this.isFolder.add(inode)
    this.#name(path, inode, 'mkdir')
  }

  #name(path: string, inode: Inode, verb: string): void {
    const entry = this.#entry(path, inode)
    const text = `${verb} ${this.#relative(path)}`
    this.#change(entry.folder, { kind: 'entries', entries: [entry], text })
    this.#inodesByPath.set(path, inode)
  }

  #unlink(path: string): void {
    if (!this.#inodesByPath.has(path)) throw blind(path)
    const entry = this.#entry(path, undefined)
    const text = `unlink ${this.#relative(path)}`
    this.#change(entry.folder, { kind: 'entries', entries: [entry], text })
    this.#inodesByPath.delete(path)
  }

  // Between two folders it counts as the new one's change: nothing here renames that way.
  #rename(from: string, to: string): void {
    const inode = this.#inodeOf(from)
    const entries = [this.#entry(from, undefined), this.#entry(to, inode)]
    const text = `rename ${this.#relative(from)} to ${this.#relative(to)}`
    this.#change(this.#inodeOf(dirname(to)), { kind: 'entries', entries, text })
    for (const [path, moved] of [...this.#inodesByPath]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.#inodesByPath.delete(path)
      this.#inodesByPath.set(to + path.slice(from.length), moved)
    }
  }

  #note(note: Note): void {
    this.operations.push({ kind: 'mark', text: JSON.stringify(note), note, durableAfter: 0 })
  }

  #mark(text: string): void {
    this.operations.push({ kind: 'mark', text, durableAfter: 0 })
  }

  #change(
    syncedWith: Inode,
    change: (WriteChange | TruncateChange | EntryChange) & { readonly text: string },
  ): number {
    const index = this.operations.length
    this.operations.push({ ...change, durableAfter: Number.POSITIVE_INFINITY })
    const unsynced = this.#unsynced.get(syncedWith)
    if (unsynced === undefined) this.#unsynced.set(syncedWith, [index])
    else unsynced.push(index)
    return index
  }

  #entry(path: string, inode: Inode | undefined): Entry {
    return {
      folder: this.#inodeOf(dirname(path)),
      name: path.slice(dirname(path).length + 1),
      inode,
    }
  }

  #inodeOf(path: string): Inode {
    const inode = this.#inodesByPath.get(path)
    if (inode === undefined) throw blind(path)
    return inode
  }

  #inodeOfHandle(handle: string): Inode {
    const inode = this.#inodesByHandle.get(handle)
    if (inode === undefined) throw blind(`open file ${handle}`)
    return inode
  }

  #placeOf(handle: string): string {
    return this.#relative(this.#pathsByHandle.get(handle) ?? handle)
  }

  #relative(path: string): string {
    return path === this.#root ? 'the root' : path.slice(this.#root.length + 1)
  }
}

function blind(what: string): DrillError {
  return new DrillError(
    'recorder_blind',
    `The recording speaks of ${what}, which it never saw made: the recorder missed a call.`,
  )
}
