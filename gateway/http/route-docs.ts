// What every route's schema says of problems.
import type { TSchema } from 'typebox'
import { problemAnswer } from '../api/schemas.ts'

type Responses = Readonly<Record<string, TSchema>>

/** The answers of a route, and the problems that any route may answer. */
export function withProblems(answers: Responses): Record<string, unknown> {
  const problem = {
    description: 'A refusal or a fault; see docs/errors.md.',
    content: { 'application/problem+json': { schema: problemAnswer } },
  }
  return { ...answers, '4xx': problem, '5xx': problem }
}
