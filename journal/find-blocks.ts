// Looks for blocks in the bytes of a file that LMDB can no longer read: each proves itself by its checksum.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { blockCrc } from './block-codec.ts'
import { type BlockHeader, HEADER_BYTES, MAGIC_BYTES, readHeader } from './block-header.ts'

const CHUNK_BYTES = 2 ** 20
/** Far above any block that we write: a wild length is damage. */
const BLOCK_BYTES_MAX = 2 ** 26

/** The highest seq of any whole block in `file`, wherever it lies; 0 when there is none, or no file. */
export function highestSeqInBytes(file: string): number {
  if (!existsSync(file)) return 0
  const descriptor = openSync(file, 'r')
  try {
    let highest = 0
    for (const { firstSeq, count } of blocksIn(descriptor, fstatSync(descriptor).size)) {
      highest = Math.max(highest, firstSeq + count - 1)
    }
    return highest
  } finally {
    closeSync(descriptor)
  }
}

function* blocksIn(descriptor: number, size: number): Generator<BlockHeader> {
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    // A little further than the next chunk's beginning, for a magic that lies across it.
    const chunk = read(descriptor, start, CHUNK_BYTES + MAGIC_BYTES.length - 1)
    for (let at = chunk.indexOf(MAGIC_BYTES); at >= 0; at = chunk.indexOf(MAGIC_BYTES, at + 1)) {
      const header = blockAt(descriptor, start + at)
      if (header !== undefined) yield header
    }
  }
}

function blockAt(descriptor: number, offset: number): BlockHeader | undefined {
  const header = readHeader(read(descriptor, offset, HEADER_BYTES))
  if (header === undefined || header.payloadLength > BLOCK_BYTES_MAX) return undefined
  const bytes = read(descriptor, offset, HEADER_BYTES + header.payloadLength)
  const isWhole = bytes.length === HEADER_BYTES + header.payloadLength
  return isWhole && header.crc === blockCrc(bytes) ? header : undefined
}

function read(descriptor: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, offset))
}
