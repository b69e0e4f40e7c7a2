// What a cluster keeps about itself in NATS: the keys of its registry and the exact form of their entries.
import { Type } from '#typebox'
import { invariant } from '../../core/invariant.ts'

/** How long one call of the registry may take. Nothing that sells waits for it. */
export const REGISTRY_TIMEOUT_MS = 2_000

/** The key that says what the cluster is. */
export const CLUSTER_KEY = 'cluster'

/** The key that says how far a partition has come. */
export function partitionKey(partition: number): string {
  invariant(Number.isSafeInteger(partition) && partition >= 0, 'a partition is counted from 0')
  return `partition.${partition}`
}

/** Entry of `cluster`; written once. */
export const clusterSchema = Type.Object(
  {
    version: Type.Literal(1),
    clusterId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    partitionCount: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  },
  { additionalProperties: false },
)

/** Entry of `partition.<n>`: the last durable seq that its owner told of, and for words, who that was. */
export const partitionSchema = Type.Object(
  {
    version: Type.Literal(1),
    lastSeq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    epoch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    data: Type.String(),
  },
  { additionalProperties: false },
)
