// A call on one reservation: from its command to the reply, without a promise in between.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RoutedCommand } from '../../core/command.ts'
import type { CallTerms } from '../call-terms.ts'
import type { Answer, AnswerTicket } from '../partition-port.ts'
import type { Partitions } from '../partitions.ts'
import { type TermsReader, tellTiming } from './request-terms.ts'
import { sendReservation } from './send-answer.ts'

/** Asks a partition, which replies when it answers. @throws RequestProblem when the request's terms are bad. */
export type AskReservation = (
  command: RoutedCommand,
  request: FastifyRequest,
  reply: FastifyReply,
) => void

/** How calls on single reservations are asked. Those without terms, nearly all, pay for none. */
export function reservationCalls(partitions: Partitions, termsOf: TermsReader): AskReservation {
  return (command, request, reply) => {
    const terms = termsOf(request, reply)
    if (terms === undefined) partitions.submit(command, new ReservationTicket(request, reply))
    else partitions.submit(command, new TimedTicket(request, reply, terms), terms)
  }
}

/** The reply to a call, sent when the partition answers. */
class ReservationTicket implements AnswerTicket {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request
    this.#reply = reply
  }

  answer(answer: Answer): void {
    sendReservation(this.#request, this.#reply, answer)
  }
}

/** The reply to a call with terms. */
class TimedTicket implements AnswerTicket {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #terms: CallTerms

  constructor(request: FastifyRequest, reply: FastifyReply, terms: CallTerms) {
    this.#request = request
    this.#reply = reply
    this.#terms = terms
  }

  answer(answer: Answer): void {
    tellTiming(this.#reply, this.#terms)
    sendReservation(this.#request, this.#reply, answer)
  }
}
