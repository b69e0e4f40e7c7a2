// The owner's side of a partition behind NATS: frames in, each command to the partition, answers out in one frame.
import { setTimeout as delay } from 'node:timers/promises'
import type { Msg, Subscription } from '@nats-io/transport-node'
import type { PartitionPort } from '../partition-port.ts'
import { stageMicrosOf } from './command-notes.ts'
import {
  type AnswerFrame,
  type CommandFrame,
  encodeAnswerFrame,
  type FramePlace,
  type FrameRefusal,
  readCommandFrame,
} from './frame.ts'
import { FrameAges } from './frame-age.ts'
import { encodeHello } from './hello.ts'
import type { NatsLink } from './link.ts'
import { messageCallback } from './message-callback.ts'
import { send } from './payload.ts'
import { isSaneReply } from './reply-subject.ts'
import { FrameTicket, NotedFrameTicket, RunningFrame, type TracedCommand } from './running-frame.ts'
import { commandSubject, helloSubject } from './subjects.ts'

/** How long `stop` waits for NATS to confirm that it sends nothing more; it may hang. */
const DRAIN_MS = 1_000

export interface PartitionServiceOptions extends FramePlace {
  readonly link: NatsLink
  readonly cluster: string
  readonly clusterId: string
  /** This owner's term. */
  readonly epoch: number
  readonly port: PartitionPort
  /** Whether the partition is still ours: asked before every execution and every answer. */
  readonly isOwner: () => boolean
  /** Somebody claims to have heard of a later owner: look at the lease. */
  readonly onFenced: (epoch: number) => void
  /** A frame was dropped or refused: words for the log, to be bounded there. */
  readonly onPoison: (reason: string, bytes: number) => void
  /** A command that belongs to a trace was answered. Must not throw. */
  readonly onTraced?: (traced: TracedCommand) => void
}

/**
 * Takes frames for one partition. Nothing waits here: a frame's commands go to the partition's own bounded inbox at
 * once, and its answers leave together when the last of them is durable.
 */
export class PartitionService {
  readonly #options: PartitionServiceOptions
  readonly #ages = new FrameAges()
  /** Frames that are being executed: a further attempt of one of them joins it. */
  readonly #running = new Set<string>()
  readonly #subscriptions: readonly Subscription[]
  #stopped: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(options: PartitionServiceOptions) {
    this.#options = options
    const { link, cluster, partition } = options
    const subscribe = (subject: string, take: (message: Msg) => void) =>
      link.connection.subscribe(subject, { callback: messageCallback(take) })
    this.#subscriptions = [
      subscribe(commandSubject(cluster, partition), (message) => this.#receive(message)),
      subscribe(helloSubject(cluster, partition), (message) => this.#greet(message)),
    ]
  }

  /** Takes no more frames: senders are told at once that nobody is there. Resolves when all taken are answered. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  // Frames that NATS has sent already are still taken: nobody would answer them, and their fate would be unknown.
  async #stop(): Promise<void> {
    const drained = Promise.all(this.#subscriptions.map((subscription) => subscription.drain()))
    const patience = new AbortController()
    const { signal } = patience
    const late = delay(DRAIN_MS, undefined, { signal })
    await Promise.race([drained, late]).catch(() => undefined)
    patience.abort()
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  #receive({ data, reply }: Msg): void {
    if (!isSaneReply(reply)) {
      this.#options.onPoison('its reply subject is none of a gateway', data.length)
      return
    }
    const { partition, partitionCount, isOwner } = this.#options
    if (!isOwner()) return
    const frame = readCommandFrame(data, { partition, partitionCount })
    if (typeof frame === 'string') {
      this.#options.onPoison(frame, data.length)
      this.#refuse(reply, 0, frame)
    } else if (frame.epoch > this.#options.epoch) {
      // Either it is right, and the lease is about to say so, or it knew another cluster of this name, and must ask
      // what the cluster is now.
      this.#options.onFenced(frame.epoch)
      this.#refuse(reply, frame.number, 'place')
    } else this.#execute(frame, reply)
  }

  #execute(frame: CommandFrame, reply: string): void {
    const now = performance.now()
    const waitedMs = this.#ages.ageMs(frame.sender, frame.sentAtMs, now)
    const dueAt = now + frame.dueInMs - waitedMs
    const name = `${frame.sender} ${frame.number}`
    if (this.#running.has(name)) return
    if (dueAt <= now) {
      this.#refuse(reply, frame.number, 'overdue')
      return
    }
    this.#running.add(name)
    const running = new RunningFrame(frame.commands.length, dueAt, (answers) => {
      this.#running.delete(name)
      this.#send(reply, frame.number, answers, running)
      if (this.#running.size === 0) this.#onIdle?.()
    })
    this.#submitAll(frame, running, now - waitedMs)
  }

  // Notes come in the order of the commands.
  #submitAll({ commands, notes }: CommandFrame, running: RunningFrame, sentAt: number): void {
    const { port, onTraced } = this.#options
    let next = 0
    commands.forEach((command, index) => {
      const note = notes[next]
      if (note?.index !== index) {
        port.submit(command, new FrameTicket(running, index))
        return
      }
      next++
      port.submit(command, new NotedFrameTicket(running, { command, note, sentAt, onTraced }))
    })
  }

  #refuse(reply: string, number: number, reason: FrameRefusal): void {
    this.#send(reply, number, reason)
  }

  #send(
    reply: string,
    number: number,
    answers: AnswerFrame['answers'],
    running?: RunningFrame,
  ): void {
    const { link, partition, partitionCount, epoch, isOwner, onPoison } = this.#options
    // Who is not the owner any more must not say what became of anything.
    if (!isOwner()) return
    const times = running && { stageMicros: stageMicrosOf(running.timing.stages()) }
    const head = { partition, partitionCount, epoch, number }
    const frame = encodeAnswerFrame({ ...head, answers, ...times })
    send(link, reply, frame, (reason) => onPoison(reason, frame.length))
  }

  #greet({ reply }: Msg): void {
    const { link, isOwner, onPoison } = this.#options
    if (!isSaneReply(reply) || !isOwner()) return
    const hello = encodeHello(this.#options)
    send(link, reply, hello, (reason) => onPoison(reason, hello.length))
  }
}
