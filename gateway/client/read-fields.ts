// Reads members of an answer strictly: what is missing or of another type makes the whole answer a bad one.
import { AttemptError } from './transport.ts'

/** A JSON object whose members are not known to be right yet. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether a JSON value is an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws AttemptError `bad_answer`, as all functions here. */
export function readText(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : bad(name, 'a text')
}

/** A whole number from 0 on. */
export function readCount(fields: Fields, name: string): number {
  const value = fields[name]
  return Number.isSafeInteger(value) && Number(value) >= 0
    ? Number(value)
    : bad(name, 'a whole number')
}

export function readOptionalCount(fields: Fields, name: string): number | undefined {
  return fields[name] === undefined ? undefined : readCount(fields, name)
}

export function readBoolean(fields: Fields, name: string): boolean {
  const value = fields[name]
  return typeof value === 'boolean' ? value : bad(name, 'true or false')
}

/** False when it is absent. */
export function readFlag(fields: Fields, name: string): boolean {
  return fields[name] === undefined ? false : readBoolean(fields, name)
}

/** A text that is one of `choices`. */
export function readChoice<Choice extends string>(
  fields: Fields,
  name: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === fields[name])
  return found ?? bad(name, `one of ${choices.join(', ')}`)
}

/** Says that what an answer claims does not hold. */
export function insist(condition: boolean, mustHold: string): asserts condition {
  if (!condition) throw new AttemptError('bad_answer', `the answer is wrong: ${mustHold}`)
}

function bad(name: string, form: string): never {
  throw new AttemptError('bad_answer', `the answer is wrong: ${name} is not ${form}`)
}
