// The registry of a cluster in NATS: a process that does not belong finds out before it does harm.
import { randomBytes } from 'node:crypto'
import type { Static } from '#typebox'
import { CLUSTER_ID_BYTES } from '../../journal/block-header.ts'
import { NatsFault } from './errors.ts'
import type { NatsLink } from './link.ts'
import { KvBucket, natsFault, registryBucketName } from './registry-bucket.ts'
import {
  CLUSTER_KEY,
  clusterSchema,
  partitionKey,
  partitionSchema,
  REGISTRY_TIMEOUT_MS,
} from './registry-records.ts'

/** Others may write the same key at the same moment, but only once: it never changes. */
const ATTEMPTS_MAX = 3

/** What all processes of a cluster agree on. `clusterId` is 32 hexadecimal digits, as in every journal. */
export interface ClusterFacts {
  readonly clusterId: string
  readonly partitionCount: number
}

export interface Joined {
  readonly clusterId: string
  /** The epoch of the last owner that the registry has heard of; 0 for none. */
  readonly lastEpoch: number
}

export interface JoinOptions {
  readonly link: NatsLink
  readonly cluster: string
  readonly partitionCount: number
  /** Of the own journal; undefined when there is none yet. */
  readonly clusterId: string | undefined
  readonly partition: number
  /** The last seq of the own journal; 0 when it is empty. */
  readonly journalSeq: number
  /** The epoch of its last block; 0 when it is empty. */
  readonly journalEpoch: number
  /** Go on with a journal that lacks what was acknowledged: somebody has decided to give that up. */
  readonly acceptOlderJournal: boolean
}

/**
 * Compares a core's journal with its cluster, which the first core founds. Call it while holding the lease of the
 * partition: before that, another owner may still be acknowledging.
 * @throws NatsFault `cluster_foreign`, `partition_count_differs`, `journal_behind`, `registry_damaged`,
 * `jetstream_missing`, `nats_failed`.
 */
export async function joinCluster(options: JoinOptions): Promise<Joined> {
  const bucket = await openRegistry(options.link, options.cluster)
  const facts = await foundOrFind(bucket, options)
  requireSameCluster(facts, options)
  const { value } = await bucket.read(partitionKey(options.partition), partitionSchema)
  if (value !== undefined && !options.acceptOlderJournal) requireWhole(value, options)
  return { clusterId: facts.clusterId, lastEpoch: value?.epoch ?? 0 }
}

/**
 * What the cluster is; undefined when no core has founded it yet. Creates nothing.
 * @throws NatsFault `registry_damaged`, `jetstream_missing`, `nats_failed`.
 */
export async function readCluster(
  link: NatsLink,
  cluster: string,
): Promise<ClusterFacts | undefined> {
  const name = registryBucketName(cluster)
  const bucket = await KvBucket.existing(link, name, REGISTRY_TIMEOUT_MS)
  const { value } = await bucket.read(CLUSTER_KEY, clusterSchema)
  if (value === undefined) return undefined
  return { clusterId: value.clusterId, partitionCount: value.partitionCount }
}

/**
 * The bucket of a cluster's registry, created when it is missing.
 * @throws NatsFault `jetstream_missing`, `nats_failed`.
 */
export function openRegistry(link: NatsLink, cluster: string): Promise<KvBucket> {
  const terms = { ttlMs: 0, timeoutMs: REGISTRY_TIMEOUT_MS }
  return KvBucket.open(link, registryBucketName(cluster), terms)
}

async function foundOrFind(bucket: KvBucket, options: JoinOptions): Promise<ClusterFacts> {
  const { partitionCount, clusterId = randomBytes(CLUSTER_ID_BYTES).toString('hex') } = options
  let trouble: unknown = new Error('the key came and went')
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { revision, value } = await bucket.read(CLUSTER_KEY, clusterSchema)
    if (value !== undefined) return value
    const record: Static<typeof clusterSchema> = { version: 1, clusterId, partitionCount }
    const outcome = await bucket.swap(CLUSTER_KEY, record, revision)
    if (outcome.kind === 'stored') return record
    // Whoever was faster founded it, or our own attempt did whose answer was lost: the next look tells.
    if (outcome.kind === 'unknown') trouble = outcome.cause
  }
  throw natsFault(trouble, `write ${CLUSTER_KEY} to the bucket ${bucket.name}`)
}

function requireSameCluster(facts: ClusterFacts, options: JoinOptions): void {
  const { cluster, clusterId, partition, partitionCount } = options
  if (clusterId !== undefined && clusterId !== facts.clusterId) {
    throw new NatsFault(
      'cluster_foreign',
      `The journal of partition ${partition} belongs to cluster id ${clusterId}, but cluster "${cluster}" in NATS ` +
        `has the id ${facts.clusterId}: the wrong --data, --cluster or --nats.`,
    )
  }
  if (partitionCount === facts.partitionCount) return
  throw new NatsFault(
    'partition_count_differs',
    `Cluster "${cluster}" has ${facts.partitionCount} partitions, but this process was started for ` +
      `${partitionCount}. To change the number, stop every core and gateway, write new journals with ` +
      '`holdfast replay reshard`, and start them under a new --cluster name.',
  )
}

function requireWhole(known: Static<typeof partitionSchema>, options: JoinOptions): void {
  const { partition, journalSeq, journalEpoch } = options
  // Without a block of the last owner's term the journal may go on elsewhere than where that owner went on; its own
  // start told the seq at which it found the journal, so an equal one is the same history.
  const isOtherBranch = journalEpoch < known.epoch && journalSeq !== known.lastSeq
  if (journalSeq >= known.lastSeq && !isOtherBranch) return
  throw new NatsFault(
    'journal_behind',
    `This data directory ends at seq ${journalSeq} of epoch ${journalEpoch}, but partition ${partition} had ` +
      `acknowledged seq ${known.lastSeq} of epoch ${known.epoch} (data directory ${known.data}): it is an older ` +
      'copy, or the wrong --data. Start with the right one; `--accept-older-journal yes` goes on with this one and ' +
      'gives up what it lacks.',
  )
}
