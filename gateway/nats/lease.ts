// Who owns a partition: a lease in NATS, renewed by compare-and-set and believed by the holder's own clock.
import { invariant } from '../../core/invariant.ts'
import { holderWords, type TakenLease, takeLease } from './lease-take.ts'
import {
  type LeaseRecord,
  type LeaseTimes,
  leaseKey,
  leaseRecordSchema,
  leaseTimes,
  openLeaseBucket,
} from './lease-terms.ts'
import type { NatsLink } from './link.ts'
import type { KvBucket } from './registry-bucket.ts'

/** Who wants to own a partition. */
interface LeaseHolder {
  /** Random, once per process. */
  readonly instance: string
  readonly host: string
  readonly pid: number
  /** Path of the data directory, for messages. */
  readonly data: string
}

export interface LeaseOptions {
  readonly link: NatsLink
  readonly cluster: string
  readonly partition: number
  /** The same for every core of the cluster; it is the TTL of the bucket. */
  readonly leaseMs: number
  readonly holder: LeaseHolder
  /** The partition is no longer ours: nothing may be answered any more. Called at most once, never after `release`. */
  readonly onLost: (reason: string) => void
  /** A renewal has succeeded. */
  readonly onRenewed?: () => void
  /** `instance` of a holder that this machine knows to be dead: its lease is taken over at once. */
  readonly predecessor?: string | undefined
  /** Never goes back, never jumps with the wall clock; in ms. */
  readonly monotonicNow?: () => number
}

/**
 * Becomes the owner of a partition, or says why not. Bounded: it never waits for a lease that another process holds.
 * @throws NatsFault `lease_held`, `lease_ttl_differs`, `jetstream_missing`, `registry_damaged`, `nats_failed`.
 */
export async function acquireLease(options: LeaseOptions): Promise<Lease> {
  const { link, cluster, partition, leaseMs, holder, predecessor } = options
  const { monotonicNow = () => performance.now() } = options
  const { instance, host, pid, data } = holder
  const record: LeaseRecord = { version: 1, instance, host, pid, data }
  const bucket = await openLeaseBucket(link, cluster, leaseMs)
  const taken = await takeLease({ bucket, partition, record, predecessor, monotonicNow })
  return new Lease(options, { bucket, record, taken, monotonicNow })
}

interface HeldLease {
  readonly bucket: KvBucket
  readonly record: LeaseRecord
  readonly taken: TakenLease
  readonly monotonicNow: () => number
}

/**
 * The ownership of one partition, from `acquireLease`. It renews itself until it is released or lost, and never comes
 * back: once `isValid` was false it stays false. One tick looks at the clock and does everything that is due by it, so
 * a process that was paused finds out at its first tick; `isValid` knows before that.
 */
export class Lease {
  /** Grows with every owner of any partition of the cluster: the revision of the entry that took the lease. */
  readonly epoch: number
  readonly #options: LeaseOptions
  readonly #bucket: KvBucket
  readonly #key: string
  readonly #record: LeaseRecord
  readonly #times: LeaseTimes
  readonly #monotonicNow: () => number
  readonly #ticker: NodeJS.Timeout
  #revision: number
  #validUntil: number
  #renewAt: number
  #isOver = false
  #trouble = 'no renewal came through'
  #renewing: Promise<void> | undefined
  #releasing: Promise<void> | undefined

  /** @internal */
  constructor(options: LeaseOptions, { bucket, record, taken, monotonicNow }: HeldLease) {
    this.epoch = taken.epoch
    this.#options = options
    this.#bucket = bucket
    this.#key = leaseKey(options.partition)
    this.#record = record
    this.#times = leaseTimes(options.leaseMs)
    this.#monotonicNow = monotonicNow
    this.#revision = taken.epoch
    this.#validUntil = taken.sentAt + this.#times.validMs
    this.#renewAt = taken.sentAt + this.#times.renewMs
    this.#ticker = setInterval(() => this.#tick(), this.#times.tickMs)
  }

  /** The end of what is certain, by the monotonic clock in ms; minus infinity once it is lost or released. */
  get validUntil(): number {
    return this.#validUntil
  }

  /** Whether an answer may leave now. Costs one look at the clock. */
  isValid(): boolean {
    return this.#monotonicNow() < this.#validUntil
  }

  /**
   * Gives the partition back, so that a successor can start at once; deletes nobody else's lease. Call it when nothing
   * more is written to the journal. Never rejects: what cannot be deleted ends by itself.
   */
  release(): Promise<void> {
    this.#releasing ??= this.#giveBack()
    return this.#releasing
  }

  /** Renews at the next tick, and so finds out whether the lease is still ours. */
  renewSoon(): void {
    this.#renewAt = Math.min(this.#renewAt, this.#monotonicNow())
  }

  #tick(): void {
    if (!this.isValid()) this.#lose(`it was not renewed in time: ${this.#trouble}`)
    else if (this.#isRenewalDue()) void this.#startRenewal()
  }

  // While the link is down the client would take a request only to drop it.
  #isRenewalDue(): boolean {
    if (this.#renewing !== undefined || !this.#options.link.isUp) return false
    return this.#monotonicNow() >= this.#renewAt
  }

  async #startRenewal(): Promise<void> {
    this.#renewing = this.#renew()
    await this.#renewing
    this.#renewing = undefined
  }

  async #renew(): Promise<void> {
    const sentAt = this.#monotonicNow()
    const outcome = await this.#bucket.swap(this.#key, this.#record, this.#revision)
    if (outcome.kind === 'unknown') this.#trouble = wordsOf(outcome.cause)
    else if (outcome.kind === 'conflict') await this.#adoptOrLose()
    else this.#extend(sentAt, outcome.revision)
  }

  #extend(sentAt: number, revision: number): void {
    invariant(revision > this.#revision, 'revisions grow')
    this.#revision = revision
    if (this.#isOver) return
    // The answer came after the end: by now somebody may have been told that we own nothing.
    if (!this.isValid()) {
      this.#lose('its renewal was answered too late')
      return
    }
    this.#validUntil = sentAt + this.#times.validMs
    this.#renewAt = sentAt + this.#times.renewMs
    this.#options.onRenewed?.()
  }

  // A renewal whose answer was lost moved the revision: the entry is still ours. That alone extends nothing, for it
  // is not known which attempt it was; the next tick renews again from there.
  async #adoptOrLose(): Promise<void> {
    try {
      const { revision, value } = await this.#bucket.read(this.#key, leaseRecordSchema)
      if (value?.instance === this.#record.instance) {
        this.#revision = Math.max(this.#revision, revision)
      } else if (value !== undefined) {
        this.#lose(`it was taken by ${holderWords(value)}`)
      } else {
        this.#lose('it ran out or was deleted')
      }
    } catch (error) {
      this.#trouble = wordsOf(error)
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return
    this.#end()
    this.#options.onLost(`the lease of partition ${this.#options.partition} is lost: ${reason}`)
  }

  #end(): void {
    this.#isOver = true
    this.#validUntil = Number.NEGATIVE_INFINITY
    clearInterval(this.#ticker)
  }

  async #giveBack(): Promise<void> {
    this.#end()
    // One write at a time, so that revisions are learnt in order.
    await this.#renewing
    if (!this.#options.link.isUp) return
    const outcome = await this.#bucket.delete(this.#key, this.#revision)
    if (outcome.kind !== 'conflict') return
    await this.#adoptOrLose()
    await this.#bucket.delete(this.#key, this.#revision)
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
