// What a lease is: its bucket and key, what its entry says, and the times that follow from its length.
import { type Static, Type } from '#typebox'
import { invariant } from '../../core/invariant.ts'
import { NatsFault } from './errors.ts'
import type { NatsLink } from './link.ts'
import { KvBucket, registryBucketName } from './registry-bucket.ts'

/** The margin is this part of the lease, and never less than 50 ms. */
const MARGIN_PART = 5
const MARGIN_MS_MIN = 50
const TICK_MS_MAX = 250
const TIMEOUT_MS_MAX = 2_000

/** The entry of a lease. `instance` is random per process: pids and hosts come again, it does not. */
export const leaseRecordSchema = Type.Object(
  {
    version: Type.Literal(1),
    instance: Type.String({ minLength: 1 }),
    host: Type.String(),
    pid: Type.Integer({ minimum: 1 }),
    data: Type.String(),
  },
  { additionalProperties: false },
)

export type LeaseRecord = Static<typeof leaseRecordSchema>

/** All in ms. */
export interface LeaseTimes {
  /** How long after the sending of a renewal the holder may still answer. */
  readonly validMs: number
  /** From the sending of one renewal to the next. */
  readonly renewMs: number
  /** How often the holder looks at its clock. */
  readonly tickMs: number
  /** How long one call of NATS may take. */
  readonly timeoutMs: number
}

/**
 * The times of a lease. The server counts from the moment it stores, later than the sending from which the holder
 * counts, so with equal clocks no margin would be needed. It covers what is not equal: the rates of the clocks, those
 * of replicated nats-servers against each other, and the time that an answer, found valid, takes to leave the process
 * (a pause of the garbage collector falls in between). A renewal that was lost has two more tries before the end.
 */
export function leaseTimes(leaseMs: number): LeaseTimes {
  invariant(leaseMs >= 500, 'a lease is long enough to renew it twice')
  return {
    validMs: leaseMs - Math.max(leaseMs / MARGIN_PART, MARGIN_MS_MIN),
    renewMs: leaseMs / 3,
    tickMs: Math.min(leaseMs / 20, TICK_MS_MAX),
    timeoutMs: Math.min(leaseMs / 5, TIMEOUT_MS_MAX),
  }
}

/** The key of a partition's lease. */
export function leaseKey(partition: number): string {
  invariant(Number.isSafeInteger(partition) && partition >= 0, 'a partition is counted from 0')
  return `p.${partition}`
}

/**
 * The bucket with the leases of a cluster. Its TTL ends a lease that nobody renews: a TTL of the single key would be
 * set when it is created and lost when it is updated.
 * @throws NatsFault `lease_ttl_differs`, `jetstream_missing`, `nats_failed`.
 */
export async function openLeaseBucket(
  link: NatsLink,
  cluster: string,
  leaseMs: number,
): Promise<KvBucket> {
  const name = `${registryBucketName(cluster)}_leases`
  const { timeoutMs } = leaseTimes(leaseMs)
  const bucket = await KvBucket.open(link, name, { ttlMs: leaseMs, timeoutMs })
  if (bucket.ttlMs === leaseMs) return bucket
  throw new NatsFault(
    'lease_ttl_differs',
    `Cluster "${cluster}" keeps its leases for ${bucket.ttlMs} ms (the TTL of the bucket ${name}); this process is ` +
      `set to ${leaseMs} ms. All cores of a cluster need the same. Either set this one to ${bucket.ttlMs}, or stop ` +
      `every core and change the cluster: \`nats stream edit KV_${name} --max-age=${leaseMs}ms ` +
      `--dupe-window=${leaseMs}ms\`. Do not delete the bucket: its revisions are the epochs.`,
  )
}
