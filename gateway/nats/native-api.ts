// The native API: services that skip HTTP ask `holdfast.<cluster>.api.<verb>`, and any gateway of the cluster answers.
import { setTimeout as delay } from 'node:timers/promises'
import type { Msg, Subscription } from '@nats-io/transport-node'
import type { RoutedCommand } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { answerOperations, RESULT_BYTES_MAX } from '../api/operations.ts'
import { problemBody, RequestProblem } from '../api/problem-body.ts'
import { newRequestIds } from '../api/request-id.ts'
import type { CallTerms } from '../call-terms.ts'
import type { CallOutcome, RequestRecorder } from '../http/request-recorder.ts'
import { hasRoom, laneOf } from '../lane.ts'
import type { LoadGauge } from '../load-gauge.ts'
import type { Partitions } from '../partitions.ts'
import type { NatsLink } from './link.ts'
import { messageCallback } from './message-callback.ts'
import { type CallDesk, NativeCall } from './native-call.ts'
import {
  NATIVE_VERBS,
  type NativeHead,
  type NativeVerb,
  readBatch,
  readHead,
  readPayload,
  readSingle,
} from './native-request.ts'
import { isSaneReply } from './reply-subject.ts'
import { ServiceDiscovery } from './service-discovery.ts'
import { apiSubject } from './subjects.ts'

const QUEUE_GROUP = 'gateways'
/** Operations of one gateway that wait for their answers, a batch counting all of its own; then `busy`. */
export const NATIVE_IN_FLIGHT_MAX = 32_768
/** How long `stop` waits for nats-server to say that it sends nothing more. */
const UNSUBSCRIBE_MS = 1_000

export interface NativeApiOptions {
  readonly link: NatsLink
  readonly cluster: string
  readonly partitions: Partitions
  /** What calls are shed by; without it none are. */
  readonly gauge?: LoadGauge
  /** A semantic version. */
  readonly version: string
  /** This gateway alone: letters, digits, `_` and `-`. */
  readonly gatewayId: string
  /** Told what came of every operation. */
  readonly recorder?: RequestRecorder
  /** Something came that should not, or an answer could not leave: words for the log, to be bounded there. */
  readonly onTrouble: (reason: string) => void
  /** A bug was met: the process must stop. */
  readonly onBug: (bug: unknown) => void
}

/**
 * Takes calls from the queue group of all gateways, so that each is executed by one of them. What they ask goes to the
 * partitions in the turn in which it came. Nothing that a stranger sends makes it throw, wait or grow.
 */
export class NativeApi {
  readonly #options: NativeApiOptions
  readonly #discovery: ServiceDiscovery
  readonly #requestIdOf = newRequestIds()
  #subscriptions: readonly Subscription[] = []
  #inFlight = 0
  #onIdle: (() => void) | undefined
  #stopped: Promise<void> | undefined

  constructor(options: NativeApiOptions) {
    this.#options = options
    const { link, cluster, gatewayId, version } = options
    this.#discovery = new ServiceDiscovery(link, {
      name: 'holdfast-gateway',
      id: gatewayId,
      version,
      description: `The native API of the Holdfast cluster ${cluster}.`,
      metadata: { cluster },
      endpoints: NATIVE_VERBS.map((name) => ({
        name,
        subject: apiSubject(cluster, name),
        queueGroup: QUEUE_GROUP,
      })),
    })
  }

  /** Operations that were taken and wait for their answers. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Takes calls, also over every reconnect, and is found by `nats micro`. */
  start(): void {
    invariant(this.#subscriptions.length === 0, 'a native API is started once')
    this.#subscriptions = NATIVE_VERBS.map((verb) => this.#listen(verb))
    this.#discovery.start()
  }

  /**
   * Takes no more calls: callers are told at once that nobody is there, or another gateway takes them. Resolves when
   * every call that reached this gateway is answered, which the partitions' deadlines bound; the answers leave with
   * the link's `close` at the latest.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish()
    return this.#stopped
  }

  async #finish(): Promise<void> {
    this.#discovery.stop()
    if (this.#options.link.isUp) await finished(this.#subscriptions)
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    if (this.#inFlight === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  #listen(verb: NativeVerb): Subscription {
    const { link, cluster, recorder, onTrouble, onBug } = this.#options
    const stats = this.#discovery.endpointStats(verb)
    const onInFlight = (operations: number) => this.#count(operations)
    const onOutcome = (outcome: CallOutcome) => {
      // Of a batch that was taken, each operation counts by itself.
      if (verb !== 'batch' || typeof outcome !== 'number') recorder?.countOperation(verb, outcome)
    }
    const desk: CallDesk = { link, stats, onTrouble, onBug, onInFlight, onOutcome }
    return link.connection.subscribe(apiSubject(cluster, verb), {
      queue: QUEUE_GROUP,
      callback: messageCallback((message) => this.#receive(verb, desk, message)),
    })
  }

  #receive(verb: NativeVerb, desk: CallDesk, message: Msg): void {
    const { reply } = message
    if (!isSaneReply(reply) || reply.startsWith(desk.link.inboxPrefix)) {
      // Executed, it would be a call whose outcome nobody learns.
      desk.stats.count(0, 'no reply subject that we answer to')
      desk.onTrouble(`a call of ${verb} has no reply subject that we answer to`)
      return
    }
    const head = readHead(message)
    const call = new NativeCall(desk, reply, this.#requestIdOf(head.requestId), head.encoding)
    if (head.problem !== undefined) call.refuse(head.problem)
    else if (this.#inFlight >= NATIVE_IN_FLIGHT_MAX) call.refuse(problemBody('busy'))
    else this.#take(verb, call, head, message.data)
  }

  #take(verb: NativeVerb, call: NativeCall, head: NativeHead, payload: Uint8Array): void {
    const { encoding, terms } = head
    try {
      const value = readPayload(verb, encoding, payload)
      if (verb === 'batch') this.#askBatch(call, readBatch(value), terms)
      else this.#askSingle(call, readSingle(verb, value), terms)
    } catch (error) {
      if (error instanceof RequestProblem) call.refuse(problemBody(error.code, error.message))
      else call.fail(error)
    }
  }

  #askSingle(call: NativeCall, command: RoutedCommand, terms: CallTerms | undefined): void {
    this.#requireRoom(1)
    const lane = laneOf(command)
    const { gauge } = this.#options
    if (gauge?.refuses(lane) || !hasRoom(lane, this.#inFlight, NATIVE_IN_FLIGHT_MAX)) {
      call.refuse(problemBody('busy'))
      return
    }
    call.begin(1, lane === 'reserve' && gauge?.isOverloaded ? gauge.take() : undefined)
    this.#options.partitions.submit(command, call, terms)
  }

  #askBatch(call: NativeCall, operations: readonly unknown[], terms: CallTerms | undefined): void {
    this.#requireRoom(operations.length)
    call.begin(operations.length)
    const { gauge } = this.#options
    answerOperations(this.#options.partitions, operations, { terms, gauge }).then(
      (results) => {
        this.#options.recorder?.countOperations(operations, results)
        call.send(200, { results })
      },
      (error) => call.fail(error),
    )
  }

  // Asked before anything is executed: afterwards nobody could be told what came of it.
  #requireRoom(operations: number): void {
    const { maxPayload } = this.#options.link
    if ((operations + 1) * RESULT_BYTES_MAX <= maxPayload) return
    throw new RequestProblem(
      'too_large',
      `The answer may exceed the ${maxPayload} bytes that nats-server takes; send fewer operations.`,
    )
  }

  #count(operations: number): void {
    this.#inFlight += operations
    if (this.#inFlight === 0) this.#onIdle?.()
  }
}

/** Resolves when the server has sent all that it will send, or does not say so for a second. */
async function finished(subscriptions: readonly Subscription[]): Promise<void> {
  const patience = new AbortController()
  const { signal } = patience
  await Promise.race([
    Promise.all(subscriptions.map((subscription) => subscription.drain().catch(() => undefined))),
    delay(UNSUBSCRIBE_MS, undefined, { signal }).catch(() => undefined),
  ])
  patience.abort()
}
