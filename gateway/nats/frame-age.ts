// How old a frame is when it is read, told without comparing two machines' clocks.
import { SENDERS_MAX } from './limits.ts'

/** For so long the smallest distance between two clocks is believed: they drift by some ms in a minute. */
const WINDOW_MS = 60_000

interface Distance {
  /** Smallest of `read − sent`, in this window and in the one before. */
  current: number
  previous: number
  windowEndsAt: number
}

/**
 * Ages of frames. Two monotonic clocks differ by an unknown constant; the smallest difference seen between a frame's
 * sending and its reading is that constant and the shortest way. What a frame took longer than that is its age: time
 * in a queue, or in a process that stood still. The first frame of a sender is taken for fresh.
 * @see RFC 5905 §10, the clock filter: of many samples the one with the least delay is nearest to the truth.
 */
export class FrameAges {
  readonly #distances = new Map<string, Distance>()

  /** The age in ms of a frame that `sender` sent at `sentAtMs` of its clock and that is read now. */
  ageMs(sender: string, sentAtMs: number, nowMs: number): number {
    const sample = nowMs - sentAtMs
    const distance = this.#distances.get(sender) ?? this.#meet(sender, sample, nowMs)
    if (nowMs >= distance.windowEndsAt) {
      // After a window without a frame nothing is believed any more: by now the clocks may have drifted by seconds.
      const isStale = nowMs >= distance.windowEndsAt + WINDOW_MS
      distance.previous = isStale ? sample : distance.current
      distance.current = sample
      distance.windowEndsAt = nowMs + WINDOW_MS
    }
    distance.current = Math.min(distance.current, sample)
    return sample - Math.min(distance.current, distance.previous)
  }

  #meet(sender: string, sample: number, nowMs: number): Distance {
    if (this.#distances.size >= SENDERS_MAX) this.#forgetOldest()
    const distance = { current: sample, previous: sample, windowEndsAt: nowMs + WINDOW_MS }
    this.#distances.set(sender, distance)
    return distance
  }

  #forgetOldest(): void {
    const [oldest] = this.#distances.keys()
    if (oldest !== undefined) this.#distances.delete(oldest)
  }
}
