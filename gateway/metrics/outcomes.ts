// Which kind of answer an operation got: what alerts tell apart.
import { PROBLEMS, type ProblemCode } from '../api/problems.ts'
import type { CallOutcome } from '../http/request-recorder.ts'

/** `shed` was not executed because too much came; `failed` is everything else that the server could not do. */
export const OUTCOMES = ['ok', 'refused', 'rejected', 'shed', 'failed'] as const
export type OperationOutcome = (typeof OUTCOMES)[number]

/** Statuses of what the business says; 404 is its word too, unless there is no such path. */
const REFUSED: ReadonlySet<number> = new Set([404, 409, 410, 422])

/** Problems are refused by the business, rejected for form, caller or rate, or faults of the server. */
export type ProblemKinds = 'refusals' | 'rejections' | 'faults'

/** Which of them `code` is. */
export function problemKind(code: ProblemCode): ProblemKinds {
  const { status } = PROBLEMS[code]
  if (status >= 500) return 'faults'
  return REFUSED.has(status) && code !== 'not_found' ? 'refusals' : 'rejections'
}

/** The kind of answer that an operation got. */
export function outcomeOf(outcome: CallOutcome): OperationOutcome {
  if (typeof outcome === 'number') return outcome < 400 ? 'ok' : byStatus(outcome)
  const kind = problemKind(outcome)
  if (kind === 'refusals') return 'refused'
  if (kind === 'rejections') return 'rejected'
  return outcome === 'busy' ? 'shed' : 'failed'
}

function byStatus(status: number): OperationOutcome {
  return status < 500 ? 'rejected' : 'failed'
}
