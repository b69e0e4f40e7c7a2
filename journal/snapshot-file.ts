// Snapshots as files: written beside, fsynced, renamed, directory fsynced. A half-written one has no name.
// Layout: "HFSN", u16 version, then frames of {u32 length, u32 CRC-32, payload}: a header, chunks, an empty one.
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PartitionState } from '../core/partition-state.ts'
import { stateHash } from '../core/state-hash.ts'
import type { JournalIdentity } from './block-header.ts'
import { checkIdentity, type JournalHead } from './chain.ts'
import { JournalError } from './errors.ts'
import { FieldReader, type Plain } from './event-codec.ts'
import { packr } from './message-pack.ts'
import { encodeState, StateDecoder, type StateScalars } from './snapshot-codec.ts'
import { syncFolder } from './sync-folder.ts'

const MAGIC = Buffer.from('HFSN')
const SNAPSHOT_VERSION = 1
const PREFIX_BYTES = 6
const FRAME_BYTES = 8
/** Far above any chunk we write: a wild length is damage, not a reason to allocate. */
const FRAME_BYTES_MAX = 64 * 2 ** 20
/** Some frames at a time. */
const READ_BYTES = 4 * 2 ** 20
const DRAFT_NAME = /\.draft-[0-9a-f-]+$/
const SNAPSHOT_NAME = /^snapshot-(\d{16})\.hfs$/

/** A snapshot's place; `seq` is the last event that it covers. */
export interface SnapshotPlace {
  readonly path: string
  readonly seq: number
}

/** What a snapshot says before its state. */
interface SnapshotHeader extends StateScalars {
  readonly identity: JournalIdentity
  /** Where the journal stood: the next block chains to it. */
  readonly head: JournalHead
  readonly stateHash: string
}

export interface Snapshot {
  readonly header: SnapshotHeader
  readonly state: PartitionState
}

/** Snapshots in `directory`, newest first. */
export function listSnapshots(directory: string): SnapshotPlace[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .flatMap((name) => {
      const digits = SNAPSHOT_NAME.exec(name)?.[1]
      return digits === undefined ? [] : [{ path: join(directory, name), seq: Number(digits) }]
    })
    .sort((left, right) => right.seq - left.seq)
}

/** Writes `state`, which is that of the journal at `head`, and gives the file's place and the state's hash. */
export async function writeSnapshot(
  directory: string,
  identity: JournalIdentity,
  head: JournalHead,
  state: PartitionState,
): Promise<SnapshotPlace & { stateHash: string }> {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `snapshot-${String(state.lastSeq).padStart(16, '0')}.hfs`)
  const draft = `${path}.draft-${randomUUID()}`
  const hash = stateHash(state)
  try {
    await writeDraft(draft, encodeHeader(identity, head, state, hash), state)
    await rename(draft, path)
    syncFolder(directory)
    // The folder itself may be new, and a trimmed journal hangs on what is in it.
    syncFolder(dirname(directory))
  } finally {
    rmSync(draft, { force: true })
  }
  return { path, seq: state.lastSeq, stateHash: hash }
}

/** Removes all but the newest `keep` snapshots, and those of the seqs in `bases`, which segments begin after. */
export function pruneSnapshots(directory: string, keep: number, bases: ReadonlySet<number>): void {
  for (const { path, seq } of listSnapshots(directory).slice(keep)) {
    if (!bases.has(seq)) rmSync(path, { force: true })
  }
}

/** Removes drafts that crashes left. Only for an owner that starts: anybody else may meet one that is being written. */
export function removeDrafts(directory: string): void {
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) {
    if (DRAFT_NAME.test(name)) rmSync(join(directory, name), { force: true })
  }
}

/**
 * Reads a snapshot whole and proves it: checksums, identity, and the hash of the state it gives.
 * @throws JournalError `snapshot_damaged`, `journal_foreign`, `journal_mispartitioned`, `journal_newer`.
 */
export async function readSnapshot(
  path: string,
  expected: JournalIdentity | undefined,
  seed: number,
): Promise<Snapshot> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    return await readOpenSnapshot(file, path, expected, seed)
  } catch (cause) {
    if (cause instanceof JournalError) throw cause
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), cause)
  } finally {
    await file?.close()
  }
}

async function readOpenSnapshot(
  file: FileHandle,
  path: string,
  expected: JournalIdentity | undefined,
  seed: number,
): Promise<Snapshot> {
  const reader = new FrameReader(file, path)
  const header = decodeHeader(await reader.prefix())
  if (expected !== undefined) checkIdentity(header.identity, expected, path)
  const decoder = new StateDecoder(header, seed)
  for (let chunk = await reader.frame(); chunk !== undefined; chunk = await reader.frame()) {
    decoder.add(chunk)
  }
  const hash = stateHash(decoder.state)
  if (hash !== header.stateHash) throw damaged(path, 'its state does not have the hash it names')
  return { header, state: decoder.state }
}

async function writeDraft(draft: string, header: Buffer, state: PartitionState): Promise<void> {
  const file = await open(draft, 'w')
  try {
    const prefix = Buffer.alloc(PREFIX_BYTES)
    MAGIC.copy(prefix)
    prefix.writeUInt16BE(SNAPSHOT_VERSION, MAGIC.length)
    await file.appendFile(Buffer.concat([prefix, frame(header)]))
    for (const chunk of encodeState(state)) await file.appendFile(frame(chunk))
    await file.appendFile(frame(Buffer.alloc(0)))
    await file.sync()
  } finally {
    await file.close()
  }
}

function frame(payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + payload.length)
  bytes.writeUInt32BE(payload.length, 0)
  bytes.writeUInt32BE(crc32(payload), 4)
  payload.copy(bytes, FRAME_BYTES)
  return bytes
}

/** Reads frames one after the other; an empty frame ends the file. The next bytes are read while a frame is used. */
class FrameReader {
  readonly #path: string
  readonly #blocks: AsyncIterator<Buffer>
  /** Read, and not taken yet. */
  #rest: Buffer = Buffer.alloc(0)

  constructor(file: FileHandle, path: string) {
    this.#path = path
    const stream = file.createReadStream({ highWaterMark: READ_BYTES, autoClose: false })
    this.#blocks = stream[Symbol.asyncIterator]()
  }

  /** The header's frame, after magic and version. */
  async prefix(): Promise<Buffer> {
    const prefix = await this.#take(PREFIX_BYTES)
    if (!prefix.subarray(0, MAGIC.length).equals(MAGIC))
      throw damaged(this.#path, 'it is no snapshot')
    const version = prefix.readUInt16BE(MAGIC.length)
    if (version > SNAPSHOT_VERSION) {
      const message = `${this.#path} has format ${version}; this version reads up to ${SNAPSHOT_VERSION}.`
      throw new JournalError('journal_newer', message)
    }
    const header = await this.frame()
    if (header === undefined) throw damaged(this.#path, 'it has no header')
    return header
  }

  async frame(): Promise<Buffer | undefined> {
    const head = await this.#take(FRAME_BYTES)
    const length = head.readUInt32BE(0)
    if (length > FRAME_BYTES_MAX) throw damaged(this.#path, 'a length in it is absurd')
    const payload = await this.#take(length)
    if (crc32(payload) !== head.readUInt32BE(4))
      throw damaged(this.#path, 'a checksum does not match')
    if (length > 0) return payload
    if (!(await this.#isAtEnd())) throw damaged(this.#path, 'bytes follow its end')
    return undefined
  }

  async #take(length: number): Promise<Buffer> {
    const parts = [this.#rest]
    for (let have = this.#rest.length; have < length; ) {
      const { done, value } = await this.#blocks.next()
      if (done) throw damaged(this.#path, 'it is cut off')
      parts.push(value)
      have += value.length
    }
    const bytes = parts.length === 1 ? this.#rest : Buffer.concat(parts)
    this.#rest = bytes.subarray(length)
    return bytes.subarray(0, length)
  }

  async #isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && (await this.#blocks.next()).done === true
  }
}

function encodeHeader(
  identity: JournalIdentity,
  head: JournalHead,
  state: PartitionState,
  hash: string,
): Buffer {
  const { clusterId, partition, partitionCount } = identity
  const { lastSeq, lastAt, retentionMs } = state
  const place = [
    clusterId,
    partition,
    partitionCount,
    head.seq,
    head.epoch,
    head.hash.toString('hex'),
  ]
  return packr.pack([...place, lastSeq, lastAt, retentionMs, hash])
}

function decodeHeader(bytes: Buffer): SnapshotHeader {
  const reader = new FieldReader(packr.unpack(bytes) as Plain)
  const clusterId = reader.text()
  const identity = { clusterId, partition: reader.integer(), partitionCount: reader.integer() }
  const seq = reader.integer()
  const head = { seq, epoch: reader.integer(), hash: Buffer.from(reader.text(), 'hex') }
  return {
    identity,
    head,
    lastSeq: reader.integer(),
    lastAt: reader.integer(),
    retentionMs: reader.integer(),
    stateHash: reader.text(),
  }
}

function damaged(path: string, what: string, cause?: unknown): JournalError {
  const message = `${path} is damaged: ${what}. It is skipped; replay takes its place.`
  return new JournalError('snapshot_damaged', message, { cause })
}
