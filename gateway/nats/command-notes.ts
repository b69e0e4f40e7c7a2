// What a frame says of single commands, from their tickets' terms and back: deadlines, traces, the owner's times.
import type { StageTimes } from '../call-timing.ts'
import type { AnswerTicket } from '../partition-port.ts'
import type { AnswerFrame, CommandNote, StageMicros } from './frame.ts'
import { DEADLINE_MS_MAX } from './limits.ts'

/** Bytes of the longest note. */
const NOTE_BYTES_MAX = 72
const MICROS_PER_MS = 1_000

/** An upper bound of the bytes that a note on the ticket's command takes in a frame. */
export function noteBytesMax({ terms }: AnswerTicket): number {
  return terms === undefined ? 0 : NOTE_BYTES_MAX
}

/** The note on a command that leaves at `now`, monotonic ms; undefined when there is nothing to say. */
export function noteOf(
  { terms }: AnswerTicket,
  index: number,
  now: number,
): CommandNote | undefined {
  if (terms === undefined) return undefined
  const { dueAt, traceparent, timing } = terms
  if (timing !== undefined) timing.isSent = true
  if (dueAt === undefined && traceparent === undefined) return undefined
  const leftMs = dueAt === undefined ? null : Math.max(0, Math.floor(dueAt - now))
  const dueInMs = leftMs === null ? null : Math.min(leftMs, DEADLINE_MS_MAX)
  return { index, dueInMs, traceparent: traceparent ?? null }
}

/** Has the ticket know how long its command took at the owner. */
export function tellStages(
  ticket: AnswerTicket | undefined,
  stageMicros: AnswerFrame['stageMicros'],
): void {
  const timing = ticket?.terms?.timing
  if (timing === undefined || stageMicros === undefined) return
  const [queue, actor, journal] = stageMicros
  timing.owner = {
    queueMs: queue / MICROS_PER_MS,
    actorMs: actor / MICROS_PER_MS,
    journalMs: journal / MICROS_PER_MS,
  }
}

/** What a frame's answer says of the owner's times. */
export function stageMicrosOf(stages: StageTimes): StageMicros {
  const { queueMs, actorMs, journalMs } = stages
  return [micros(queueMs), micros(actorMs), micros(journalMs)]
}

function micros(ms: number): number {
  return Math.max(0, Math.round(ms * MICROS_PER_MS))
}
