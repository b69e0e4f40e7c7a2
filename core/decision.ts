// What a decision comes to: an event that will be true, a refusal, or nothing to change.
import type { Event } from './event.ts'
import type { Refusal } from './refusal.ts'

/** The command asks for what already is (a retry, a repeat): it is answered from the state. */
export interface Unchanged {
  readonly kind: 'unchanged'
}

export const UNCHANGED: Unchanged = { kind: 'unchanged' }

export type Decision = Event | Refusal | Unchanged
