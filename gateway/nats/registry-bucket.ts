// One KV bucket of a cluster: strict reads from the stream's leader, and writes by compare-and-set.
import { JetStreamApiCodes, JetStreamApiError, jetstream, StorageType } from '@nats-io/jetstream'
import { jserrors } from '@nats-io/jetstream/internal'
import { type KV, Kvm } from '@nats-io/kv'
import type { Static, TSchema } from '#typebox'
import Value from '#typebox/value'
import { invariant } from '../../core/invariant.ts'
import { NatsFault } from './errors.ts'
import type { NatsLink } from './link.ts'
import { CLUSTER_NAME } from './subjects.ts'

/** How long one step of opening a bucket may take: creating a stream is slower than writing to it. */
const OPEN_TIMEOUT_MS = 3_000
/** nats-server's code for a stream that exists with another configuration. */
const STREAM_NAME_IN_USE = 10058

/** How much of a damaged entry a message shows. */
const SHOWN_CHARACTERS = 120

export interface BucketTerms {
  /** How long an entry lives after it was written; 0: for ever. Decided by whoever creates the bucket. */
  readonly ttlMs: number
  /** How long one read or write may take. */
  readonly timeoutMs: number
}

/** What a key holds. `revision` is what a write has to name; `value` is undefined when there is none or it was deleted. */
export interface BucketEntry<Shape> {
  readonly revision: number
  readonly value: Shape | undefined
}

/** `unknown`: it may have been written, or may yet be. */
export type SwapOutcome =
  | { readonly kind: 'stored'; readonly revision: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown'; readonly cause: unknown }

/** The bucket in which a cluster says what it is. */
export function registryBucketName(cluster: string): string {
  invariant(CLUSTER_NAME.test(cluster), 'a cluster name is 1 to 32 letters, digits and hyphens')
  return `holdfast_${cluster}`
}

/** Entries are JSON. Every call is bounded by the bucket's timeout. */
export class KvBucket {
  readonly name: string
  /** How long the bucket really keeps its entries, in ms; 0: for ever. */
  readonly ttlMs: number
  readonly #kv: KV

  private constructor(name: string, ttlMs: number, kv: KV) {
    this.name = name
    this.ttlMs = ttlMs
    this.#kv = kv
  }

  /**
   * Opens a bucket, and creates it when it is missing; `ttlMs` of an existing one may differ from what is asked.
   * @throws NatsFault `jetstream_missing` or `nats_failed`.
   */
  static async open(link: NatsLink, name: string, terms: BucketTerms): Promise<KvBucket> {
    try {
      const kv = await createOrFind(link, name, terms.ttlMs)
      const { ttl } = await kv.status()
      return new KvBucket(name, ttl, await bind(link, name, terms.timeoutMs))
    } catch (cause) {
      throw natsFault(cause, `open the bucket ${name}`)
    }
  }

  /** A bucket that may be missing; asks nothing of NATS yet. Reads of a missing one find nothing. */
  static async existing(link: NatsLink, name: string, timeoutMs: number): Promise<KvBucket> {
    return new KvBucket(name, 0, await bind(link, name, timeoutMs))
  }

  /**
   * Reads a key. A new leader may still be behind, so nothing is decided from it that a swap does not confirm.
   * @throws NatsFault `registry_damaged` when the entry has another form than `schema`; `jetstream_missing`, `nats_failed`.
   */
  async read<Schema extends TSchema>(
    key: string,
    schema: Schema,
  ): Promise<BucketEntry<Static<Schema>>> {
    const entry = await this.#get(key)
    if (entry === null) return { revision: 0, value: undefined }
    const { revision, operation } = entry
    if (operation !== 'PUT') return { revision, value: undefined }
    return { revision, value: parse(schema, entry.string(), this.name, key) }
  }

  /** Writes when the key is still at `revision` (0: when there is no such key). Never throws. */
  async swap(key: string, value: object, revision: number): Promise<SwapOutcome> {
    return outcomeOf(() => this.#kv.put(key, JSON.stringify(value), { previousSeq: revision }))
  }

  /** Deletes when the key is still at `revision`; a stored outcome has no use for its revision. Never throws. */
  async delete(key: string, revision: number): Promise<SwapOutcome> {
    invariant(revision > 0, 'what is deleted has a revision')
    return outcomeOf(async () => {
      await this.#kv.delete(key, { previousSeq: revision })
      return revision
    })
  }

  async #get(key: string): ReturnType<KV['get']> {
    try {
      return await this.#kv.get(key)
    } catch (cause) {
      if (cause instanceof jserrors.StreamNotFoundError) return null
      throw natsFault(cause, `read ${key} of the bucket ${this.name}`)
    }
  }
}

/** The fault for what the NATS client threw while it was to `purpose`; a NatsFault stays itself. */
export function natsFault(cause: unknown, purpose: string): NatsFault {
  if (cause instanceof NatsFault) return cause
  if (cause instanceof jserrors.JetStreamNotEnabled) {
    return new NatsFault(
      'jetstream_missing',
      `NATS offers no JetStream, which is needed to ${purpose}. Start nats-server with --jetstream and a ` +
        '--store_dir that outlives it (or a `jetstream {}` block in its configuration), and where it has ' +
        'accounts, enable JetStream for the account of this user.',
      { cause },
    )
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new NatsFault('nats_failed', `NATS did not ${purpose}: ${reason}`, { cause })
}

async function createOrFind(link: NatsLink, name: string, ttlMs: number): Promise<KV> {
  const kvm = new Kvm(jetstream(link.connection, { timeout: OPEN_TIMEOUT_MS }))
  // Direct reads come from any replica, however old; without them the leader is asked.
  const options = { ttl: ttlMs, history: 1, storage: StorageType.File, allow_direct: false }
  try {
    return await kvm.create(name, options)
  } catch (error) {
    // Somebody created it with another TTL after we had looked: now it can be found.
    if (!(error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE)) throw error
    return kvm.create(name, options)
  }
}

function bind(link: NatsLink, name: string, timeoutMs: number): Promise<KV> {
  const client = jetstream(link.connection, { timeout: timeoutMs })
  return new Kvm(client).open(name, { allow_direct: false })
}

async function outcomeOf(write: () => Promise<number>): Promise<SwapOutcome> {
  try {
    return { kind: 'stored', revision: await write() }
  } catch (cause) {
    return isWrongRevision(cause) ? { kind: 'conflict' } : { kind: 'unknown', cause }
  }
}

function isWrongRevision(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown
}

function parse<Schema extends TSchema>(
  schema: Schema,
  text: string,
  bucket: string,
  key: string,
): Static<Schema> {
  const value = parseJson(text)
  if (Value.Check(schema, value)) return value
  throw new NatsFault(
    'registry_damaged',
    `The key ${key} of the bucket ${bucket} is not what this version of Holdfast writes: ` +
      `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}. Somebody else wrote it, or a newer version; ` +
      `\`nats kv get ${bucket} ${key}\` shows it.`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
