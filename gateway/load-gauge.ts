// How far a process is behind with what comes in, and what it refuses while it is. Time comes in by a port.
import type { Lane } from './lane.ts'
import { ReservationRoom } from './reservation-room.ts'

/** So long must every turn be late before anything is shed: a single pause of the collector is no overload. */
const PATIENCE_MS = 100
/**
 * A late poll that brought less in was late by another's fault, or by a compiler that has just begun: so few wait no longer
 * than the target where the loop runs freely, and refusing them would help nobody.
 */
const CROWD_MIN = 512
/**
 * More than this in one poll, or still without an answer, is a flood, and is late at half of the target: to answer all of it
 * takes as long again.
 */
const FLOOD_MIN = 1_024
/**
 * Where more than FLOOD_MIN connections are open, most may be about to send: the beginning of a flood is enough, late at a
 * fifth of the target. What is taken before it is known is what payments wait for.
 */
const ONSET_MIN = 640
/** So long must nothing have been shed before the overload is over: the first who were refused are back by then. */
const RELIEF_MS = 2_500
/** A loop that waited less than this for something to do has not waited. */
const IDLE_MS_MIN = 0.1

/** What a server knows of the load beyond its polls. */
export interface ServerLoad {
  /** Calls that wait for their answers, whichever poll brought them in. */
  unanswered(): number
  /** Connections that are open and may send something. */
  connections(): number
}

const NO_LOAD: ServerLoad = { unanswered: () => 0, connections: () => 0 }

export interface LoadGaugeOptions {
  /** How long requests may wait for their turn before reservations are shed, in ms; 0 sheds nothing, ever. */
  readonly targetMs: number
  /** Monotonic, in ms. */
  readonly monotonicMs?: () => number
  /** For how long the event loop has had nothing to do since the process began, in ms. */
  readonly idleMs?: () => number
  /** Runs `end` when everything that one poll of the network brought in has been taken. */
  readonly afterPoll?: (end: () => void) => void
}

/**
 * What one poll brings in waits in line: the last request of it for all those before. The gauge takes the time since the
 * first for the delay of the queue, after CoDel (Nichols and Jacobson, 2012): a standing delay counts, a burst does not.
 * While there is too much, it lets as many reservations be under way as keep the loop busy, and refuses the rest.
 */
export class LoadGauge {
  /** How often each lane was refused. */
  readonly shed: { reserve: number; read: number } = { reserve: 0, read: 0 }
  readonly #targetMs: number
  readonly #monotonicMs: () => number
  readonly #idleMs: () => number
  readonly #afterPoll: (end: () => void) => void
  readonly #endPoll = (): void => this.#closePoll()
  readonly #answered = (): void => {
    this.#underWay--
  }
  #pollStartedMs: number | undefined
  /** When the loop came round to what this poll brings in: at its beginning, or before, if there was other work. */
  #roundStartedMs = 0
  #lastPollEndedMs: number
  #lastIdleMs = 0
  #pollCount = 0
  /** Since when every poll was late; undefined when the last one was not. */
  #lateSinceMs: number | undefined
  #lastShedMs = 0
  #isOverloaded = false
  readonly #room = new ReservationRoom()
  /** Reservations taken while overloaded that have not been answered. */
  #underWay = 0
  #load = NO_LOAD

  constructor(options: LoadGaugeOptions) {
    this.#targetMs = options.targetMs
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#idleMs = options.idleMs ?? (() => performance.eventLoopUtilization().idle)
    this.#afterPoll = options.afterPoll ?? setImmediate
    this.#lastPollEndedMs = this.#monotonicMs()
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded
  }

  /** Whether a call of `lane` that has just come must be refused; counts it when so. Call it for every request. */
  refuses(lane: Lane): boolean {
    if (this.#targetMs === 0) return false
    const nowMs = this.#monotonicMs()
    this.#pollCount++
    if (this.#pollStartedMs === undefined) this.#openPoll(nowMs)
    // A poll can go on for seconds: libuv fetches more while a thousand sockets are ready.
    else this.#heedLateness(nowMs)
    if (!this.#isOverloaded || lane === 'settle' || lane === 'server') return false
    if (lane === 'reserve' ? this.#underWay < this.#room.size : !this.#isReadLate(nowMs))
      return false
    this.shed[lane]++
    this.#lastShedMs = nowMs
    return true
  }

  /** A reservation was taken while overloaded: what it gives is to be called when it is answered, or gone. */
  take(): () => void {
    this.#underWay++
    return this.#answered
  }

  /** Takes what `load` says into account from now on. */
  heed(load: ServerLoad): void {
    this.#load = load
  }

  #isReadLate(nowMs: number): boolean {
    return nowMs - (this.#pollStartedMs ?? nowMs) > this.#targetMs
  }

  // What came while the loop was busy elsewhere has waited for that, too: answering is half of the work.
  #openPoll(nowMs: number): void {
    const idleMs = this.#idleMs()
    const hasWaited = idleMs - this.#lastIdleMs >= IDLE_MS_MIN
    if (this.#isOverloaded) this.#room.adjust(nowMs, idleMs, this.shed.reserve)
    this.#pollStartedMs = nowMs
    this.#roundStartedMs = hasWaited ? nowMs : this.#lastPollEndedMs
    this.#afterPoll(this.#endPoll)
  }

  #heedLateness(nowMs: number): void {
    if (this.#isOverloaded) return
    const lateMs = nowMs - this.#roundStartedMs
    const isCrowd = this.#pollCount >= CROWD_MIN
    if (!this.#isFlood(lateMs) && !(isCrowd && this.#isLateForLong(nowMs, lateMs))) return
    this.#isOverloaded = true
    this.#room.begin(nowMs, this.#idleMs(), this.shed.reserve)
    this.#lastShedMs = nowMs
  }

  #isFlood(lateMs: number): boolean {
    if (lateMs <= this.#targetMs / 5) return false
    const waiting = Math.max(this.#pollCount, this.#load.unanswered())
    if (waiting > FLOOD_MIN && lateMs > this.#targetMs / 2) return true
    return waiting > ONSET_MIN && this.#load.connections() > FLOOD_MIN
  }

  #isLateForLong(nowMs: number, lateMs: number): boolean {
    if (lateMs <= this.#targetMs) return false
    this.#lateSinceMs ??= this.#roundStartedMs
    return nowMs - this.#lateSinceMs >= PATIENCE_MS
  }

  #closePoll(): void {
    const nowMs = this.#monotonicMs()
    this.#heedLateness(nowMs)
    const isLate = nowMs - this.#roundStartedMs > this.#targetMs && this.#pollCount >= CROWD_MIN
    if (!isLate) this.#lateSinceMs = undefined
    if (this.#isOverloaded) this.#isOverloaded = nowMs - this.#lastShedMs < RELIEF_MS
    this.#pollStartedMs = undefined
    this.#pollCount = 0
    this.#lastPollEndedMs = nowMs
    this.#lastIdleMs = this.#idleMs()
  }
}
