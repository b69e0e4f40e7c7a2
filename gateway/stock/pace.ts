// How fast subscribers are written to: in small slices with pauses between, so that the sale goes on in them.

/** What all subscribers of a process together may cost; beyond that news come less often. */
const WRITES_PER_SECOND = 10_000
const SLICE_MS = 10
const WRITES_PER_SLICE = (WRITES_PER_SECOND * SLICE_MS) / 1_000
/** A larger write counts as several. */
const WRITE_BYTES = 2_048

/** How many writes `bytes` in one count for. */
export function writesOf(bytes: number): number {
  return Math.ceil(bytes / WRITE_BYTES)
}

/** Works that write to many sockets, one after the other; each is an iterator that gives what its step has cost. */
export class Pace {
  readonly #works: Iterator<number>[] = []
  readonly #onDone: () => void
  #pause: NodeJS.Timeout | undefined

  /** `onDone` is called, not from within `begin`, when nothing is left. */
  constructor(onDone: () => void) {
    this.#onDone = onDone
  }

  get isBusy(): boolean {
    return this.#works.length > 0
  }

  /** Begins `work` now, or after what is under way. */
  begin(work: Iterator<number>): void {
    this.#works.push(work)
    if (this.#works.length === 1) this.#pause = setTimeout(() => this.#go(), 0)
  }

  /** Ends everything where it is. */
  stop(): void {
    clearTimeout(this.#pause)
    this.#works.length = 0
  }

  #go(): void {
    let left = WRITES_PER_SLICE
    for (let work = this.#works[0]; work !== undefined && left > 0; work = this.#works[0]) {
      const step = work.next()
      if (step.done === true) this.#works.shift()
      else left -= step.value
    }
    if (this.isBusy) this.#pause = setTimeout(() => this.#go(), SLICE_MS)
    else this.#onDone()
  }
}
