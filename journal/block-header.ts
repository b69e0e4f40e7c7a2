// The fixed 68 bytes in front of every block: who wrote it, where it belongs, what it must chain to.

/** Bytes of a header. */
export const HEADER_BYTES = 68
/** The format that this version writes. It reads every older one. */
export const FORMAT_VERSION = 1
/** Bytes of the chain's hash: SHA-256, cut in half. */
export const CHAIN_HASH_BYTES = 16
export const CLUSTER_ID_BYTES = 16

const MAGIC = 0x48464a42
/** The same as bytes: every block begins with them. */
export const MAGIC_BYTES: Buffer = Buffer.from('HFJB')
const OFFSET = {
  magic: 0,
  version: 4,
  kind: 6,
  clusterId: 8,
  partition: 24,
  partitionCount: 26,
  epoch: 28,
  firstSeq: 32,
  count: 40,
  previousHash: 44,
  payloadLength: 60,
  crc: 64,
} as const

/** A block of kind EVENTS holds a commit's events. */
export const EVENTS = 0
/** The first block of a segment; holds no events. */
export const OPENING = 1
/**
 * The last block of a closed segment; holds no events and nothing chains to it. It takes the place of the next seq,
 * so that an owner who does not know that the segment was closed cannot write behind it.
 */
export const CLOSING = 2

/** Whose journal it is. Every block carries it, so that no file can be taken for another's. */
export interface JournalIdentity {
  /** 16 bytes as 32 lower-case hexadecimal digits. */
  readonly clusterId: string
  readonly partition: number
  readonly partitionCount: number
}

export interface BlockHeader extends JournalIdentity {
  readonly version: number
  readonly kind: number
  readonly epoch: number
  /** Seq of the first event; of an opening block, the seq that the segment's first event will have. */
  readonly firstSeq: number
  readonly count: number
  /** First 16 bytes of SHA-256 over the whole block before; zeros before the first. */
  readonly previousHash: Buffer
  readonly payloadLength: number
  /** CRC-32 over the header without this field, then the payload. */
  readonly crc: number
}

/** Writes every field but the CRC, which covers what this writes. */
export function writeHeader(target: Buffer, header: Omit<BlockHeader, 'crc'>): void {
  target.writeUInt32BE(MAGIC, OFFSET.magic)
  target.writeUInt16BE(header.version, OFFSET.version)
  target.writeUInt16BE(header.kind, OFFSET.kind)
  target.write(header.clusterId, OFFSET.clusterId, CLUSTER_ID_BYTES, 'hex')
  target.writeUInt16BE(header.partition, OFFSET.partition)
  target.writeUInt16BE(header.partitionCount, OFFSET.partitionCount)
  target.writeUInt32BE(header.epoch, OFFSET.epoch)
  target.writeBigUInt64BE(BigInt(header.firstSeq), OFFSET.firstSeq)
  target.writeUInt32BE(header.count, OFFSET.count)
  header.previousHash.copy(target, OFFSET.previousHash, 0, CHAIN_HASH_BYTES)
  target.writeUInt32BE(header.payloadLength, OFFSET.payloadLength)
}

/** Writes the CRC into a header that is otherwise complete. */
export function writeCrc(target: Buffer, crc: number): void {
  target.writeUInt32BE(crc, OFFSET.crc)
}

/** The header at the start of `source`, or undefined when these are not the bytes of a block. */
export function readHeader(source: Buffer): BlockHeader | undefined {
  if (source.length < HEADER_BYTES || source.readUInt32BE(OFFSET.magic) !== MAGIC) return undefined
  return {
    version: source.readUInt16BE(OFFSET.version),
    kind: source.readUInt16BE(OFFSET.kind),
    clusterId: source.toString('hex', OFFSET.clusterId, OFFSET.clusterId + CLUSTER_ID_BYTES),
    partition: source.readUInt16BE(OFFSET.partition),
    partitionCount: source.readUInt16BE(OFFSET.partitionCount),
    epoch: source.readUInt32BE(OFFSET.epoch),
    firstSeq: Number(source.readBigUInt64BE(OFFSET.firstSeq)),
    count: source.readUInt32BE(OFFSET.count),
    previousHash: Buffer.from(
      source.subarray(OFFSET.previousHash, OFFSET.previousHash + CHAIN_HASH_BYTES),
    ),
    payloadLength: source.readUInt32BE(OFFSET.payloadLength),
    crc: source.readUInt32BE(OFFSET.crc),
  }
}

/** Where the CRC stands: it covers the bytes before. */
export const CRC_OFFSET: number = OFFSET.crc
