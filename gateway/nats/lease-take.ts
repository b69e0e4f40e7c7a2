// How a lease changes hands: by compare-and-set alone, from nobody, from a process known to be dead, or not at all.
import { NatsFault } from './errors.ts'
import { type LeaseRecord, leaseKey, leaseRecordSchema } from './lease-terms.ts'
import { type KvBucket, natsFault } from './registry-bucket.ts'

/** Others may come and go while we try; so often in a row is a sign of something else. */
const ATTEMPTS_MAX = 5

export interface LeaseBid {
  readonly bucket: KvBucket
  readonly partition: number
  readonly record: LeaseRecord
  /** `instance` of a process that is known to be dead: its lease is free. */
  readonly predecessor: string | undefined
  readonly monotonicNow: () => number
}

export interface TakenLease {
  /** The revision of the entry that took it. */
  readonly epoch: number
  /** By the monotonic clock, before it was asked for. */
  readonly sentAt: number
}

/**
 * Takes the lease of a partition.
 * @throws NatsFault `lease_held` with the words for who holds it; `registry_damaged`, `jetstream_missing`, `nats_failed`.
 */
export async function takeLease(bid: LeaseBid): Promise<TakenLease> {
  const { bucket, partition, record } = bid
  const key = leaseKey(partition)
  let revision = 0
  let trouble: unknown
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const sentAt = bid.monotonicNow()
    const outcome = await bucket.swap(key, record, revision)
    if (outcome.kind === 'stored') return { epoch: outcome.revision, sentAt }
    if (outcome.kind === 'unknown') trouble = outcome.cause
    const entry = await bucket.read(key, leaseRecordSchema)
    // An entry of our own can only come from an attempt whose outcome we did not hear.
    const mayBeOurs = trouble !== undefined
    if (entry.value !== undefined && !isFree(entry.value, bid, mayBeOurs)) {
      throw leaseHeld(bucket, partition, entry.value)
    }
    revision = entry.revision
  }
  const reason = trouble ?? new Error(`${ATTEMPTS_MAX} attempts came too late`)
  throw natsFault(reason, `give the lease of partition ${partition}`)
}

function isFree(holder: LeaseRecord, bid: LeaseBid, mayBeOurs: boolean): boolean {
  if (holder.instance === bid.predecessor) return true
  return mayBeOurs && holder.instance === bid.record.instance
}

function leaseHeld(bucket: KvBucket, partition: number, holder: LeaseRecord): NatsFault {
  return new NatsFault(
    'lease_held',
    `Partition ${partition} is owned by ${holderWords(holder)}. When that process stops, its lease is free at once; ` +
      `when it was killed or lost NATS, at most ${bucket.ttlMs} ms after its last renewal.`,
  )
}

/** Who holds a lease, for messages. */
export function holderWords({ pid, host, data }: LeaseRecord): string {
  return `process ${pid} on host ${host} with the data directory ${data}`
}
