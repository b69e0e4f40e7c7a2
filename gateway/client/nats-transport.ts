// The client's fast path: frames straight to the owners of partitions, past the gateways. For services that are trusted
// with the partitions' subjects.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { answerOperations, type OperationResult } from '../api/operations.ts'
import { problemBody, RequestProblem } from '../api/problem-body.ts'
import {
  readAdjustment,
  readAmendment,
  readLookUp,
  readOpen,
  skuResultOf,
} from '../api/sku-calls.ts'
import { readTraceparent } from '../api/trace-context.ts'
import type { CallTerms } from '../call-terms.ts'
import { askHello } from '../nats/hello.ts'
import { type LinkOptions, NatsLink } from '../nats/link.ts'
import { linkOptions, type NatsSettings } from '../nats/link-options.ts'
import { boundedTrouble } from '../nats/link-trouble.ts'
import { requirePayload } from '../nats/payload.ts'
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
/** Owners know no more of who did it than that he was trusted with their subjects. */
const OPERATOR = 'nats'

export interface NatsTransportOptions extends NatsSettings {
  /** Name of the Holdfast cluster; default `main`. */
  readonly cluster?: string
  /** How long a command may wait for its partition, in ms; default 5,000. */
  readonly deadlineMs?: number
  /** Told what keeps commands from their owners, at most once in 10 s per reason. What it throws counts for nothing. */
  readonly onTrouble?: (reason: string) => void
}

/**
 * A transport over NATS. It connects in the background for ever; until the cluster is found, attempts fail as not sent,
 * so that the client's deadline decides. A cluster that changes its number of partitions is found again, and a connection that ended for good is made anew.
 * @throws LinkError when the settings for NATS contradict each other.
 */
export function natsTransport(options: NatsTransportOptions): ClientTransport {
  return new NatsTransport(options)
}

class NatsTransport implements ClientTransport {
  readonly operationsMax: number = OPERATIONS_MAX
  readonly bytesMax: number = BYTES_MAX
  readonly #options: NatsTransportOptions
  readonly #tell: (reason: string) => void
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  /** Generations of partitions that are over, but still owe answers. */
  readonly #leaving = new Set<Promise<unknown>>()
  #partitions: Partitions | undefined
  #link: NatsLink | undefined

  constructor(options: NatsTransportOptions) {
    this.#options = options
    this.#tell = boundedTrouble(harmless(options.onTrouble))
    const link = linkOptions(options, 'holdfast client')
    this.#running = this.#run({ ...link, inbox: '_INBOX_client', onTrouble: this.#tell })
  }

  async send(operations: readonly Operation[], attempt: Attempt): Promise<TransportAnswer[]> {
    const partitions = this.#found()
    return this.#within(attempt, async () =>
      (await answerOperations(partitions, operations, { terms: termsOf(attempt) })).map(answerOf),
    )
  }

  async call(call: SkuCall, attempt: Attempt): Promise<TransportAnswer> {
    const partitions = this.#found()
    return this.#within(attempt, async () =>
      answerOf(await askSku(partitions, call, termsOf(attempt))),
    )
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await Promise.all(this.#leaving)
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

  // One connection after the other; all but the last ended without our wish.
  async #run(options: LinkOptions): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const lost = new AbortController()
      const onLost = (reason: string): void => {
        this.#tell(reason)
        lost.abort()
      }
      // Rejects only when we are closed.
      const link = await NatsLink.connect({ ...options, onLost }, signal).catch(() => undefined)
      if (link === undefined) return
      this.#link = link
      await this.#use(link, AbortSignal.any([signal, lost.signal]))
      await this.#pause(signal)
    }
  }

  // One generation of partitions after the other, until `signal`.
  async #use(link: NatsLink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const partitionCount = await this.#find(link)
      if (signal.aborted) return
      // It is closed a moment before that is told, and takes no subscriptions then.
      const isLate = link.connection.isClosed()
      if (partitionCount === undefined || isLate) await this.#pause(signal)
      else await this.#serve(link, partitionCount, signal)
    }
  }

  async #find(link: NatsLink): Promise<number | undefined> {
    try {
      requirePayload(link)
    } catch (fault) {
      this.#tell(fault instanceof Error ? fault.message : String(fault))
      return undefined
    }
    const hello = await askHello(link, this.#options.cluster ?? 'main')
    return hello?.partitionCount
  }

  // A generation ends when one of its own owners says that the cluster has another shape, or with `signal`. Those before
  // it have no say any more, and it shares no name with them: their late answers, and owners' memory, are not of it.
  async #serve(link: NatsLink, partitionCount: number, signal: AbortSignal): Promise<void> {
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    signal.addEventListener('abort', end, { once: true })
    const remotes = this.#reach(link, partitionCount, end)
    this.#partitions = new Partitions()
    this.#partitions.put(remotes)
    await ended
    signal.removeEventListener('abort', end)
    this.#partitions = undefined
    const left = Promise.all(remotes.map((remote) => remote.drain()))
    this.#leaving.add(left)
    void left.finally(() => this.#leaving.delete(left))
  }

  #reach(link: NatsLink, partitionCount: number, onMismatch: () => void): RemotePartition[] {
    const { cluster = 'main', deadlineMs = 5_000 } = this.#options
    const sender = randomBytes(SENDER_BYTES).toString('base64url')
    const common = { link, cluster, partitionCount, deadlineMs, sender, onMismatch }
    return Array.from(
      { length: partitionCount },
      (_, partition) => new RemotePartition({ ...common, partition, onTrouble: this.#tell }),
    )
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await delay(SEARCH_MS, undefined, { signal }).catch(() => undefined)
  }
}

// It is not ours: neither what it throws nor what its promise rejects with may stop the transport.
function harmless(onTrouble: NatsTransportOptions['onTrouble']): (reason: string) => void {
  return (reason) => {
    const told = async (): Promise<void> => onTrouble?.(reason)
    told().catch(() => undefined)
  }
}

function termsOf({ timeoutMs, traceparent }: Attempt): CallTerms {
  const dueAt = performance.now() + timeoutMs
  return { dueAt, traceparent: readTraceparent(traceparent), timing: undefined }
}

async function askSku(
  partitions: Partitions,
  call: SkuCall,
  terms: CallTerms,
): Promise<OperationResult> {
  try {
    return skuResultOf(await partitions.ask(commandOf(call), terms))
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
      return readOpen(call.sku, call.terms, OPERATOR)
    case 'amend-sku':
      return readAmendment(call.sku, call.changes, OPERATOR)
    case 'adjust-stock':
      return readAdjustment(
        call.sku,
        call.key,
        { delta: call.delta, reason: call.reason },
        OPERATOR,
      )
  }
}

function answerOf({ status, ...body }: OperationResult): TransportAnswer {
  return { status, body: { status, ...body }, requestId: undefined, retryAfterMs: 0 }
}
