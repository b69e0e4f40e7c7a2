// How far a partition has come, told to the registry: what a later start is compared with.
import type { Static } from '#typebox'
import { invariant } from '../../core/invariant.ts'
import type { NatsLink } from './link.ts'
import { openRegistry } from './registry.ts'
import type { KvBucket } from './registry-bucket.ts'
import { partitionKey, partitionSchema } from './registry-records.ts'

export interface PartitionRecordOptions {
  readonly link: NatsLink
  readonly cluster: string
  readonly partition: number
  /** Of the lease under which it is told. */
  readonly epoch: number
  /** Where the journal is, host and path, for messages. */
  readonly data: string
}

/** The registry's entry of one partition, as its owner writes it. One write at a time, and the newest seq wins. */
export class PartitionRecord {
  readonly #options: PartitionRecordOptions
  readonly #bucket: KvBucket
  #lastSeq = 0
  #writing: Promise<boolean> | undefined

  private constructor(options: PartitionRecordOptions, bucket: KvBucket) {
    this.#options = options
    this.#bucket = bucket
  }

  /** @throws NatsFault `jetstream_missing`, `nats_failed`. */
  static async open(options: PartitionRecordOptions): Promise<PartitionRecord> {
    return new PartitionRecord(options, await openRegistry(options.link, options.cluster))
  }

  /**
   * Tells that everything up to `lastSeq` is durable; a lower one than before tells nothing new. Resolves when NATS
   * has it or did not take it in time, with which of the two; never rejects, for the next one says it again.
   */
  report(lastSeq: number): Promise<boolean> {
    invariant(Number.isSafeInteger(lastSeq) && lastSeq >= 0, 'a seq is counted from 0')
    this.#lastSeq = Math.max(this.#lastSeq, lastSeq)
    this.#writing ??= this.#write()
    return this.#writing
  }

  async #write(): Promise<boolean> {
    let lastSeq: number
    let isTaken: boolean
    do {
      lastSeq = this.#lastSeq
      isTaken = await this.#put(lastSeq)
    } while (isTaken && lastSeq < this.#lastSeq)
    this.#writing = undefined
    return isTaken
  }

  // While the link is down the client would take it only to drop it.
  async #put(lastSeq: number): Promise<boolean> {
    const { link, partition, epoch, data } = this.#options
    if (!link.isUp) return false
    const record: Static<typeof partitionSchema> = { version: 1, lastSeq, epoch, data }
    try {
      const { revision, value } = await this.#bucket.read(partitionKey(partition), partitionSchema)
      // A later owner has spoken: what this one still has to say must not take that back.
      if (value !== undefined && value.epoch > epoch) return false
      const outcome = await this.#bucket.swap(partitionKey(partition), record, revision)
      return outcome.kind === 'stored'
    } catch {
      return false
    }
  }
}
