// Holds each block against the one before: same journal, next seq, whole chain, epoch never falling (I5).

import { type DecodedBlock, NO_HASH } from './block-codec.ts'
import { type BlockHeader, CLOSING, type JournalIdentity } from './block-header.ts'
import { JournalError } from './errors.ts'

/** Where a journal stands after its last block. */
export interface JournalHead {
  /** Seq of the last event; 0 before the first. */
  readonly seq: number
  readonly epoch: number
  /** The chain's hash that the next block must carry. */
  readonly hash: Buffer
}

export const EMPTY_HEAD: JournalHead = { seq: 0, epoch: 0, hash: NO_HASH }

/** Walks blocks in order. `advance` throws a JournalError at the first that does not follow. */
export class Chain {
  #identity: JournalIdentity | undefined
  #head: JournalHead

  /** Starts after `head`; `identity` is what every block must be of, or undefined to learn it from the first. */
  constructor(identity: JournalIdentity | undefined, head: JournalHead) {
    this.#identity = identity
    this.#head = head
  }

  get head(): JournalHead {
    return this.#head
  }

  get identity(): JournalIdentity | undefined {
    return this.#identity
  }

  advance(block: DecodedBlock, where: string): void {
    const { header } = block
    this.#identity ??= header
    checkIdentity(header, this.#identity, where)
    const expectedSeq = this.#head.seq + 1
    if (header.firstSeq !== expectedSeq) {
      throw new JournalError(
        'journal_gap',
        `${where} begins at seq ${header.firstSeq}, but seq ${expectedSeq} comes next: events ` +
          'between are missing or doubled. Restore the missing segment from a backup.',
      )
    }
    if (!header.previousHash.equals(this.#head.hash)) {
      throw new JournalError(
        'journal_damaged',
        `${where} does not chain to the block before it (seq ${this.#head.seq}): one of the two was ` +
          'replaced. Restore the journal from a backup.',
      )
    }
    if (header.epoch < this.#head.epoch) {
      throw new JournalError(
        'journal_damaged',
        `${where} was written in epoch ${header.epoch}, after epoch ${this.#head.epoch}: an old owner ` +
          'wrote behind a new one. Restore the journal from a backup.',
      )
    }
    const hash = header.kind === CLOSING ? this.#head.hash : block.hash
    this.#head = { seq: this.#head.seq + header.count, epoch: header.epoch, hash }
  }
}

/** Throws unless a block or snapshot belongs to the journal that is expected. */
export function checkIdentity(
  found: JournalIdentity,
  expected: JournalIdentity,
  where: string,
): void {
  if (found.clusterId !== expected.clusterId) {
    throw new JournalError(
      'journal_foreign',
      `${where} belongs to cluster ${found.clusterId}, not to ${expected.clusterId}. ` +
        'Is this the right data directory?',
    )
  }
  const isSamePartition =
    found.partition === expected.partition && found.partitionCount === expected.partitionCount
  if (isSamePartition) return
  throw new JournalError(
    'journal_mispartitioned',
    `${where} is of partition ${nameOf(found)}, not ${nameOf(expected)}. ` +
      'Start with the partition count it was written with.',
  )
}

function nameOf(header: Pick<BlockHeader, 'partition' | 'partitionCount'>): string {
  return `${header.partition}/${header.partitionCount}`
}
