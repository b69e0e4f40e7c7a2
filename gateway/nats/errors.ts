// Faults of what a cluster keeps in NATS, by stable code: who owns what, and which processes belong together.

const NATS_FAULT_TITLES = {
  lease_held: 'Another process owns the partition.',
  lease_ttl_differs: 'The cluster keeps its leases for another time than this process would.',
  jetstream_missing: 'NATS has no JetStream for this user.',
  cluster_foreign: 'The journal and the cluster are not the same sale.',
  partition_count_differs: 'The cluster has another number of partitions.',
  journal_behind: 'The journal ends before what its partition had acknowledged.',
  registry_damaged: 'An entry in NATS is not what Holdfast writes.',
  nats_failed: 'NATS did not do what was asked of it.',
} as const

export type NatsFaultCode = keyof typeof NATS_FAULT_TITLES

/** What each code means; `docs/errors.md` lists the same. */
export const NATS_FAULTS: Readonly<Record<NatsFaultCode, string>> = NATS_FAULT_TITLES

/** A process cannot join its cluster or own its partition. `message` says why, and what an operator can do. */
export class NatsFault extends Error {
  readonly code: NatsFaultCode

  constructor(code: NatsFaultCode, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'NatsFault'
    this.code = code
  }
}
