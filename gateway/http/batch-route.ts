// POST /v1/batch: up to 1,000 operations in one request. Each is validated, decided and answered by itself.
import type { FastifyInstance } from 'fastify'
import { Compile, type Validator } from 'typebox/compile'
import type { Command } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { parseReservationId, type ReservationId } from '../../core/reservation-id.ts'
import { idOfKey, randomId } from '../new-reservation-id.ts'
import type { Answer, PartitionPort } from '../partition-port.ts'
import { reservationBody } from './answer-bodies.ts'
import { type ProblemBody, problemBody, RequestProblem } from './problem-answer.ts'
import { requireShortMeta } from './reservation-routes.ts'
import { withProblems } from './route-docs.ts'
import { batchAnswer, batchBody, type Operation, operationSchemas } from './schemas.ts'
import { noBody, reservationStatus } from './send-answer.ts'

/** A thousand operations with their longest texts. */
const BATCH_BYTES_MAX = 2 ** 20

const validators = new Map<unknown, Validator>(
  Object.entries(operationSchemas).map(([op, schema]) => [op, Compile(schema)]),
)

interface BatchRoute {
  Body: { operations: readonly unknown[] }
}

/** Registers the batch call. */
export function batchRoute(app: FastifyInstance, partitions: PartitionPort): void {
  const response = withProblems({ 200: batchAnswer })
  const summary = 'Many operations on reservations at once'
  const schema = { summary, tags: ['reservations'], body: batchBody, response }
  const options = { schema, bodyLimit: BATCH_BYTES_MAX }
  app.post<BatchRoute>('/v1/batch', options, async (request, reply) => {
    const read = request.body.operations.map(readOperation)
    const commands = read.filter((item): item is Command => 'kind' in item)
    const answers = commands.length === 0 ? [] : await partitions.askAll(commands)
    let next = 0
    const results = read.map((item) => ('kind' in item ? resultOf(answers[next++]) : item))
    reply.header('content-type', 'application/json; charset=utf-8')
    return reply.serializer(JSON.stringify).send({ results })
  })
}

// The command of an operation, or the problem with its form.
function readOperation(value: unknown): Command | ProblemBody {
  const validator = validators.get((value as { op?: unknown }).op)
  if (validator === undefined) {
    const known = Object.keys(operationSchemas).join(', ')
    return problemBody('bad_request', `op must be one of ${known}`)
  }
  if (!validator.Check(value)) return problemBody('bad_request', firstError(validator, value))
  try {
    return commandOf(value as Operation)
  } catch (problem) {
    if (!(problem instanceof RequestProblem)) throw problem
    return problemBody(problem.code, problem.message)
  }
}

function firstError(validator: Validator, value: unknown): string {
  const [error] = validator.Errors(value)
  return error === undefined
    ? 'malformed'
    : `${error.instancePath.slice(1)} ${error.message}`.trim()
}

function commandOf(operation: Operation): Command {
  switch (operation.op) {
    case 'reserve': {
      const { sku, buyer, quantity, holdMs, meta, key } = operation
      requireShortMeta(meta)
      const id = key === undefined ? randomId(sku) : idOfKey(buyer, sku, key)
      return { kind: 'reserve', id, sku, buyer, quantity, holdMs, meta }
    }
    case 'confirm': {
      const { quantity, paymentId } = operation
      return { kind: 'confirm', id: idOf(operation), quantity, paymentId }
    }
    case 'cancel':
      return { kind: 'cancel', id: idOf(operation) }
    case 'extend':
      return { kind: 'extend', id: idOf(operation), holdMs: operation.holdMs }
    case 'return':
      return { kind: 'return', id: idOf(operation), returnedTotal: operation.returnedTotal }
    case 'get':
      return { kind: 'read-reservation', id: idOf(operation) }
  }
}

function resultOf(answer: Answer | undefined): object {
  invariant(answer !== undefined, 'every command is answered')
  if (answer.kind !== 'reservation') return noBody(answer)
  const result = { status: reservationStatus(answer), ...reservationBody(answer) }
  return answer.isReplay ? { ...result, replayed: true } : result
}

function idOf(operation: { id: string }): ReservationId {
  const id = parseReservationId(operation.id)
  invariant(id !== undefined, 'the schema lets well-formed ids through only')
  return id
}
