// A frame that its owner is executing: the tickets of its commands, and the answers until the last has come.
import type { Command } from '../../core/command.ts'
import type { Plain } from '../../journal/event-codec.ts'
import { CallTiming } from '../call-timing.ts'
import type { Answer, AnswerTicket } from '../partition-port.ts'
import { encodeAnswer } from './answer-codec.ts'
import type { CommandNote } from './frame.ts'

/** A command that belongs to a trace, and what came of it. */
export interface TracedCommand {
  readonly traceparent: string
  readonly command: Command
  readonly answer: Answer
}

/** The answers of one frame. */
export class RunningFrame {
  /** Monotonic ms. */
  readonly dueAt: number
  readonly timing: CallTiming = new CallTiming()
  readonly #answers: Plain[]
  readonly #onComplete: (answers: readonly Plain[]) => void
  #missing: number

  /** `onComplete` is called once, with an answer for each of `count` commands. */
  constructor(count: number, dueAt: number, onComplete: (answers: readonly Plain[]) => void) {
    this.dueAt = dueAt
    this.#answers = new Array<Plain>(count)
    this.#missing = count
    this.#onComplete = onComplete
  }

  take(index: number, answer: Answer): void {
    this.#answers[index] = encodeAnswer(answer)
    if (--this.#missing === 0) this.#onComplete(this.#answers)
  }
}

/** The ticket of a command about which its frame says nothing. */
export class FrameTicket implements AnswerTicket {
  readonly #frame: RunningFrame
  readonly #index: number

  constructor(frame: RunningFrame, index: number) {
    this.#frame = frame
    this.#index = index
  }

  answer(answer: Answer): void {
    this.#frame.take(this.#index, answer)
  }

  isOverdue(): boolean {
    return isOverdue(this.#frame, this.#frame.dueAt)
  }
}

export interface NotedCommand {
  readonly command: Command
  readonly note: CommandNote
  /** When the frame was sent, in monotonic ms of the owner. */
  readonly sentAt: number
  readonly onTraced: ((traced: TracedCommand) => void) | undefined
}

/** The ticket of a command with a deadline or a trace of its own. */
export class NotedFrameTicket implements AnswerTicket {
  readonly #frame: RunningFrame
  readonly #noted: NotedCommand

  constructor(frame: RunningFrame, noted: NotedCommand) {
    this.#frame = frame
    this.#noted = noted
  }

  answer(answer: Answer): void {
    const { command, note, onTraced } = this.#noted
    const { traceparent } = note
    if (traceparent !== null) onTraced?.({ traceparent, command, answer })
    this.#frame.take(note.index, answer)
  }

  isOverdue(): boolean {
    const { note, sentAt } = this.#noted
    const ownDueAt = note.dueInMs === null ? Number.POSITIVE_INFINITY : sentAt + note.dueInMs
    return isOverdue(this.#frame, Math.min(this.#frame.dueAt, ownDueAt))
  }
}

function isOverdue({ timing }: RunningFrame, dueAt: number): boolean {
  const now = performance.now()
  timing.take(now)
  return now >= dueAt
}
