// What a caller asks of a call besides its command. Most ask for nothing, and then there are no terms at all.
import type { CallTiming } from './call-timing.ts'

export interface CallTerms {
  /** Monotonic ms: from then on the command is not begun any more, and by then the caller is answered. */
  readonly dueAt: number | undefined
  /** Well-formed: the trace that the call belongs to. */
  readonly traceparent: string | undefined
  /** Takes the times of the stages, when somebody wants to know. */
  readonly timing: CallTiming | undefined
}
