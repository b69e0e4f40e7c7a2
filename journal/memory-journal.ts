// A journal in memory with faults on demand, for tests and simulation. Never for production: it forgets.
import { invariant } from '../core/invariant.ts'
import type { EventBlock } from '../core/partition.ts'
import { decodeBlock, encodeBlock, encodeOpening } from './block-codec.ts'
import type { JournalIdentity } from './block-header.ts'
import { EMPTY_HEAD, type JournalHead } from './chain.ts'
import { JournalError } from './errors.ts'
import type { Journal, JournalReader, StoredBlock } from './journal.ts'

/** What the next append does instead of working. `tear` leaves half of the block behind. */
export type MemoryFault = 'none' | 'fail' | 'refuse' | 'hang' | 'tear'

/** What stays when the process is gone: the bytes of the blocks. Several journals may be opened on one disk. */
export class MemoryDisk implements JournalReader {
  readonly blocks: Buffer[] = []

  async *read(fromSeq: number): AsyncGenerator<StoredBlock> {
    for (let index = 0; index < this.blocks.length; index++) {
      const bytes = this.blocks[index] as Buffer
      const where = `memory, block ${index}`
      const block = decodeBlock(bytes, where)
      if (block.header.firstSeq + block.header.count > fromSeq) yield { ...block, where, bytes }
    }
  }
}

/** The Journal port over a MemoryDisk. Commits complete in a later turn unless `hold` keeps them. */
export class MemoryJournal implements Journal {
  readonly identity: JournalIdentity
  readonly #disk: MemoryDisk
  readonly #epoch: number
  #head: JournalHead
  #nextFault: MemoryFault = 'none'
  #held: (() => void)[] | undefined

  constructor(
    disk: MemoryDisk,
    identity: JournalIdentity,
    epoch = 1,
    head: JournalHead = EMPTY_HEAD,
  ) {
    this.identity = identity
    this.#disk = disk
    this.#epoch = epoch
    this.#head = head
    if (disk.blocks.length > 0) return
    const position = { epoch, firstSeq: 1, previousHash: head.hash }
    const opening = encodeOpening(identity, position)
    disk.blocks.push(opening.bytes)
    this.#head = { seq: 0, epoch, hash: opening.hash }
  }

  get head(): JournalHead {
    return this.#head
  }

  /** Makes the next append go wrong. */
  failNext(fault: MemoryFault): void {
    this.#nextFault = fault
  }

  /** Keeps commits from completing until `letGo`. */
  hold(): void {
    this.#held = []
  }

  /** Completes the commits kept by `hold`, in order, and holds no more. */
  letGo(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const complete of held) complete()
  }

  async append(block: EventBlock): Promise<void> {
    invariant(block.firstSeq === this.#head.seq + 1, 'blocks are appended in order, without gaps')
    const position = { epoch: this.#epoch, firstSeq: block.firstSeq, previousHash: this.#head.hash }
    const { bytes, hash } = encodeBlock(this.identity, position, block.events)
    this.#head = { seq: this.#head.seq + block.events.length, epoch: this.#epoch, hash }
    await this.#turn()
    this.#write(bytes, block.firstSeq)
    if (this.#nextFault === 'hang') await new Promise<never>(() => undefined)
  }

  async close(): Promise<void> {
    await this.#turn()
  }

  #write(bytes: Buffer, firstSeq: number): void {
    const fault = this.#nextFault
    if (fault === 'fail') throw new JournalError('commit_failed', 'memory: told to fail')
    if (fault === 'hang') return
    if (fault === 'tear') {
      this.#disk.blocks.push(bytes.subarray(0, bytes.length >> 1))
      throw new JournalError('commit_failed', 'memory: told to tear')
    }
    if (fault === 'refuse' || this.#hasBlockAt(firstSeq)) {
      throw new JournalError(
        'commit_refused',
        `memory: a block at seq ${firstSeq} is there already`,
      )
    }
    this.#disk.blocks.push(bytes)
  }

  #hasBlockAt(firstSeq: number): boolean {
    const last = this.#disk.blocks.at(-1)
    if (last === undefined) return false
    const { header } = decodeBlock(last, 'memory')
    return header.firstSeq + header.count > firstSeq
  }

  #turn(): Promise<void> {
    const held = this.#held
    return new Promise((resolve) => {
      if (held === undefined) setImmediate(resolve)
      else held.push(resolve)
    })
  }
}
