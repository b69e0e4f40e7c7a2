// The client's fast path: frames straight to the owners of partitions, past the gateways. For services that are trusted
// with the partitions' subjects.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { answerOperations, type OperationResult } from '../api/operations.ts'
import { problemBody, RequestProblem } from '../api/problem-body.ts'
import { readAdjustment, readLookUp, readOpen, skuResultOf } from '../api/sku-calls.ts'
import { askHello } from '../nats/hello.ts'
import { NatsLink } from '../nats/link.ts'
import { linkOptions, type NatsSettings } from '../nats/link-options.ts'
import { RemotePartition } from '../nats/remote-partition.ts'
import { Partitions } from '../partitions.ts'
import type { Operation, SkuCall } from './operations.ts'
import {
  type Attempt,
  AttemptError,
  type ClientTransport,
  type TransportAnswer,
} from './transport.ts'

const OPERATIONS_MAX = 1_000
const BYTES_MAX = 2 ** 20
const SENDER_BYTES = 9
const SEARCH_MS = 250

export interface NatsTransportOptions extends NatsSettings {
  /** Name of the Holdfast cluster; default `main`. */
  readonly cluster?: string
  /** How long a command may wait for its partition, in ms; default 5,000. */
  readonly deadlineMs?: number
  /** Told why there is no connection, or what was denied, at most once in 10 s per reason. */
  readonly onTrouble?: (reason: string) => void
}

/**
 * A transport over NATS. It connects in the background for ever; until the cluster is found, attempts fail as not sent,
 * so that the client's deadline decides. A cluster that changes its number of partitions is found again.
 * @throws LinkError when the settings for NATS contradict each other.
 */
export function natsTransport(options: NatsTransportOptions): ClientTransport {
  return new NatsTransport(options)
}

class NatsTransport implements ClientTransport {
  readonly operationsMax: number = OPERATIONS_MAX
  readonly bytesMax: number = BYTES_MAX
  readonly #options: NatsTransportOptions
  readonly #stopping = new AbortController()
  readonly #sender = randomBytes(SENDER_BYTES).toString('base64url')
  readonly #ready: Promise<void>
  #partitions: Partitions | undefined
  #remotes: readonly RemotePartition[] = []
  #link: NatsLink | undefined

  constructor(options: NatsTransportOptions) {
    this.#options = options
    const { onTrouble = () => undefined } = options
    const link = { ...linkOptions(options, 'holdfast client'), inbox: '_INBOX_client', onTrouble }
    const { signal } = this.#stopping
    this.#ready = NatsLink.connect(link, signal)
      .then((connected) => this.#find(connected))
      .catch(() => undefined)
  }

  async send(operations: readonly Operation[], attempt: Attempt): Promise<TransportAnswer[]> {
    const partitions = this.#found()
    return this.#within(attempt, async () =>
      (await answerOperations(partitions, operations)).map(answerOf),
    )
  }

  async call(call: SkuCall, attempt: Attempt): Promise<TransportAnswer> {
    const partitions = this.#found()
    return this.#within(attempt, async () => answerOf(await askSku(partitions, call)))
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#ready
    await Promise.all(this.#remotes.map((remote) => remote.drain()))
    await this.#link?.close()
  }

  #found(): Partitions {
    if (this.#partitions !== undefined) return this.#partitions
    throw new AttemptError('not_sent', 'no owner of partition 0 has answered yet')
  }

  // What was sent may still be executed when nobody waits any more.
  async #within<Result>(attempt: Attempt, run: () => Promise<Result>): Promise<Result> {
    const { signal } = attempt
    let onAbort = (): void => undefined
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(new AttemptError('no_answer', 'no answer in time', signal.reason))
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([run(), aborted])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #find(link: NatsLink): Promise<void> {
    this.#link = link
    const { cluster = 'main' } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const hello = await askHello(link, cluster)
      if (hello !== undefined) {
        this.#reach(link, hello.partitionCount)
        return
      }
      await delay(SEARCH_MS, undefined, { signal })
    }
  }

  #reach(link: NatsLink, partitionCount: number): void {
    const { cluster = 'main', deadlineMs = 5_000, onTrouble = () => undefined } = this.#options
    this.#remotes = Array.from({ length: partitionCount }, (_, partition) => {
      const place = { link, cluster, partition, partitionCount }
      const onMismatch = () => this.#lose(link)
      return new RemotePartition({
        ...place,
        deadlineMs,
        sender: this.#sender,
        onTrouble,
        onMismatch,
      })
    })
    this.#partitions = new Partitions()
    this.#partitions.put(this.#remotes)
  }

  #lose(link: NatsLink): void {
    if (this.#partitions === undefined) return
    this.#partitions = undefined
    const lost = this.#remotes
    void Promise.all(lost.map((remote) => remote.drain()))
    this.#find(link).catch(() => undefined)
  }
}

async function askSku(partitions: Partitions, call: SkuCall): Promise<OperationResult> {
  try {
    return skuResultOf(await partitions.ask(commandOf(call)))
  } catch (problem) {
    if (!(problem instanceof RequestProblem)) throw problem
    return problemBody(problem.code, problem.message)
  }
}

function commandOf(call: SkuCall): Parameters<Partitions['ask']>[0] {
  switch (call.op) {
    case 'look-up-sku':
      return readLookUp(call.sku)
    case 'open-sku':
      return readOpen(call.sku, call.terms)
    case 'adjust-stock':
      return readAdjustment(call.sku, call.key, { delta: call.delta, reason: call.reason })
  }
}

function answerOf({ status, ...body }: OperationResult): TransportAnswer {
  return { status, body: { status, ...body }, requestId: undefined, retryAfterMs: 0 }
}
