// Blocks ⇄ bytes: header, MessagePack payload, CRC and hash chain. What does not read back exactly is a fault.
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Event } from '../core/event.ts'
import { invariant } from '../core/invariant.ts'
import {
  type BlockHeader,
  CHAIN_HASH_BYTES,
  CLOSING,
  CRC_OFFSET,
  EVENTS,
  FORMAT_VERSION,
  HEADER_BYTES,
  type JournalIdentity,
  OPENING,
  readHeader,
  writeCrc,
  writeHeader,
} from './block-header.ts'
import { JournalError } from './errors.ts'
import { decodeEvent, encodeEvent, type Plain } from './event-codec.ts'
import { packr } from './message-pack.ts'

/** The hash that the first block of a journal chains to. */
export const NO_HASH: Buffer = Buffer.alloc(CHAIN_HASH_BYTES)

/** A block as bytes, and the hash that the next block must carry. */
export interface EncodedBlock {
  readonly bytes: Buffer
  readonly hash: Buffer
}

export interface BlockPosition {
  readonly epoch: number
  readonly firstSeq: number
  readonly previousHash: Buffer
}

/** A block as read back: verified by itself, not yet held against its neighbours. */
export interface DecodedBlock {
  readonly header: BlockHeader
  readonly events: readonly Event[]
  readonly hash: Buffer
}

/** Encodes a commit's events. The bytes are fresh: LMDB keeps a pointer to them until the commit is done. */
export function encodeBlock(
  identity: JournalIdentity,
  position: BlockPosition,
  events: readonly Event[],
): EncodedBlock {
  const blockAt = events[0]?.at
  invariant(blockAt !== undefined, 'a block has at least one event')
  const payload: Plain[] = [blockAt]
  for (const event of events) payload.push(encodeEvent(event, blockAt))
  return seal(identity, position, EVENTS, events.length, packr.pack(payload))
}

/** Encodes the block that begins a segment. */
export function encodeOpening(identity: JournalIdentity, position: BlockPosition): EncodedBlock {
  return seal(identity, position, OPENING, 0, Buffer.alloc(0))
}

/** Encodes the block that closes a segment. */
export function encodeClosing(identity: JournalIdentity, position: BlockPosition): EncodedBlock {
  return seal(identity, position, CLOSING, 0, Buffer.alloc(0))
}

/**
 * Decodes one block and checks everything that it says of itself. `where` names it in messages.
 * @throws JournalError `journal_damaged` or `journal_newer`.
 */
export function decodeBlock(bytes: Buffer, where: string): DecodedBlock {
  const header = readBlockHeader(bytes, where)
  const payload = bytes.subarray(HEADER_BYTES)
  return { header, events: decodePayload(header, payload, where), hash: chainHash(bytes) }
}

/** First 16 bytes of SHA-256 over a whole block. */
export function chainHash(bytes: Buffer): Buffer {
  // In one call: a Hash object lives until a full collection, and there is one for each block.
  return hash('sha256', bytes, 'buffer').subarray(0, CHAIN_HASH_BYTES)
}

function seal(
  identity: JournalIdentity,
  position: BlockPosition,
  kind: number,
  count: number,
  payload: Buffer,
): EncodedBlock {
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + payload.length)
  const payloadLength = payload.length
  writeHeader(bytes, {
    ...identity,
    ...position,
    version: FORMAT_VERSION,
    kind,
    count,
    payloadLength,
  })
  payload.copy(bytes, HEADER_BYTES)
  writeCrc(bytes, blockCrc(bytes))
  return { bytes, hash: chainHash(bytes) }
}

function readBlockHeader(bytes: Buffer, where: string): BlockHeader {
  const header = readHeader(bytes)
  if (header === undefined) throw damaged(where, 'it does not begin like a block')
  if (header.version > FORMAT_VERSION) {
    throw new JournalError(
      'journal_newer',
      `${where} was written in format ${header.version}; this version reads up to ${FORMAT_VERSION}. ` +
        'Use the version of holdfast that wrote it, or a later one.',
    )
  }
  if (header.payloadLength !== bytes.length - HEADER_BYTES) {
    throw damaged(where, `it has ${bytes.length - HEADER_BYTES} bytes of ${header.payloadLength}`)
  }
  if (header.crc !== blockCrc(bytes)) throw damaged(where, 'its checksum does not match')
  return header
}

function decodePayload(header: BlockHeader, payload: Buffer, where: string): Event[] {
  const isMark = header.kind === OPENING || header.kind === CLOSING
  if (isMark && header.count === 0 && payload.length === 0) return []
  if (header.kind !== EVENTS) throw damaged(where, `its kind ${header.kind} is unknown`)
  try {
    const [blockAt, ...fields] = packr.unpack(payload) as Plain[]
    if (typeof blockAt !== 'number' || fields.length !== header.count) {
      throw new TypeError(`it holds ${fields.length} events of ${header.count}`)
    }
    return fields.map((event) => decodeEvent(event, blockAt))
  } catch (cause) {
    throw damaged(where, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** CRC-32 over a whole block without its field for it. */
export function blockCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(HEADER_BYTES), crc32(bytes.subarray(0, CRC_OFFSET)))
}

function damaged(where: string, what: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal_damaged',
    `${where} is damaged: ${what}. Restore the journal from a backup or a replica; nothing was changed.`,
    { cause },
  )
}
