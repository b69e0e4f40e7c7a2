// A partition behind NATS, as a gateway sees it: commands of one turn leave as one frame, answers come back in order.
import type { Msg, Subscription } from '@nats-io/transport-node'
import type { Command } from '../../core/command.ts'
import { Ring } from '../../core/ring.ts'
import { hasRoom, laneOf, QUEUE_DELAY_MS_MAX } from '../lane.ts'
import type { Answer, AnswerTicket, FaultCode, PartitionPort } from '../partition-port.ts'
import { readAnswer } from './answer-codec.ts'
import { commandBytesMax } from './command-codec.ts'
import { noteBytesMax, noteOf, tellStages } from './command-notes.ts'
import {
  type AnswerFrame,
  encodeCommandFrame,
  type FramePlace,
  type FrameRefusal,
  readAnswerFrame,
  travelsAlone,
} from './frame.ts'
import {
  ATTEMPT_MS,
  FRAME_BYTES_MAX,
  FRAME_COMMANDS_MAX,
  FRAMES_IN_FLIGHT_MAX,
  QUEUE_MAX,
  SENDER_LENGTH_MAX,
  TICK_MS,
} from './limits.ts'
import type { NatsLink } from './link.ts'
import { messageCallback } from './message-callback.ts'
import { send } from './payload.ts'
import { commandSubject } from './subjects.ts'

const NO_RESPONDERS = 503
const BUSY: Answer = { kind: 'fault', code: 'busy' }
const OUTCOME_UNKNOWN: Answer = { kind: 'fault', code: 'outcome_unknown' }
/** Nobody listens: the next attempt of a frame that may already have been executed waits so long. */
const ABSENT_MS = 100
/** However short the deadline is, a frame gets so many attempts. */
const ATTEMPTS_MIN = 3
/** Characters of a sender's name that are kept free for counting its renamings. */
const RENAMINGS_LENGTH = 10

export interface RemotePartitionOptions extends FramePlace {
  readonly link: NatsLink
  readonly cluster: string
  /** Names this port to owners: random, of letters, digits, _ and -. Never used for two ports of one partition. */
  readonly sender: string
  /** How long a command may wait for its answer, in ms. */
  readonly deadlineMs: number
  /** Something came that should not: words for the log, at most a few a second. */
  readonly onTrouble: (reason: string) => void
  /** The owner says that the cluster has another shape: this process must end. */
  readonly onMismatch: (reason: string) => void
}

interface Waiting {
  readonly command: Command
  readonly ticket: AnswerTicket
  /** Monotonic ms. */
  readonly dueAt: number
}

interface FrameInFlight {
  readonly number: number
  readonly items: readonly Waiting[]
  readonly dueAt: number
  nextAttemptAt: number
  /** Whether an attempt's fate is unknown: then nobody can say any more that it was not executed. */
  mayHaveRun: boolean
}

/**
 * The port to one partition. Everything is bounded: commands that wait, frames in flight, commands and bytes of a
 * frame, attempts. Every command is answered by its deadline: `partition_unavailable` and `busy` only where it
 * certainly was not executed, `outcome_unknown` otherwise. Attempts repeat a frame with the same ids, so that the
 * owner executes nothing twice.
 */
export class RemotePartition implements PartitionPort {
  readonly #options: RemotePartitionOptions
  readonly #subject: string
  readonly #inbox: string
  readonly #queue = new Ring<Waiting>(QUEUE_MAX)
  readonly #inFlight = new Map<number, FrameInFlight>()
  readonly #subscription: Subscription
  readonly #ticker: NodeJS.Timeout
  readonly #forgetLink: () => void
  readonly #attemptMs: number
  #sender: string
  #renamings = 0
  #lastNumber = 0
  /** The highest epoch heard of: answers of older owners count for nothing. */
  #epoch = 0
  #isFlushDue = false
  #drained: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(options: RemotePartitionOptions) {
    this.#options = options
    const { link, cluster, partition, sender, deadlineMs } = options
    this.#sender = sender
    this.#attemptMs = Math.min(ATTEMPT_MS, deadlineMs / ATTEMPTS_MIN)
    this.#subject = commandSubject(cluster, partition)
    // With the sender in it, so that a successor on the same link, whose frames count from 1 again, gets no answers of ours.
    this.#inbox = `${link.inboxPrefix}.${cluster}.${partition}.${sender}`
    this.#subscription = link.connection.subscribe(`${this.#inbox}.*`, {
      callback: messageCallback((message) => this.#receive(message)),
    })
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#forgetLink = link.onChange((isUp) => this.#heedLink(isUp))
  }

  submit(command: Command, ticket: AnswerTicket): void {
    const fault = this.#intakeFault(command)
    if (fault !== undefined) {
      ticket.answer({ kind: 'fault', code: fault })
      return
    }
    this.#queue.push({ command, ticket, dueAt: performance.now() + this.#options.deadlineMs })
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    // The check phase comes after all requests that one poll brought in: they share the frame.
    setImmediate(() => this.#flush())
  }

  unreadyReasons(): readonly string[] {
    if (this.#drained !== undefined) return ['draining']
    return this.#options.link.isUp ? [] : ['nats_down']
  }

  /** An owner with this epoch was heard of: those with lower ones count for nothing from now on. */
  heedEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch)
  }

  /** Takes nothing more; resolves when everything taken is answered, which its deadline bounds. */
  drain(): Promise<void> {
    this.#drained ??= new Promise<void>((resolve) => {
      this.#onIdle = resolve
      this.#noticeIdle()
    }).then(() => {
      clearInterval(this.#ticker)
      this.#forgetLink()
      this.#subscription.unsubscribe()
    })
    return this.#drained
  }

  #intakeFault(command: Command): FaultCode | undefined {
    if (this.#drained !== undefined) return 'draining'
    if (!this.#options.link.isUp) return 'partition_unavailable'
    const lane = laneOf(command)
    if (lane === 'reserve' && this.#isLate()) return 'busy'
    return hasRoom(lane, this.#queue.length, QUEUE_MAX) ? undefined : 'busy'
  }

  // With all frames under way what waits longest tells how late the next one would be.
  #isLate(): boolean {
    if (this.#inFlight.size < FRAMES_IN_FLIGHT_MAX) return false
    const first = this.#queue.peek()
    if (first === undefined) return false
    return performance.now() - (first.dueAt - this.#options.deadlineMs) > QUEUE_DELAY_MS_MAX
  }

  #flush(): void {
    this.#isFlushDue = false
    this.#dropOverdue(performance.now())
    while (this.#queue.length > 0 && this.#inFlight.size < FRAMES_IN_FLIGHT_MAX) {
      const items = this.#nextItems()
      const first = items[0]
      if (first === undefined) continue
      const number = ++this.#lastNumber
      const frame = { number, items, dueAt: first.dueAt, nextAttemptAt: 0, mayHaveRun: false }
      this.#inFlight.set(number, frame)
      this.#attempt(frame)
    }
    this.#noticeIdle()
  }

  // What waited longest, as much of it as one frame takes; a list travels alone.
  #nextItems(): Waiting[] {
    const items: Waiting[] = []
    let bytes = 0
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const isAlone = travelsAlone(next.command)
      bytes += commandBytesMax(next.command) + noteBytesMax(next.ticket)
      const isFull = bytes > FRAME_BYTES_MAX || items.length === FRAME_COMMANDS_MAX
      if (items.length > 0 && (isFull || isAlone)) return items
      this.#queue.shift()
      if (next.ticket.isOverdue?.() === true) next.ticket.answer(BUSY)
      else items.push(next)
      if (isAlone) return items
    }
    return items
  }

  #attempt(frame: FrameInFlight): void {
    const { link, partition, partitionCount, onTrouble } = this.#options
    const now = performance.now()
    const bytes = encodeCommandFrame({
      ...{ partition, partitionCount, epoch: this.#epoch, sender: this.#sender },
      number: frame.number,
      sentAtMs: Math.floor(now),
      dueInMs: Math.max(0, Math.floor(frame.dueAt - now)),
      commands: frame.items.map(({ command }) => command),
      notes: frame.items.flatMap(({ ticket }, index) => noteOf(ticket, index, now) ?? []),
    })
    frame.nextAttemptAt = now + this.#attemptMs
    if (send(link, this.#subject, bytes, onTrouble, `${this.#inbox}.${frame.number}`)) return
    // Nothing has left: the link is down, or does not take any more.
    this.#notExecuted(frame, link.isUp ? 'busy' : 'partition_unavailable')
  }

  #receive(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1))
    const frame = this.#inFlight.get(number)
    // An answer to an earlier attempt, after the frame was done with.
    if (frame === undefined) return
    if (message.headers?.code === NO_RESPONDERS) {
      frame.nextAttemptAt = performance.now() + ABSENT_MS
      this.#notExecuted(frame, 'partition_unavailable')
      return
    }
    this.#heed(frame, readAnswerFrame(message.data))
  }

  #heed(frame: FrameInFlight, answer: AnswerFrame | 'version' | undefined): void {
    const { partition, partitionCount, onTrouble } = this.#options
    if (answer === 'version') this.#heedRefusal(frame, answer)
    else if (answer === undefined || answer.partition !== partition) {
      onTrouble('an answer that is no answer frame of this partition was dropped')
    } else if (answer.answers === 'place') {
      // Its place is another one than ours, and epochs of two clusters cannot be compared.
      this.#heedRefusal(frame, 'place')
    } else if (answer.partitionCount !== partitionCount) {
      onTrouble('an answer of a cluster with another number of partitions was dropped')
    } else this.#heedAnswers(frame, answer)
  }

  #heedAnswers(frame: FrameInFlight, answer: AnswerFrame): void {
    const { onTrouble } = this.#options
    const { epoch, number, answers } = answer
    if (epoch < this.#epoch) {
      onTrouble('an answer of an owner that was replaced was dropped')
      return
    }
    this.#epoch = epoch
    if (typeof answers === 'string') this.#heedRefusal(frame, answers)
    else if (number === frame.number && answers.length === frame.items.length) {
      this.#finish(frame, answers, answer.stageMicros)
    } else onTrouble('an answer frame for another frame was dropped')
  }

  #heedRefusal(frame: FrameInFlight, reason: FrameRefusal): void {
    const { partition, partitionCount, onMismatch, onTrouble } = this.#options
    if (reason === 'place') {
      onMismatch(
        `partition ${partition} of ${partitionCount} is none any more: the cluster has changed`,
      )
    } else onTrouble(`the owner of partition ${partition} refuses frames: ${reason}`)
    if (reason === 'overdue') this.#renameIfInTime(frame)
    this.#notExecuted(frame, reason === 'overdue' ? 'busy' : 'partition_unavailable')
  }

  // The owner cannot be right when the deadline is still to come: our clock stood still, as that of a suspended or
  // migrated machine does, and so all that we send looks old. Under a new name our clock is new to it as well.
  #renameIfInTime(frame: FrameInFlight): void {
    if (performance.now() >= frame.dueAt - TICK_MS) return
    this.#renamings++
    const name = this.#options.sender.slice(0, SENDER_LENGTH_MAX - RENAMINGS_LENGTH)
    this.#sender = `${name}-${this.#renamings.toString(36)}`
  }

  #finish(
    frame: FrameInFlight,
    encoded: readonly unknown[],
    stageMicros: AnswerFrame['stageMicros'],
  ): void {
    let answers: Answer[]
    try {
      answers = frame.items.map(({ command }, index) => readAnswer(encoded[index], command))
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : String(fault)
      this.#options.onTrouble(`an answer frame that cannot be read was dropped: ${words}`)
      return
    }
    this.#inFlight.delete(frame.number)
    answers.forEach((answer, index) => {
      // What this attempt did not execute, an earlier one may have executed.
      const isUnknown = frame.mayHaveRun && answer.kind === 'fault'
      const ticket = frame.items[index]?.ticket
      tellStages(ticket, stageMicros)
      ticket?.answer(isUnknown ? OUTCOME_UNKNOWN : answer)
    })
    this.#goOn()
  }

  // This attempt had no effect; an earlier one may have had.
  #notExecuted(frame: FrameInFlight, code: FaultCode): void {
    if (!frame.mayHaveRun) this.#giveUp(frame, code)
  }

  #giveUp(frame: FrameInFlight, code: FaultCode): void {
    this.#inFlight.delete(frame.number)
    for (const { ticket } of frame.items) ticket.answer({ kind: 'fault', code })
    this.#goOn()
  }

  #goOn(): void {
    if (this.#queue.length > 0 && !this.#isFlushDue) {
      this.#isFlushDue = true
      setImmediate(() => this.#flush())
    }
    this.#noticeIdle()
  }

  #tick(): void {
    const now = performance.now()
    for (const frame of [...this.#inFlight.values()]) {
      if (now >= frame.dueAt) this.#giveUp(frame, 'outcome_unknown')
      else if (now >= frame.nextAttemptAt && this.#options.link.isUp) {
        frame.mayHaveRun = true
        this.#attempt(frame)
      }
    }
    this.#dropOverdue(now)
  }

  #dropOverdue(now: number): void {
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (now < next.dueAt) return
      this.#queue.shift()
      next.ticket.answer(BUSY)
    }
  }

  // What was sent before the link broke may have arrived, and is asked again; what was not certainly never will.
  #heedLink(isUp: boolean): void {
    if (isUp) {
      for (const frame of this.#inFlight.values()) frame.nextAttemptAt = 0
      return
    }
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.ticket.answer({ kind: 'fault', code: 'partition_unavailable' })
    }
    this.#noticeIdle()
  }

  #noticeIdle(): void {
    if (this.#inFlight.size === 0 && this.#queue.length === 0) this.#onIdle?.()
  }
}
