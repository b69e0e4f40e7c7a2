// A partition behind NATS, as a gateway sees it: commands of one turn leave as one frame, answers come back in order.
import type { Msg, Subscription } from '@nats-io/transport-node'
import type { Command } from '../../core/command.ts'
import { Ring } from '../../core/ring.ts'
import type { AnswerTicket, FaultCode, PartitionPort } from '../partition-port.ts'
import { readAnswer } from './answer-codec.ts'
import { commandBytesMax } from './command-codec.ts'
import { type AnswerFrame, encodeCommandFrame, type FramePlace, readAnswerFrame } from './frame.ts'
import {
  ATTEMPT_MS,
  FRAME_BYTES_MAX,
  FRAME_COMMANDS_MAX,
  FRAMES_IN_FLIGHT_MAX,
  QUEUE_MAX,
  TICK_MS,
} from './limits.ts'
import type { NatsLink } from './link.ts'
import { commandSubject } from './subjects.ts'

const NO_RESPONDERS = 503
/** Nobody listens: the next attempt of a frame that may already have been executed waits so long. */
const ABSENT_MS = 100

export interface RemotePartitionOptions extends FramePlace {
  readonly link: NatsLink
  readonly cluster: string
  /** Names this process to owners: random, of the letters, digits, _ and -. */
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
  #lastNumber = 0
  /** The highest epoch heard of: answers of older owners count for nothing. */
  #epoch = 0
  #isFlushDue = false
  #isDraining = false
  #onIdle: (() => void) | undefined

  constructor(options: RemotePartitionOptions) {
    this.#options = options
    const { link, cluster, partition } = options
    this.#subject = commandSubject(cluster, partition)
    this.#inbox = `${link.inboxPrefix}.p${partition}`
    this.#subscription = link.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message)
      },
    })
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    link.onChange((isUp) => this.#heedLink(isUp))
  }

  submit(command: Command, ticket: AnswerTicket): void {
    const fault = this.#intakeFault()
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
    if (this.#isDraining) return ['draining']
    return this.#options.link.isUp ? [] : ['nats_down']
  }

  /** An owner with this epoch was heard of: those with lower ones count for nothing from now on. */
  heedEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch)
  }

  /** Takes nothing more; resolves when everything taken is answered, which its deadline bounds. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      this.#noticeIdle()
    })
    clearInterval(this.#ticker)
    this.#subscription.unsubscribe()
  }

  #intakeFault(): FaultCode | undefined {
    if (this.#isDraining) return 'draining'
    if (!this.#options.link.isUp) return 'partition_unavailable'
    return this.#queue.isFull ? 'busy' : undefined
  }

  #flush(): void {
    this.#isFlushDue = false
    while (this.#queue.length > 0 && this.#inFlight.size < FRAMES_IN_FLIGHT_MAX) {
      const items = this.#nextItems()
      const first = items[0]
      if (first === undefined) return
      const number = ++this.#lastNumber
      const frame = { number, items, dueAt: first.dueAt, nextAttemptAt: 0, mayHaveRun: false }
      this.#inFlight.set(number, frame)
      this.#attempt(frame)
    }
  }

  // What waited longest, as much of it as one frame takes; a page of SKUs travels alone.
  #nextItems(): Waiting[] {
    const items: Waiting[] = []
    let bytes = 0
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const isPage = next.command.kind === 'list-skus'
      bytes += commandBytesMax(next.command)
      const isFull = bytes > FRAME_BYTES_MAX || items.length === FRAME_COMMANDS_MAX
      if (items.length > 0 && (isFull || isPage)) return items
      items.push(next)
      this.#queue.shift()
      if (isPage) return items
    }
    return items
  }

  #attempt(frame: FrameInFlight): void {
    const { link, partition, partitionCount, sender } = this.#options
    const now = performance.now()
    const bytes = encodeCommandFrame({
      ...{ partition, partitionCount, epoch: this.#epoch, sender, number: frame.number },
      sentAtMs: Math.floor(now),
      dueInMs: Math.max(0, Math.floor(frame.dueAt - now)),
      commands: frame.items.map(({ command }) => command),
    })
    frame.nextAttemptAt = now + ATTEMPT_MS
    if (link.publish(this.#subject, bytes, `${this.#inbox}.${frame.number}`)) return
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
    const answers = readAnswerFrame(message.data)
    if (answers === 'version') this.#heedRefusal(frame, answers)
    else if (answers === undefined || !this.#isHere(answers)) {
      this.#options.onTrouble('an answer that is no answer frame of this partition was dropped')
    } else this.#heedAnswers(frame, answers)
  }

  #isHere({ partition, partitionCount }: FramePlace): boolean {
    const { partition: own, partitionCount: ownCount } = this.#options
    return partition === own && partitionCount === ownCount
  }

  #heedAnswers(frame: FrameInFlight, { epoch, answers }: AnswerFrame): void {
    if (epoch < this.#epoch) {
      this.#options.onTrouble('an answer of an owner that was replaced was dropped')
      return
    }
    this.#epoch = epoch
    if (typeof answers === 'string') this.#heedRefusal(frame, answers)
    else if (answers.length === frame.items.length) this.#finish(frame, answers)
    else this.#options.onTrouble('an answer frame of another length was dropped')
  }

  #heedRefusal(frame: FrameInFlight, reason: string): void {
    const { partition, partitionCount, onMismatch, onTrouble } = this.#options
    if (reason === 'place') {
      onMismatch(
        `partition ${partition} of ${partitionCount} is none any more: the cluster has changed`,
      )
    } else onTrouble(`the owner of partition ${partition} refuses frames: ${reason}`)
    this.#notExecuted(frame, reason === 'overdue' ? 'busy' : 'partition_unavailable')
  }

  #finish(frame: FrameInFlight, answers: readonly unknown[]): void {
    let read: ReturnType<typeof readAnswer>[]
    try {
      read = frame.items.map(({ command }, index) => readAnswer(answers[index], command))
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : String(fault)
      this.#options.onTrouble(`an answer frame that cannot be read was dropped: ${words}`)
      return
    }
    this.#inFlight.delete(frame.number)
    frame.items.forEach(({ ticket }, index) => {
      ticket.answer(read[index] ?? { kind: 'fault', code: 'outcome_unknown' })
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
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (now < next.dueAt) return
      this.#queue.shift()
      next.ticket.answer({ kind: 'fault', code: 'busy' })
    }
  }

  // What was sent before the link broke may have arrived; what was not certainly never will.
  #heedLink(isUp: boolean): void {
    for (const frame of this.#inFlight.values()) {
      frame.mayHaveRun = true
      if (isUp) frame.nextAttemptAt = 0
    }
    if (isUp) return
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.ticket.answer({ kind: 'fault', code: 'partition_unavailable' })
    }
    this.#noticeIdle()
  }

  #noticeIdle(): void {
    if (this.#inFlight.size === 0 && this.#queue.length === 0) this.#onIdle?.()
  }
}
