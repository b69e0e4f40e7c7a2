// One call of the native API that waits for its answer, and how the answer leaves: status, body, headers.
import { MsgHdrsImpl } from '@nats-io/transport-node'
import { InvariantError } from '../../core/invariant.ts'
import { reservationBody, skuAnswerBody } from '../api/answer-bodies.ts'
import { viewStatus } from '../api/operations.ts'
import { type ProblemBody, problemBody, problemOf } from '../api/problem-body.ts'
import type { CallOutcome } from '../http/request-recorder.ts'
import type { Answer, AnswerTicket } from '../partition-port.ts'
import type { NatsLink } from './link.ts'
import { writeMessagePack } from './native-message-pack.ts'
import type { NativeEncoding } from './native-request.ts'
import type { EndpointStats } from './service-endpoint-stats.ts'

/** More than the headers of an answer ever take. */
const HEAD_BYTES_MAX = 512

/** What all calls of one verb share. */
export interface CallDesk {
  readonly link: NatsLink
  readonly stats: EndpointStats
  /** Words for the log, to be bounded there. */
  readonly onTrouble: (reason: string) => void
  /** A bug was met: the process must stop. */
  readonly onBug: (bug: unknown) => void
  /** What the call came to; told once. */
  readonly onOutcome: (outcome: CallOutcome) => void
  /** `operations` more, or fewer, are in flight. */
  readonly onInFlight: (operations: number) => void
}

type Head = Record<string, string[]>

/** A call that was taken. It is answered once, by whatever comes first; what comes later is dropped. */
export class NativeCall implements AnswerTicket {
  readonly requestId: string
  readonly #desk: CallDesk
  readonly #reply: string
  readonly #encoding: NativeEncoding
  readonly #startedAt: number = performance.now()
  #operations = 0
  #onEnd: (() => void) | undefined
  #isAnswered = false

  /** `reply` is sane; `requestId` goes into a header as it is. */
  constructor(desk: CallDesk, reply: string, requestId: string, encoding: NativeEncoding) {
    this.#desk = desk
    this.#reply = reply
    this.requestId = requestId
    this.#encoding = encoding
  }

  /** It is in flight from now on, with so many operations, until it is answered; `onEnd` is called then. */
  begin(operations: number, onEnd?: () => void): void {
    this.#operations = operations
    this.#onEnd = onEnd
    this.#desk.onInFlight(operations)
  }

  answer(answer: Answer): void {
    try {
      if (answer.kind === 'reservation') {
        this.send(viewStatus(answer), reservationBody(answer), answer.isReplay)
      } else if (answer.kind === 'sku') this.send(viewStatus(answer), skuAnswerBody(answer))
      else this.refuse(problemOf(answer))
    } catch (error) {
      this.fail(error)
    }
  }

  refuse(problem: ProblemBody): void {
    this.#send(problem.status, { ...problem, requestId: this.requestId }, false, problem)
  }

  send(status: number, body: object, isReplay = false): void {
    this.#send(status, body, isReplay, undefined)
  }

  /** Something threw that should not have. Never throws itself. */
  fail(error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#desk.onTrouble(`a call failed by a bug: ${why}`)
    if (error instanceof InvariantError) this.#desk.onBug(error)
    this.refuse(problemBody('internal_error'))
  }

  #send(status: number, body: object, isReplay: boolean, problem: ProblemBody | undefined): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    const isSent = this.#publish({ status, body }, headOf(this, status, isReplay, problem))
    const { stats, onInFlight, onOutcome } = this.#desk
    onOutcome(problem?.code ?? status)
    const error = isSent ? problem && `${status} ${problem.code}` : 'the answer could not be sent'
    stats.count((performance.now() - this.#startedAt) * 1e6, error)
    onInFlight(-this.#operations)
    this.#onEnd?.()
  }

  // A throw would end the connection: the client library calls us from its own reader.
  #publish(answer: object, head: Head): boolean {
    const { link, onTrouble } = this.#desk
    try {
      const payload =
        this.#encoding === 'application/json'
          ? Buffer.from(JSON.stringify(answer))
          : writeMessagePack(answer)
      if (payload.length + HEAD_BYTES_MAX > link.maxPayload) {
        onTrouble(`an answer of ${payload.length} bytes is more than nats-server takes`)
        return false
      }
      const headers = MsgHdrsImpl.fromRecord({ ...head, 'Content-Type': [this.#encoding] })
      return link.publish(this.#reply, payload, undefined, headers)
    } catch (error) {
      onTrouble(`an answer could not be sent: ${error instanceof Error ? error.message : error}`)
      return false
    }
  }
}

function headOf(
  { requestId }: NativeCall,
  status: number,
  isReplay: boolean,
  problem: ProblemBody | undefined,
): Head {
  const head: Head = { Status: [String(status)], 'X-Request-Id': [requestId] }
  if (isReplay) head['Idempotent-Replayed'] = ['true']
  if (problem === undefined) return head
  head['Nats-Service-Error-Code'] = [String(status)]
  head['Nats-Service-Error'] = [problem.title]
  if (status === 503 || status === 429) head['Retry-After'] = ['1']
  return head
}
