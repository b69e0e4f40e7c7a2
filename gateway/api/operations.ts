// Operations on reservations, as batches and the native API take them: from their form to a command, from its answer
// to a result. Each stands alone.
import { Compile, type Validator } from '#typebox/compile'
import type { RoutedCommand } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { META_BYTES_MAX } from '../../core/limits.ts'
import type { ReservationView, SkuView } from '../../core/outcome.ts'
import { parseReservationId, type ReservationId } from '../../core/reservation-id.ts'
import type { CallTerms } from '../call-terms.ts'
import type { LoadGauge } from '../load-gauge.ts'
import type { Answer } from '../partition-port.ts'
import type { Partitions } from '../partitions.ts'
import type { NewReserve } from '../sold-out-shield.ts'
import { reservationBody } from './answer-bodies.ts'
import { idOfKey, randomId } from './new-reservation-id.ts'
import { type ProblemBody, problemBody, problemOf, RequestProblem } from './problem-body.ts'
import { type Operation, operationSchemas } from './schemas.ts'

export interface OperationResult {
  readonly status: number
  readonly [member: string]: unknown
}

/** No result of an operation is longer, in JSON or in MessagePack: texts are bounded, and so are the words of problems. */
export const RESULT_BYTES_MAX = 1_000

const validators = new Map<unknown, Validator>(
  Object.entries(operationSchemas).map(([op, schema]) => [op, Compile(schema)]),
)

/** Who asks for operations, and on which terms. */
export interface Asking {
  /** Where a buyer's own token asks: what is not for this buyer reaches no partition. */
  readonly buyer?: string | undefined
  /** What all of them share. */
  readonly terms?: CallTerms | undefined
  /** What new reservations are shed by; without it none are. */
  readonly gauge?: LoadGauge | undefined
}

/** Has every operation answered: one result each, in order; those of bad form, and those shed, reach no partition. */
export async function answerOperations(
  partitions: Partitions,
  operations: readonly unknown[],
  { buyer, terms, gauge }: Asking = {},
): Promise<readonly OperationResult[]> {
  const taken: (() => void)[] = []
  const read = operations.map((operation) => {
    const item = readOperation(operation, buyer)
    return gauge?.isOverloaded ? admit(item, gauge, taken) : item
  })
  const commands = read.filter(isCommand)
  const answers = await partitions.askAll(commands, terms).finally(() => {
    for (const answered of taken) answered()
  })
  let next = 0
  return read.map((item) => {
    if (!isCommand(item)) return item
    const answer = answers[next++]
    invariant(answer !== undefined, 'every command is answered')
    return resultOf(answer)
  })
}

// What settles a hold goes on, whatever it was put together with.
function admit(
  item: RoutedCommand | ProblemBody,
  gauge: LoadGauge,
  taken: (() => void)[],
): RoutedCommand | ProblemBody {
  if (!isCommand(item) || item.kind !== 'reserve') return item
  if (gauge.refuses('reserve')) return problemBody('busy')
  taken.push(gauge.take())
  return item
}

/**
 * The command of an operation as a batch names it, with `op`; or the problem with its form, or with `buyer` asking for
 * it: undefined for callers that act for all buyers.
 */
export function readOperation(value: unknown, buyer?: string): RoutedCommand | ProblemBody {
  const validator = validators.get((value as { op?: unknown } | undefined)?.op)
  if (validator === undefined) {
    const known = Object.keys(operationSchemas).join(', ')
    return problemBody('bad_request', `op must be one of ${known}`)
  }
  if (!validator.Check(value)) return problemBody('bad_request', firstError(validator, value))
  try {
    if (buyer !== undefined) requireOwnOperation(value as Operation, buyer)
    return commandOf(value as Operation, buyer)
  } catch (problem) {
    if (!(problem instanceof RequestProblem)) throw problem
    return problemBody(problem.code, problem.message)
  }
}

/** Tells the two that `readOperation` gives apart. */
export function isCommand(read: RoutedCommand | ProblemBody): read is RoutedCommand {
  return 'kind' in read
}

/** An operation's result: the single call's status and body. */
function resultOf(answer: Answer): OperationResult {
  if (answer.kind !== 'reservation') return problemOf(answer)
  const result = { status: viewStatus(answer), ...reservationBody(answer) }
  return answer.isReplay ? { ...result, replayed: true } : result
}

/** 201 for the answer that made the reservation or SKU, 200 for any other. */
export function viewStatus(view: ReservationView | SkuView): number {
  return view.isNew ? 201 : 200
}

/** `meta` is bounded in bytes, which a schema cannot say. @throws RequestProblem `bad_request`. */
export function requireShortMeta(meta: string | undefined): void {
  if (meta === undefined || Buffer.byteLength(meta) <= META_BYTES_MAX) return
  throw new RequestProblem('bad_request', `meta must be at most ${META_BYTES_MAX} bytes of UTF-8`)
}

/** A buyer's token reserves for that buyer only. @throws RequestProblem `other_buyer`. */
export function requireOwnBuyer(named: string, buyer: string): void {
  if (named === buyer) return
  throw new RequestProblem('other_buyer', 'The token is not that of the buyer who is named.')
}

// That something was paid or came back is for the shop to say.
function requireOwnOperation(operation: Operation, buyer: string): void {
  const { op } = operation
  if (op === 'reserve') requireOwnBuyer(operation.buyer, buyer)
  if (op !== 'confirm' && op !== 'return') return
  throw new RequestProblem('forbidden', `${op} is not for buyers' tokens.`)
}

/** What is wrong with `value`, in the validator's words: field first. */
export function firstError(validator: Validator, value: unknown): string {
  const [error] = validator.Errors(value)
  return error === undefined
    ? 'malformed'
    : `${error.instancePath.slice(1)} ${error.message}`.trim()
}

function commandOf(operation: Operation, buyer: string | undefined): RoutedCommand {
  switch (operation.op) {
    case 'reserve': {
      const { sku, quantity, holdMs, meta, key } = operation
      requireShortMeta(meta)
      const id = key === undefined ? randomId(sku) : idOfKey(operation.buyer, sku, key)
      const isFreshId = key === undefined
      const command: NewReserve = {
        ...{ kind: 'reserve', id, sku, buyer: operation.buyer, quantity, holdMs, meta, isFreshId },
      }
      return command
    }
    case 'confirm': {
      const { quantity, paymentId } = operation
      return { kind: 'confirm', id: idOf(operation), quantity, paymentId }
    }
    case 'cancel':
      return { kind: 'cancel', id: idOf(operation), buyer }
    case 'extend':
      return { kind: 'extend', id: idOf(operation), holdMs: operation.holdMs, buyer }
    case 'return':
      return { kind: 'return', id: idOf(operation), returnedTotal: operation.returnedTotal }
    case 'get':
      return { kind: 'read-reservation', id: idOf(operation), buyer }
  }
}

function idOf(operation: { id: string }): ReservationId {
  const id = parseReservationId(operation.id)
  invariant(id !== undefined, 'the schema lets well-formed ids through only')
  return id
}
