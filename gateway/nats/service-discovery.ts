// NATS micro service discovery (NATS ADR-32): answers $SRV.PING, INFO and STATS, so `nats micro` lists a gateway.
import type { Msg, Subscription } from '@nats-io/transport-node'
import { invariant } from '../../core/invariant.ts'
import type { NatsLink } from './link.ts'
import { isSaneReply } from './reply-subject.ts'
import { EndpointStats } from './service-endpoint-stats.ts'

const NAME = /^[A-Za-z0-9_-]+$/
/** The `nats` command throws away answers whose version is not semantic. */
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

/** One subject that the service answers on. The discovery only tells of it; somebody else listens there. */
interface ServiceEndpoint {
  /** Letters, digits, `_` and `-`; unique in its service. */
  readonly name: string
  readonly subject: string
  readonly queueGroup: string
}

/** What the service says of itself; fixed for its life. */
export interface ServiceDescription {
  /** Shared by all instances: letters, digits, `_` and `-`. */
  readonly name: string
  /** This instance alone: letters, digits, `_` and `-`. */
  readonly id: string
  /** A semantic version. */
  readonly version: string
  readonly description: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly endpoints: readonly ServiceEndpoint[]
}

/**
 * Answers discovery for one instance of a service: for all services, for its name, and for its name and id.
 * Every question is answered within its own callback or not at all, so a flood of them keeps nothing waiting here.
 * A name, id or version that NATS would not take is a bug of the caller.
 */
export class ServiceDiscovery {
  readonly #link: NatsLink
  readonly #service: ServiceDescription
  readonly #identity: Readonly<Record<string, unknown>>
  readonly #stats: ReadonlyMap<string, EndpointStats>
  readonly #ping: Uint8Array
  readonly #info: Uint8Array
  #subscriptions: readonly Subscription[] = []
  #started = ''
  #refusedReplies = 0

  constructor(link: NatsLink, service: ServiceDescription) {
    requireNames(service)
    const { name, id, version, metadata } = service
    this.#link = link
    this.#service = service
    this.#identity = { name, id, version, metadata: { ...metadata } }
    this.#stats = new Map(service.endpoints.map((endpoint) => [endpoint.name, new EndpointStats()]))
    // These two never change, so a flood of questions costs no encoding.
    this.#ping = encode({ type: 'io.nats.micro.v1.ping_response', ...this.#identity })
    this.#info = encode({
      type: 'io.nats.micro.v1.info_response',
      ...this.#identity,
      description: service.description,
      endpoints: service.endpoints.map((endpoint) => ({ ...placeOf(endpoint), metadata: {} })),
    })
  }

  /** Questions whose reply subject was not sane (`isSaneReply`); they got no answer. */
  get refusedReplies(): number {
    return this.#refusedReplies
  }

  /** Listens, also over every reconnect. Without the right to subscribe to `$SRV.>` it stays unseen and does no harm. */
  start(): void {
    invariant(this.#subscriptions.length === 0, 'a service discovery is started once')
    this.#started = new Date().toISOString()
    this.#subscriptions = [
      ...this.#answer('PING', () => this.#ping),
      ...this.#answer('INFO', () => this.#info),
      ...this.#answer('STATS', () => this.#readStats()),
    ]
  }

  /** Answers nothing more, from this call on. Harmless when it does not run, and after the link was closed. */
  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#subscriptions = []
  }

  /** The counters of the endpoint of that name; ask once and keep it. */
  endpointStats(name: string): EndpointStats {
    const stats = this.#stats.get(name)
    invariant(stats !== undefined, `the service has an endpoint ${name}`)
    return stats
  }

  // No queue group: every instance answers for itself.
  #answer(verb: string, read: () => Uint8Array): Subscription[] {
    const { name, id } = this.#service
    const subjects = [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`]
    const callback = (error: Error | null, message: Msg) => {
      // The client calls with an error when the server refuses the subscription; there is no message then.
      if (error === null) this.#reply(message.reply, read)
    }
    return subjects.map((subject) => this.#link.connection.subscribe(subject, { callback }))
  }

  #reply(reply: string | undefined, read: () => Uint8Array): void {
    if (reply === undefined || reply === '') return
    if (!isSaneReply(reply)) {
      this.#refusedReplies += 1
      return
    }
    const answer = read()
    // The client throws for a message above the server's limit, and that would cost the connection.
    if (answer.length > this.#link.maxPayload) return
    this.#link.publish(reply, answer)
  }

  #readStats(): Uint8Array {
    return encode({
      type: 'io.nats.micro.v1.stats_response',
      ...this.#identity,
      started: this.#started,
      endpoints: this.#service.endpoints.map((endpoint) => ({
        ...placeOf(endpoint),
        ...this.endpointStats(endpoint.name).read(),
      })),
    })
  }
}

function requireNames({ name, id, version, endpoints }: ServiceDescription): void {
  invariant(NAME.test(name), 'a service name is letters, digits, _ and -')
  invariant(NAME.test(id), 'a service id is letters, digits, _ and -')
  invariant(VERSION.test(version), 'a service version is semantic')
  const names = endpoints.map((endpoint) => endpoint.name)
  for (const each of names)
    invariant(NAME.test(each), 'endpoint names are letters, digits, _ and -')
  invariant(new Set(names).size === names.length, 'endpoint names are unique')
}

function placeOf(endpoint: ServiceEndpoint): Readonly<Record<string, string>> {
  return {
    name: endpoint.name,
    subject: endpoint.subject,
    queue_group: endpoint.queueGroup,
  }
}

function encode(answer: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify(answer))
}
