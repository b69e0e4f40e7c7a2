// How many reservations may be under way while a server is overloaded: as many as keep its loop busy, and hardly more.

const ROOM_MIN = 64
const ROOM_MAX = 2_048
/** Over so long, at the least, it is seen how much the loop had to wait for something to do. */
const SPAN_MS = 50
/** A loop that waits for more than this share of the time has too few reservations under way, */
const IDLE_MOST = 1 / 8
/** and one that waits for less than this has more than it takes to keep it busy. */
const IDLE_LEAST = 1 / 16
/** What a span adds or takes, of the room there is. */
const MORE = 1 / 8
const LESS = 1 / 16

/**
 * Every reservation beyond those that keep the loop busy makes all others later, confirms too. How many those are hangs
 * on how long a commit takes, so the room follows what the loop had to wait. It grows only while it is full: a loop that
 * nobody asks for anything waits, too, and the next wave of the crowd would find room for all of it.
 *
 * Times come in as arguments, in ms: the time, and since the process began, how long the loop has had nothing to do.
 * `refused` is how many reservations have found no room so far.
 */
export class ReservationRoom {
  #size = ROOM_MIN
  #sinceMs = 0
  #idleSinceMs = 0
  #refusedBefore = 0

  get size(): number {
    return this.#size
  }

  /** An overload begins, with the least there is. */
  begin(nowMs: number, idleMs: number, refused: number): void {
    this.#size = ROOM_MIN
    this.#openSpan(nowMs, idleMs, refused)
  }

  /** The loop comes round: once a span is over, it is made larger or smaller by what was seen in it. */
  adjust(nowMs: number, idleMs: number, refused: number): void {
    const spanMs = nowMs - this.#sinceMs
    if (spanMs < SPAN_MS) return
    const idle = (idleMs - this.#idleSinceMs) / spanMs
    const wasFull = refused > this.#refusedBefore
    const change = idle > IDLE_MOST && wasFull ? MORE : idle < IDLE_LEAST ? -LESS : 0
    this.#size = Math.min(ROOM_MAX, Math.max(ROOM_MIN, Math.round(this.#size * (1 + change))))
    this.#openSpan(nowMs, idleMs, refused)
  }

  #openSpan(nowMs: number, idleMs: number, refused: number): void {
    this.#sinceMs = nowMs
    this.#idleSinceMs = idleMs
    this.#refusedBefore = refused
  }
}
